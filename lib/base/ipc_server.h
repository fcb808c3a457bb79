/*
 * The serving side of our Unix sockets, on libevent: accepts, frames, knows each peer's
 * uid (SO_PEERCRED), writes answers. What a request means is the handler's business.
 *
 * A peer that sends no frame, or that does not read what it asked for (over
 * IPC_SERVER_BACKLOG bytes wait), is closed; others are not affected.
 *
 * Threads: all calls from the thread of the event loop.
 */
#ifndef POSTINVITE_BASE_IPC_SERVER_H
#define POSTINVITE_BASE_IPC_SERVER_H

#include "base/error.h"
#include "base/frame.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define IPC_SERVER_BACKLOG (16 * 1024 * 1024)

struct event_base;
struct ipc_server;
struct ipc_peer; /* one connection; lives until closed() was called for it */

struct ipc_peer_identity {
	uid_t uid;
	gid_t gid;
	pid_t pid;
};

struct ipc_server_handler {
	/* One request. It is answered now or later by ipc_reply, ipc_reply_text or ipc_fail,
	 * once. The request is borrowed. */
	void (*request)(void *context, struct ipc_peer *peer, uint32_t call,
		struct json_object *request);
	/* The connection is gone; answers to it are forgotten from here on. Or NULL. */
	void (*closed)(void *context, struct ipc_peer *peer);
	/* All requests that had arrived by now were handed out (the moment to commit). Or NULL. */
	void (*drained)(void *context);
};

/* Serves the listening descriptor (taken over). NULL when out of memory. */
struct ipc_server *ipc_server_new(struct event_base *base, int listener,
	const struct ipc_server_handler *handler, void *context);
/* closes every connection; not from within a handler */
void ipc_server_free(struct ipc_server **server);

/* Stops taking connections and requests; what is under way can still be answered. */
void ipc_server_drain(struct ipc_server *server);

const struct ipc_peer_identity *ipc_peer_identity(const struct ipc_peer *peer);

/* Is it in that group, by its own or by its supplementary ones, as they were when it connected? */
bool ipc_peer_in_group(const struct ipc_peer *peer, gid_t group);

/* Bytes that the peer has not read yet (0 when it is gone). Whoever has much to send pauses while
 * it is high. */
size_t ipc_peer_waiting(const struct ipc_peer *peer);

/* What no frame holds (FRAME_BODY_MAX) becomes a permanent error. closed() is never called from
 * within these. */
void ipc_reply(struct ipc_peer *peer, uint32_t call, struct json_object *reply); /* borrowed */
void ipc_reply_text(struct ipc_peer *peer, uint32_t call, const char *body, size_t len);
void ipc_event(struct ipc_peer *peer, uint32_t call, const char *body, size_t len);
void ipc_fail(struct ipc_peer *peer, uint32_t call, const struct error *error);

#endif
