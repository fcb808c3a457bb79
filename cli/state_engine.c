/*
 * The state in our own process, for when no store runs: the engine takes the directory's lock,
 * and a store that is started meanwhile waits for it.
 *
 * What the store does now and then is done here as well: checkpoints, so that the log does not
 * grow with a load, and after a load housekeeping, so that replaced tables go away where a
 * store seldom runs.
 *
 * Files made by root would lock the store out. Root therefore becomes the directory's owner first;
 * that also makes the key file's check the one that the store will make.
 */
#include "state.h"

#include "base/keyfile.h"
#include "store/engine.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CACHE ((size_t)16 * 1024 * 1024) /* a run is short */

struct engine_state {
	struct state state;
	struct keyfile *keys;
	struct engine *engine;
	bool loaded; /* tables that are not in force are to go */
};

static int engine_ask(struct state *state, struct json_object *request,
	struct json_object **reply_r, struct error *error)
{
	struct engine_state *own = (struct engine_state *)state;

	if (engine_call(own->engine, request, reply_r, error) != 0)
		return -1;
	own->loaded |= strcmp(json_string(request, "op", ""), "table_begin") == 0;
	if (engine_checkpoint(own->engine, KV_CHECKPOINT_KB, error) == 0)
		return 0;
	json_object_put(*reply_r);
	*reply_r = NULL;
	return -1;
}

static void engine_close(struct state *state)
{
	struct engine_state *own = (struct engine_state *)state;
	struct error error;

	/* What fails now is done by whoever opens the state next: nothing to say here. */
	while (own->loaded && !engine_fatal(own->engine) &&
		engine_tidy(own->engine, time(NULL), &error) > 0)
		;
	if (!engine_fatal(own->engine)) {
		engine_checkpoint(own->engine, 1, &error);
		engine_free(&own->engine);
	}
	keyfile_free(&own->keys);
	free(own);
}

static const struct state_functions functions = {
	.where = "the engine in this process, no store runs",
	.ask = engine_ask,
	.close = engine_close,
};

static int become_owner(const struct settings *settings, struct error *error)
{
	const char *directory = strchr(settings->state_store, ':') + 1;
	const struct passwd *owner;
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (stat(directory, &st) != 0)
		return error_errno(error, errno, "%s (make it, owned by %s)", directory,
			settings->daemon_user);
	if (st.st_uid == 0)
		return error_set(error, ERROR_CONFIGURATION,
			"%s: belongs to root, and the store never runs as root; chown it to %s",
			directory, settings->daemon_user);
	owner = getpwuid(st.st_uid);
	if ((owner != NULL ? initgroups(owner->pw_name, st.st_gid) : setgroups(0, NULL)) != 0 ||
		setegid(st.st_gid) != 0 || seteuid(st.st_uid) != 0)
		return error_errno(error, errno, "become the owner of %s", directory);
	return 0;
}

int state_open_engine(
	const struct settings *settings, struct state **state_r, struct error *error)
{
	struct engine_state *own;

	if (become_owner(settings, error) != 0)
		return -1;
	own = calloc(1, sizeof(*own));
	if (own == NULL)
		return error_memory(error);
	own->state.functions = &functions;
	own->keys = keyfile_load(settings->link_key_file, error);
	if (own->keys != NULL)
		own->engine = engine_open_state(settings, own->keys, CACHE, KV_BDB_TRY, error);
	if (own->engine == NULL) {
		keyfile_free(&own->keys);
		free(own);
		return -1;
	}
	*state_r = &own->state;
	return 0;
}
