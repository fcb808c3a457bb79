/*
 * A question that cannot be sent is answered at once, by an error. One that follows a ping
 * waits in the visit's part.
 */
#include "web/ask.h"

#include "base/json.h"

static void cancelled(void *context)
{
	struct web_ask *ask = context;

	ask->cancel(ask->visit);
}

static void answered(void *context, struct json_object *reply, const struct error *error)
{
	struct web_ask *ask = context;
	struct json_object *question = ask->question;

	ask->call = NULL;
	ask->question = NULL;
	if (question != NULL && error == NULL) {
		web_ask(ask, ask->whom, question, ask->question_ms, ask->next);
		return;
	}
	json_object_put(question);
	ask->next(ask->visit, reply, error);
}

void web_ask(struct web_ask *ask, struct ipc_async *whom, struct json_object *question,
	int timeout_ms, visit_next_fn *next)
{
	struct error error = {ERROR_TEMPORARY, "out of memory"};

	ask->next = next;
	if (question != NULL)
		ask->call = ipc_async_call(whom, question, timeout_ms, answered, ask);
	json_object_put(question);
	if (ask->call != NULL)
		web_request_defer(ask->request, ask->idle, cancelled, ask);
	else
		answered(ask, NULL, &error);
}

void web_ask_slow(struct web_ask *ask, struct ipc_async *whom, struct json_object *question,
	int timeout_ms, visit_next_fn *next)
{
	struct json_object *ping = json_object_new_object();

	if (ping != NULL && (question == NULL || json_set_string(ping, "op", "ping") != 0)) {
		json_object_put(ping);
		ping = NULL;
	}
	ask->whom = whom;
	ask->question = question;
	ask->question_ms = timeout_ms;
	web_ask(ask, whom, ping, IPC_TIMEOUT_MS, next);
}

void web_ask_end(struct web_ask *ask)
{
	if (ask->call != NULL)
		ipc_async_cancel(&ask->call);
	json_object_put(ask->question);
	ask->question = NULL;
}
