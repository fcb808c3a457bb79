/*
 * ipc_async repeats what was not answered; what the store answers with a passing fault (its
 * disk is full) is repeated here, under the same change id.
 */
#include "store.h"

#include "base/log.h"
#include "invite/event.h"
#include "invite/link.h"
#include "store/protocol.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct timeval again = {2, 0};

struct store_event {
	TAILQ_ENTRY(store_event) link;
	struct tokend *tokend;
	char id[INVITATION_ID_LEN + 1];
	struct json_object *request;
	struct ipc_async_call *call;
	struct event *later;
	bool busy; /* the store has said so, and it is in the log */
	struct store_told told;
};

struct ipc_async_call *store_get(struct tokend *tokend, const char *member, const char *name,
	int timeout_ms, ipc_reply_fn *reply, void *context)
{
	struct json_object *request = store_request("get");
	struct ipc_async_call *call = NULL;

	if (request != NULL && json_set_string(request, member, name) == 0)
		call = ipc_async_call(tokend->store, request, timeout_ms, reply, context);
	json_object_put(request);
	return call;
}

void store_event_cancel(struct store_event **event_r)
{
	struct store_event *event = *event_r;

	if (event == NULL)
		return;
	TAILQ_REMOVE(&event->tokend->events, event, link);
	if (event->call != NULL)
		ipc_async_cancel(&event->call);
	if (event->later != NULL)
		event_free(event->later);
	json_object_put(event->request);
	free(event);
	*event_r = NULL;
}

void store_event_detach(struct store_event **event)
{
	if (*event != NULL)
		(*event)->told.call = NULL;
	*event = NULL;
}

static const char *event_name(const struct store_event *event)
{
	return json_string(json_member(event->request, "event"), "type", "?");
}

static void event_answered(void *context, struct json_object *reply, const struct error *error)
{
	struct store_event *event = context;
	struct store_told told = event->told;

	(void)reply;
	event->call = NULL;
	if (error != NULL && error_is_passing(error)) {
		if (!event->busy)
			log_warning("invitation=%s store_busy event=%s reason=%s", event->id,
				event_name(event), error->text);
		event->busy = true;
		event_add(event->later, &again);
		return;
	}
	if (error != NULL)
		log_warning("invitation=%s store_refused event=%s reason=%s", event->id,
			event_name(event), error->text);
	store_event_cancel(&event);
	if (told.call != NULL)
		told.call(told.context, error);
}

static void event_send(evutil_socket_t unused, short what, void *context)
{
	struct store_event *event = context;

	(void)unused;
	(void)what;
	event->call = ipc_async_call(
		event->tokend->store, event->request, STORE_PATIENT, event_answered, event);
	if (event->call == NULL)
		event_add(event->later, &again);
}

struct store_event *store_tell(struct tokend *tokend, const char *id, struct json_object *json,
	const char *change, const struct store_told *told)
{
	struct store_event *event = calloc(1, sizeof(*event));
	struct json_object *request = store_request_apply("id", id, json);

	if (event == NULL || request == NULL ||
		(change != NULL && json_set_string(request, "change", change) != 0)) {
		free(event);
		json_object_put(request);
		return NULL;
	}
	event->tokend = tokend;
	event->request = request;
	memccpy(event->id, id, '\0', INVITATION_ID_LEN);
	if (told != NULL)
		event->told = *told;
	TAILQ_INSERT_TAIL(&tokend->events, event, link);
	event->later = evtimer_new(tokend->base, event_send, event);
	if (event->later == NULL) {
		store_event_cancel(&event);
		return NULL;
	}
	event_send(-1, 0, event);
	return event;
}

struct json_object *store_refusal_event(const char *type, const struct refusal *refusal)
{
	struct json_object *event = event_create(type, time(NULL));

	if (event != NULL && json_set_string(event, "code", refusal->code) == 0 &&
		json_set_string(event, "text", refusal->text) == 0)
		return event;
	json_object_put(event);
	return NULL;
}

struct json_object *sign_in_started_event(const char *method)
{
	struct json_object *event = event_create("sign_in_started", time(NULL));

	if (event != NULL && json_set_string(event, "method", method) == 0)
		return event;
	json_object_put(event);
	return NULL;
}
