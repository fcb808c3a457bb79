/*
 * What tokend asks of the store and tells it.
 */
#ifndef POSTINVITE_TOKEND_STORE_H
#define POSTINVITE_TOKEND_STORE_H

#include "tokend.h"

#include "token/refusal.h"

#define STORE_PATIENT 0 /* no limit: asked until it answers */

/* Asks for an invitation; member "id" or "link". As ipc_async_call. */
struct ipc_async_call *store_get(struct tokend *tokend, const char *member, const char *name,
	int timeout_ms, ipc_reply_fn *reply, void *context);

/* An event for the store. It is sent until the store has said yes or no for good. `told` (or
 * NULL) is called once, later, with NULL or a lasting error (not found, conflict, ...). Returns
 * a handle, valid until then; NULL when out of memory (nothing is sent then). change: its id;
 * NULL: a new one. */
typedef void store_told_fn(void *context, const struct error *error);
struct store_told {
	store_told_fn *call;
	void *context;
};
struct store_event *store_tell(struct tokend *tokend, const char *id, struct json_object *event,
	const char *change, const struct store_told *told);
/* it is not told any more; accepts NULL; nulls */
void store_event_cancel(struct store_event **event);
/* it is told, but nobody is called; likewise */
void store_event_detach(struct store_event **event);

/* sign_in_error and sign_in_failed. */
struct json_object *store_refusal_event(const char *type, const struct refusal *refusal);

/* method: "device" or "code". */
struct json_object *sign_in_started_event(const char *method);

#endif
