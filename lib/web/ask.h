/*
 * A request that is answered when others have been asked: the store, tokend. It waits for one
 * answer at a time. While it waits it is deferred, and the server may cancel it; after that
 * nobody calls `next` any more.
 *
 * Threads: the event loop's.
 */
#ifndef POSTINVITE_WEB_ASK_H
#define POSTINVITE_WEB_ASK_H

#include "base/ipc_client.h"
#include "web/request.h"

struct visit; /* the program's: one request, from its arrival to its answer */

/* What comes next when an answer is there; reply is borrowed, NULL when error is not. */
typedef void visit_next_fn(
	struct visit *visit, struct json_object *reply, const struct error *error);

/* Part of the visit. */
struct web_ask {
	struct visit *visit;
	struct web_request *request;
	web_cancel_fn *cancel; /* gets the visit */
	bool idle;	       /* what is asked may take long because nothing happens */

	struct ipc_async_call *call;
	visit_next_fn *next;
	struct json_object *question; /* that follows a ping, or NULL */
	struct ipc_async *whom;
	int question_ms;
};

/* Asks (the question is taken over, NULL is out of memory) and goes on with `next`. */
void web_ask(struct web_ask *ask, struct ipc_async *whom, struct json_object *question,
	int timeout_ms, visit_next_fn *next);

/* The same of what may take longer than IPC_TIMEOUT_MS. One that is away is noticed within that
 * all the same, because it is pinged before. */
void web_ask_slow(struct web_ask *ask, struct ipc_async *whom, struct json_object *question,
	int timeout_ms, visit_next_fn *next);

/* Waits for nothing any more. */
void web_ask_end(struct web_ask *ask);

#endif
