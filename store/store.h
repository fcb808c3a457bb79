/*
 * What the files of postinvite-store share.
 */
#ifndef POSTINVITE_STORE_H
#define POSTINVITE_STORE_H

#include "base/daemon.h"
#include "base/ipc_server.h"
#include "store/engine.h"

struct event_base;

/* --- whose user is whose role (peers.c) --- */

#define PEERS_MAX 8

struct peers {
	uid_t own;
	struct {
		uid_t uid;
		enum store_role role;
	} known[PEERS_MAX];
	size_t n;
};

/* daemon_user names the common user; each program's own is DAEMON_USER-PROGRAM where that exists. */
void peers_init(struct peers *peers, const char *daemon_user);
enum store_role peers_role(const struct peers *peers, uid_t uid);

/* --- those who wait for events (follow.c) --- */

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

/* --- requests (serve.c) --- */

struct serve;

/* Serves the listening descriptor (taken over). The generation is the caller's to keep. NULL out of memory. */
struct serve *serve_new(struct event_base *base, struct engine *engine, int listener);
void serve_configure(struct serve *serve, const struct settings *settings);
void serve_drain(struct serve *serve);
void serve_free(struct serve **serve); /* accepts NULL; nulls */

#endif
