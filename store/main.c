/*
 * postinvite-store: opens the state and serves it. The directory's lock comes first, the socket
 * last: who can connect is answered.
 */
#include "store.h"

#include "base/endpoint.h"
#include "base/log.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

struct store {
	struct event_base *base;
	const struct daemon_generation *generation; /* the engine works with it */
	struct engine *engine;
	struct monitor *monitor;
	struct serve *serve;
	char *listen;	 /* the socket that is served */
	char *directory; /* settings->state_store that is open */
};

static int check(const struct settings *settings, void **derived_r, struct error *error)
{
	*derived_r = keyfile_load(settings->link_key_file, error);
	return *derived_r != NULL ? 0 : error_prefix(error, "link_key_file");
}

static void release(void *derived)
{
	struct keyfile *keys = derived;

	keyfile_free(&keys);
}

static void on_stop(struct daemon *daemon, void *context)
{
	struct store *store = context;

	daemon_stopping(daemon);
	serve_drain(store->serve);
	event_base_loopexit(store->base, NULL);
}

static void configure(struct store *store)
{
	const struct settings *settings = store->generation->settings;

	monitor_configure(store->monitor, settings->link_key_file, store->generation->derived);
	serve_configure(store->serve, settings);
}

static void on_reloaded(struct daemon *daemon, void *context)
{
	struct store *store = context;
	const struct daemon_generation *old = store->generation;

	store->generation = daemon_generation(daemon);
	engine_configure(
		store->engine, store->generation->settings, store->generation->derived);
	configure(store);
	daemon_generation_release(&old);
	if (strcmp(store->directory, store->generation->settings->state_store) != 0 ||
		strcmp(store->listen, store->generation->settings->store_listen) != 0)
		log_warning("reload: state_store and store_listen change at the next start");
}

/* Takes the directory, waiting for whoever has it now. */
static int open_engine(struct store *store, struct error *error)
{
	const struct settings *settings = store->generation->settings;
	const struct keyfile *keys = store->generation->derived;
	size_t cache = engine_cache_size(settings);

	store->engine = engine_open_state(settings, keys, cache, KV_BDB_TRY, error);
	if (store->engine == NULL && error->kind == ERROR_CONFLICT) {
		log_info("%s: waiting for it", error->text);
		store->engine = engine_open_state(settings, keys, cache, KV_BDB_WAIT, error);
	}
	return store->engine != NULL ? 0 : -1;
}

static int open_socket(struct store *store, struct error *error)
{
	int listener = endpoint_listen(store->listen, 0660, (gid_t)-1, error);

	if (listener < 0)
		return -1;
	store->monitor = monitor_new(store->engine, store->directory + strlen("bdb:"));
	if (store->monitor != NULL)
		store->serve = serve_new(store->base, store->engine, listener, store->monitor);
	else
		close(listener);
	if (store->serve == NULL)
		return error_memory(error);
	configure(store);
	return 0;
}

static int start(struct daemon *daemon, struct store *store, struct error *error)
{
	store->generation = daemon_generation(daemon);
	store->listen = strdup(store->generation->settings->store_listen);
	store->directory = strdup(store->generation->settings->state_store);
	store->base = event_base_new();
	if (store->listen == NULL || store->directory == NULL || store->base == NULL)
		return error_memory(error);
	if (open_engine(store, error) != 0 || open_socket(store, error) != 0)
		return -1;
	if (daemon_watch_signals(daemon, store->base, on_stop, on_reloaded, store) != 0)
		return error_set(error, ERROR_TEMPORARY, "cannot watch signals");
	return 0;
}

static void stop(struct daemon *daemon, struct store *store)
{
	struct error error;

	if (store->serve != NULL)
		endpoint_unlink(store->listen);
	serve_free(&store->serve);
	if (store->engine != NULL && (engine_sync(store->engine, &error) != 0 ||
					     engine_checkpoint(store->engine, 0, &error) != 0))
		log_error("%s", error.text);
	monitor_free(&store->monitor);
	engine_free(&store->engine);
	daemon_unwatch_signals(daemon);
	if (store->base != NULL)
		event_base_free(store->base);
	free(store->listen);
	free(store->directory);
	daemon_generation_release(&store->generation);
}

static int run(struct daemon *daemon)
{
	struct store store = {0};
	struct error error = {0};
	int status = EX_OK;

	if (start(daemon, &store, &error) == 0) {
		daemon_ready(daemon);
		if (event_base_dispatch(store.base) < 0)
			status = EX_OSERR;
	} else {
		log_error("%s", error.text);
		status = error_answer(error.kind)->exit_status;
	}
	stop(daemon, &store);
	return status;
}

int main(int argc, char **argv)
{
	static const struct daemon_program program = {
		.name = "postinvite-store",
		.purpose = "owns the state of the invitations",
		.check = check,
		.release = release,
		.run = run,
	};

	return daemon_main(&program, argc, argv);
}
