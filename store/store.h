/*
 * What the files of postinvite-store share.
 */
#ifndef POSTINVITE_STORE_H
#define POSTINVITE_STORE_H

#include "base/daemon.h"
#include "base/ipc_server.h"
#include "base/keyfile.h"
#include "store/engine.h"

struct event_base;

#define PEERS_MAX 8

struct peers {
	uid_t own;
	struct {
		uid_t uid;
		enum store_role role;
	} known[PEERS_MAX];
	size_t n;
};

/* daemon_user names the common user; each program's own is DAEMON_USER-PROGRAM where that
 * exists. */
void peers_init(struct peers *peers, const char *daemon_user);
enum store_role peers_role(const struct peers *peers, uid_t uid);

struct follow;

/* NULL out of memory. */
struct follow *follow_new(struct event_base *base, struct engine *engine);
void follow_free(struct follow **follow); /* nobody is answered; accepts NULL; nulls */

/* Keeps a request that engine_request said ENGINE_WAIT of, until something happens to the
 * invitation or its time is over; the request is borrowed. 0 or -1 (out of memory). */
int follow_watch(struct follow *follow, struct ipc_peer *peer, uint32_t call,
	const struct engine_caller *caller, struct json_object *request,
	const struct engine_reply *reply);

/* Sends the events behind `sequence` from now on. 0 or -1. */
int follow_subscribe(
	struct follow *follow, struct ipc_peer *peer, uint32_t call, uint64_t sequence);

void follow_events(struct follow *follow); /* there are new durable events */
void follow_peer_gone(struct follow *follow, const struct ipc_peer *peer);
void follow_answer_all(struct follow *follow); /* before the end: watchers get what is */

struct monitor;

/* directory: of the state; borrowed like the engine, whose "reports" it adds the store's own
 * to. NULL out of memory. */
struct monitor *monitor_new(struct engine *engine, const char *directory);
void monitor_configure(
	struct monitor *monitor, const char *key_path, const struct keyfile *keys);
void monitor_free(struct monitor **monitor); /* accepts NULL; nulls */

/* Which request that is, for monitor_request. */
unsigned monitor_op(const struct monitor *monitor, const char *name);
/* NULL: answered */
void monitor_request(struct monitor *monitor, unsigned op, const struct error *error);

/* A change was refused; it is the store's trouble if the error says so. */
void monitor_change_failed(struct monitor *monitor, const struct error *error);

/* Everything so far is durable, or is not; a batch of changes is, which took so long. */
void monitor_sync(struct monitor *monitor, const struct error *error);
void monitor_commit(struct monitor *monitor, uint64_t us);

struct serve;

/* Serves the listening descriptor (taken over). The generation is the caller's to keep. NULL
 * out of memory. */
struct serve *serve_new(
	struct event_base *base, struct engine *engine, int listener, struct monitor *monitor);
void serve_configure(struct serve *serve, const struct settings *settings);
void serve_drain(struct serve *serve);
void serve_free(struct serve **serve); /* accepts NULL; nulls */

#endif
