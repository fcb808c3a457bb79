/*
 * A request is one object from the frame to the answer. Where an op names a link, the store
 * verifies it and gives the invitation before the op runs. A peer that goes away leaves its
 * requests running, for nobody.
 */
#include "requests.h"

#include "config.h"
#include "flow.h"
#include "store.h"
#include "webhook.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void ping_request(struct request *request)
{
	struct json_object *reply = json_object_new_object();

	if (reply != NULL) {
		json_set_int(reply, "flows", (int64_t)request->tokend->flows_n);
		json_set_int(reply, "refreshes", (int64_t)request->tokend->refreshing_n);
	}
	request_reply(request, reply);
}

static const struct op {
	const char *name;
	bool with_link;
	enum right right;
	void (*run)(struct request *request);
} ops[] = {
	{"start", true, RIGHT_WIZARD, start_request},
	{"code", true, RIGHT_WIZARD, code_request},
	{"sign_in", true, RIGHT_WIZARD, sign_in_request},
	{"confirm", true, RIGHT_WIZARD, confirm_request},
	{"approve", true, RIGHT_WIZARD, approve_request},
	{"callback", false, RIGHT_WIZARD, callback_request},
	{"validate", false, RIGHT_VALIDATE, validate_request},
	{"token", false, RIGHT_READER, access_request},
	{"resend", false, RIGHT_OPERATOR, resend_request},
	{"dead_letters", false, RIGHT_OPERATOR, dead_letters_request},
	{"ping", false, RIGHT_PING, ping_request},
};

static const struct op *find_op(const char *name)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (strcmp(ops[i].name, name) == 0)
			return &ops[i];
	return NULL;
}

void request_wait(struct request *request, struct request_list *list)
{
	if (request->list != NULL)
		TAILQ_REMOVE(request->list, request, waiting);
	request->list = list;
	if (list != NULL)
		TAILQ_INSERT_TAIL(list, request, waiting);
}

static void request_free(struct request *request)
{
	request_wait(request, NULL);
	TAILQ_REMOVE(&request->tokend->requests, request, link);
	http_cancel(&request->http);
	authority_cancel(&request->wait);
	if (request->ask != NULL)
		ipc_async_cancel(&request->ask);
	redirect_free(&request->redirect);
	json_object_put(request->body);
	json_object_put(request->invitation);
	free(request);
}

void request_fail(struct request *request, const struct error *error)
{
	if (request->peer != NULL)
		ipc_fail(request->peer, request->call, error);
	request_free(request);
}

void request_refuse(struct request *request, enum error_kind kind, const char *format, ...)
{
	struct error error;
	va_list args;

	va_start(args, format);
	error_vset(&error, kind, format, args);
	va_end(args);
	request_fail(request, &error);
}

void request_reply(struct request *request, struct json_object *reply)
{
	if (reply == NULL) {
		request_refuse(request, ERROR_TEMPORARY, "out of memory");
		return;
	}
	if (request->peer != NULL)
		ipc_reply(request->peer, request->call, reply);
	json_object_put(reply);
	request_free(request);
}

enum error_kind refusal_kind(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_TEMPORARY:
		return ERROR_TEMPORARY;
	case OUTCOME_CONFIGURATION:
		return ERROR_CONFIGURATION;
	default:
		return ERROR_CONFLICT;
	}
}

static void got_invitation(void *context, struct json_object *reply, const struct error *error)
{
	struct request *request = context;

	request->ask = NULL;
	if (error != NULL) {
		request_fail(request, error);
		return;
	}
	request->invitation = json_object_get(json_member(reply, "invitation"));
	if (request->invitation == NULL)
		request_refuse(
			request, ERROR_TEMPORARY, "the store answered without an invitation");
	else
		request->run(request);
}

static void run(struct request *request, const struct op *op)
{
	const char *link = json_string(request->body, "link", NULL);

	if (!op->with_link) {
		op->run(request);
		return;
	}
	if (link == NULL) {
		request_refuse(request, ERROR_PERMANENT, "op %s needs a link", op->name);
		return;
	}
	request->run = op->run;
	request->ask = store_get(
		request->tokend, "link", link, IPC_TIMEOUT_MS, got_invitation, request);
	if (request->ask == NULL)
		request_refuse(request, ERROR_TEMPORARY, "out of memory");
}

/* Whoever may not read tokens is told so as a fault of the configuration: policy says that a
 * sign-in is needed. */
static int check_request(const struct tokend *tokend, const struct ipc_peer *peer,
	const struct op *op, struct error *error)
{
	const struct config *config = tokend->generation->derived;
	long uid = (long)ipc_peer_identity(peer)->uid;

	if (op != NULL && config_may_ask(config, peer, op->right))
		return 0;
	if (op == NULL && config_may_ask(config, peer, RIGHT_WIZARD))
		return error_set(error, ERROR_PERMANENT, "unknown op");
	log_warning("refused uid=%ld op=%s", uid, op != NULL ? op->name : "?");
	if (op != NULL && (op->right == RIGHT_READER || op->right == RIGHT_VALIDATE))
		return error_set(error, ERROR_CONFIGURATION,
			"user %ld may not ask for tokens; token_readers names who may", uid);
	return error_set(error, ERROR_POLICY, "user %ld may not ask tokend", uid);
}

static void on_request(
	void *context, struct ipc_peer *peer, uint32_t call, struct json_object *body)
{
	struct tokend *tokend = context;
	const struct op *op = find_op(json_string(body, "op", ""));
	struct request *request;
	struct error error;

	if (check_request(tokend, peer, op, &error) != 0) {
		ipc_fail(peer, call, &error);
		return;
	}
	request = calloc(1, sizeof(*request));
	if (request == NULL) {
		error_memory(&error);
		ipc_fail(peer, call, &error);
		return;
	}
	request->tokend = tokend;
	request->peer = peer;
	request->call = call;
	request->body = json_object_get(body);
	TAILQ_INSERT_TAIL(&tokend->requests, request, link);
	run(request, op);
}

static void on_closed(void *context, struct ipc_peer *peer)
{
	struct tokend *tokend = context;
	struct request *request;

	TAILQ_FOREACH (request, &tokend->requests, link)
		if (request->peer == peer)
			request->peer = NULL;
}

int requests_serve(struct tokend *tokend, int listener)
{
	static const struct ipc_server_handler handler = {
		.request = on_request, .closed = on_closed};

	tokend->server = ipc_server_new(tokend->base, listener, &handler, tokend);
	return tokend->server != NULL ? 0 : -1;
}

void requests_free(struct tokend *tokend)
{
	struct request *request;

	while ((request = TAILQ_FIRST(&tokend->requests)) != NULL)
		request_free(request);
}
