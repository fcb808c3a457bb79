/*
 * The engine: what owns the state applies requests and answers look-ups. A library, so that
 * postinvite-store, the CLI (when nothing runs) and unit tests run the same one.
 *
 *	engine_open_state   once, or engine_open over a kv of the caller's
 *	engine_request      any number: a batch
 *	engine_sync         before any reply of the batch goes out; one wait for the disk for all of it
 *	engine_housekeep    now and then, engine_checkpoint every second or two
 *
 * Threads: one engine belongs to one thread at a time.
 */
#ifndef POSTINVITE_STORE_ENGINE_H
#define POSTINVITE_STORE_ENGINE_H

#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "base/keyfile.h"
#include "base/settings.h"
#include "invite/link.h"
#include "store/kv.h"
#include "store/kv_bdb.h"
#include "store/protocol.h"

#include <stdint.h>

struct engine;

/* The trees that a kv for an engine has. */
extern const char *const engine_trees[];

/* Takes the kv over, also when it fails. settings and keys are borrowed until engine_free or the
 * next engine_configure; of settings only wizard_url, consent_address, bounce_address,
 * invitation_lifetime and history_retention are read. NULL: error. */
struct engine *engine_open(struct kv *kv, const struct settings *settings,
	const struct keyfile *keys, struct error *error);

/* The same over the directory of settings->state_store, with that many bytes for pages that
 * were read. With KV_BDB_TRY it fails with conflict when a store runs: ask that one. Root has
 * to become the directory's owner first (see kv_bdb.h). */
struct engine *engine_open_state(const struct settings *settings, const struct keyfile *keys,
	size_t cache, enum kv_bdb_lock lock, struct error *error);

/* The bytes of cache for a store: settings->state_cache, or what the state's size asks for. */
size_t engine_cache_size(const struct settings *settings);

void engine_configure(
	struct engine *engine, const struct settings *settings, const struct keyfile *keys);

/* Syncs what is not yet durable and closes. Accepts NULL; nulls. */
void engine_free(struct engine **engine);

/* Who asks. client tells the owners of table loads apart (any address; NULL is one, too). */
struct engine_caller {
	enum store_role role;
	const void *client;
};

enum engine_next {
	ENGINE_DONE,
	/* watch: the revision is still the given one; `text` is the answer after the timeout */
	ENGINE_WAIT,
	ENGINE_FOLLOW, /* subscribe: events behind `sequence` are to follow (engine_events) */
};

struct engine_reply {
	struct buf text; /* the reply, one JSON object; initialise with engine_reply_init */
	/* of a change, also one that failed: may go out only after an engine_sync that returned
	 * 0 */
	bool durable;
	enum engine_next next;
	char id[INVITATION_ID_LEN + 1]; /* ENGINE_WAIT: whose */
	int timeout_s;			/* ENGINE_WAIT */
	uint64_t sequence;		/* ENGINE_FOLLOW */
};
void engine_reply_init(struct engine_reply *reply);
void engine_reply_free(struct engine_reply *reply);

/* One request of store/protocol.h. Returns 0 with reply (text is appended to what reply->text
 * holds), or -1 with error, nothing changed. */
int engine_request(struct engine *engine, const struct engine_caller *caller,
	struct json_object *request, struct engine_reply *reply, struct error *error);

/* Makes everything so far durable. -1 (temporary): replies that are `durable` must be replaced by
 * the error; their changes may still become durable later, and then a repeated request finds them
 * done. */
int engine_sync(struct engine *engine, struct error *error);

/* For a process of its own: request and sync in one, the reply parsed (the caller's,
 * json_object_put). */
int engine_call(struct engine *engine, struct json_object *request,
	struct json_object **reply_r, struct error *error);

/* Can the customers table in force be read? Returns 0, or -1: its file is lost or damaged. */
int engine_check_table(struct engine *engine, struct error *error);

/* The client went away: its table loads are given up, their files removed by engine_housekeep. */
void engine_client_gone(struct engine *engine, const void *client);

/* What the store itself reports, an object as of op "report" (taken over), asked for before
 * each answer of "reports". NULL: nothing now. */
typedef struct json_object *engine_report_fn(void *context);
void engine_report_own(struct engine *engine, engine_report_fn *report, void *context);

/* The names of all requests, one by one; NULL behind the last. */
const char *engine_op_name(size_t n);

/* The last event that is durable. */
uint64_t engine_sequence(const struct engine *engine);

/* Durable events behind `after`, in order, at most max: for each, event is called with {sequence,
 * id, event, status, invitation} as text until it returns non-zero. *after is moved to the last one
 * given. Returns the number given, or -1. */
struct engine_event {
	uint64_t sequence;
	const char *id;
	const char *text;
	size_t len;
};
typedef int engine_event_fn(void *context, const struct engine_event *event);
int engine_events(struct engine *engine, uint64_t *after, unsigned max, engine_event_fn *event,
	void *context, struct error *error);

/* A small step of keeping house (milliseconds): forgets old change ids, removes ended
 * invitations beyond history_retention, files of abandoned or replaced customers tables and
 * changes to those, finds out the tags of more customers. Returns 1 when there is more to do
 * now, 0, or -1. */
int engine_housekeep(struct engine *engine, time_t now, struct error *error);

/* The same of what is kept on disk only: for a process that ends. */
int engine_tidy(struct engine *engine, time_t now, struct error *error);

int engine_checkpoint(
	struct engine *engine, unsigned kilobytes, struct error *error); /* kv_checkpoint */
bool engine_fatal(const struct engine *engine);				 /* kv_fatal */

#endif
