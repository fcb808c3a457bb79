/*
 * The asking side of our Unix sockets, in two kinds: blocking, for the milter's threads and
 * the CLI, and event-driven, for programs on libevent.
 *
 * Both connect when first needed, reconnect by themselves and send what was not answered again.
 * That is safe because every change carries an id made by the caller (change_id in
 * store/protocol.h) and the server applies an id once. A call that got no answer within its time
 * limit fails as temporary.
 */
#ifndef POSTINVITE_BASE_IPC_CLIENT_H
#define POSTINVITE_BASE_IPC_CLIENT_H

#include "base/error.h"

#include <json-c/json.h>
#include <stdbool.h>

#define IPC_TIMEOUT_MS 5000

/* Blocking: a pool of connections, safe to call from many threads at once. */

struct ipc_client;

/* endpoint is copied. No connection is made yet. `service` names it in errors ("the store"). NULL
 * out of memory. */
struct ipc_client *ipc_client_new(const char *endpoint, const char *service, int timeout_ms);
void ipc_client_free(struct ipc_client **client);

/* Sends the request (borrowed) and waits. Returns 0 with *reply_r (the caller's,
 * json_object_put), or -1: the server's error, or temporary when it could not be asked. */
int ipc_call(struct ipc_client *client, struct json_object *request,
	struct json_object **reply_r, struct error *error);

/* The same within another time limit than the client's. */
int ipc_call_within(struct ipc_client *client, int timeout_ms, struct json_object *request,
	struct json_object **reply_r, struct error *error);

/* Did the last call get no answer within its time limit? For those who would rather not wait
 * for the next one to find out. Once a second one of them is told no, and finds out for all. */
bool ipc_client_silent(struct ipc_client *client);

/* Sends a request whose answer is followed by events, and calls `event` for each until it returns
 * non-zero (returned), or the connection is lost (-1, temporary). wait_ms bounds the time without
 * an event: then event is called with NULL; negative: no bound. The answer itself goes to nobody;
 * an error instead of it, or behind it, is -1. */
typedef int ipc_stream_fn(void *context, struct json_object *event);
int ipc_stream(struct ipc_client *client, struct json_object *request, int wait_ms,
	ipc_stream_fn *event, void *context, struct error *error);

/* Event-driven: one connection; all calls from the loop's thread. */

struct event_base;
struct ipc_async;
struct ipc_async_call;

/* reply is borrowed; exactly one of reply and error is not NULL. For a subscription it is
 * called for the first answer and for each event. */
typedef void ipc_reply_fn(void *context, struct json_object *reply, const struct error *error);

struct ipc_async *ipc_async_new(
	struct event_base *base, const char *endpoint, const char *service);
/* Calls under way are forgotten, without their callback; not from within one. */
void ipc_async_free(struct ipc_async **async);

/* Takes a reference of the request. The callback comes later, never from within. timeout_ms 0: no
 * limit. Returns a handle to cancel with, valid until the callback came. NULL when out of memory
 * (no callback then). */
struct ipc_async_call *ipc_async_call(struct ipc_async *async, struct json_object *request,
	int timeout_ms, ipc_reply_fn *reply, void *context);
void ipc_async_cancel(struct ipc_async_call **call); /* no callback any more; nulls */

/* A subscription: as a call without limit that stays. After a reconnect `request` is asked anew for
 * the request to send (the caller's "since" has moved); it returns a new object. An error tells
 * that the server refused: it is asked again after 2 s. The handle is valid until cancelled;
 * cancelling inside any callback is safe. */
typedef struct json_object *ipc_request_fn(void *context);
struct ipc_async_call *ipc_async_subscribe(
	struct ipc_async *async, ipc_request_fn *request, ipc_reply_fn *reply, void *context);

#endif
