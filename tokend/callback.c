/*
 * The way back. The state's record is deleted before the code is redeemed: a state is good for
 * one try, whatever becomes of it, and no code is sent twice. The code goes out on a fresh
 * connection, for curl would repeat it on a kept one.
 *
 * Whoever presses on at Microsoft's pages comes back here with an answer of some kind. It is on
 * record before the browser is sent on, so that the page that it comes to can say what is next.
 */
#include "redirect.h"

#include "monitor.h"
#include "store.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define UNKNOWN_STATE                                                                          \
	"this sign-in was used already, or it is not known here; open the link of the "        \
	"invitation and start it again"

void callback_reply(struct request *request, const char *outcome, const char *text)
{
	const struct secret *link = request->redirect->link;
	struct json_object *reply = json_object_new_object();

	log_info("invitation=%s callback purpose=%s outcome=%s text=%s",
		redirect_text(request, "id"), request->redirect->purpose->name, outcome, text);
	if (reply != NULL) {
		json_set_string(reply, "link", (const char *)secret_bytes(link));
		json_set_string(reply, "outcome", outcome);
		json_set_string(reply, "text", text);
	}
	request_reply(request, reply);
}

static void failure_told(void *context, const struct error *error)
{
	struct request *request = context;

	(void)error;
	request->redirect->telling = NULL;
	callback_reply(request, "failed", request->redirect->refusal.text);
}

void callback_failed(struct request *request, const struct refusal *refusal)
{
	struct redirect *redirect = request->redirect;
	struct store_told told = {failure_told, request};
	bool passing = refusal->outcome == OUTCOME_TEMPORARY;
	struct json_object *event =
		store_refusal_event(passing ? "sign_in_error" : "sign_in_failed", refusal);

	monitor_sign_in_failed(request->tokend, refusal);
	redirect->refusal = *refusal;
	if (event != NULL && refusal->outcome == OUTCOME_CONFIGURATION)
		json_set_flag(event, "final", true);
	if (event != NULL)
		redirect->telling = store_tell(
			request->tokend, redirect_text(request, "id"), event, NULL, &told);
	if (redirect->telling == NULL)
		failure_told(request, NULL);
}

void callback_passing(struct request *request, const char *code, const char *text)
{
	struct refusal refusal;

	refusal_set(&refusal, OUTCOME_TEMPORARY, code,
		"the sign-in came to no end (%s); please press the button once more", text);
	callback_failed(request, &refusal);
}

void callback_refused(struct request *request, const struct refusal *refusal)
{
	char what[128];

	monitor_refusal(request->tokend, refusal);
	if (refusal->outcome != OUTCOME_TEMPORARY) {
		callback_failed(request, refusal);
		return;
	}
	snprintf(what, sizeof(what), "Microsoft gave no usable answer, %s", refusal->code);
	callback_passing(request, refusal->code, what);
}

static void got_tokens(void *context, const struct http_answer *answer)
{
	struct request *request = context;
	struct refusal refusal;

	request->http = NULL;
	if (answer->outcome != HTTP_ANSWERED)
		callback_passing(request, answer->fault, answer->error.text);
	else if (oauth_tokens_read(&answer->reply, &request->redirect->tokens, &refusal) == 0)
		request->redirect->purpose->tokens(request);
	else
		callback_refused(request, &refusal);
}

static void redeem(struct request *request, const char *code)
{
	const struct settings *settings = request->tokend->generation->settings;
	char *uri = redirect_uri(settings);
	struct oauth_code exchange = {.client_id = settings->client_id,
		.code = code,
		.redirect_uri = uri,
		.verifier = request->redirect->verifier,
		.scopes = request->redirect->purpose->scopes(settings)};
	struct http_request http_request = {.url = redirect_text(request, "token_endpoint"),
		.fresh = true,
		.kind = COUNT_ENDPOINT_CODE};

	if (uri != NULL)
		http_request.form = oauth_code_body(&exchange);
	free(uri);
	if (http_request.form != NULL)
		request->http =
			http_send(request->tokend->http, &http_request, got_tokens, request);
	if (request->http == NULL)
		callback_passing(request, "memory", "out of memory");
}

void code_back(struct request *request)
{
	const char *code = json_string(request->body, "code", NULL);
	const char *refused = json_string(request->body, "error", NULL);
	struct refusal refusal;

	if (refused == NULL && code != NULL) {
		redeem(request, code);
		return;
	}
	refusal_from_callback(refused != NULL ? refused : "no_code",
		json_string(request->body, "error_description", NULL), &refusal);
	callback_failed(request, &refusal);
}

static bool complete(const struct redirect *redirect)
{
	return redirect->purpose != NULL && redirect->link != NULL &&
	       redirect->verifier != NULL;
}

/* The state's record, out of the vault for good. Returns 0, or -1 with error set. */
static int take_state(struct request *request, const char *state, struct error *error)
{
	struct vault *vault = request->tokend->vault;
	struct redirect *redirect = request->redirect;
	struct secret *parts[2] = {NULL, NULL};

	if (strlen(state) != PKCE_TEXT_LEN)
		return error_set(error, ERROR_NOT_FOUND, UNKNOWN_STATE);
	memcpy(redirect->state, state, sizeof(redirect->state));
	if (vault_get(vault, KIND_SIGN_IN, redirect->state, &redirect->record, error) != 0)
		return error->kind == ERROR_NOT_FOUND || error->kind == ERROR_PERMANENT
			       ? error_set(error, ERROR_NOT_FOUND, UNKNOWN_STATE)
			       : -1;
	if (vault_delete(vault, KIND_SIGN_IN, redirect->state, error) != 0)
		return -1;
	vault_unpack(redirect->record.secret, parts, 2);
	redirect->verifier = parts[0];
	redirect->link = parts[1];
	redirect->purpose = purpose_find(redirect_text(request, "purpose"));
	return complete(redirect) ? 0 : error_set(error, ERROR_NOT_FOUND, UNKNOWN_STATE);
}

void callback_request(struct request *request)
{
	struct refusal refusal;
	struct error error;

	request->redirect = calloc(1, sizeof(*request->redirect));
	if (request->redirect == NULL) {
		request_refuse(request, ERROR_TEMPORARY, "out of memory");
	} else if (take_state(request, json_string(request->body, "state", ""), &error) != 0) {
		request_fail(request, &error);
	} else if (json_int(request->redirect->record.clear, "expires_at", 0) <= time(NULL)) {
		refusal_set(&refusal, OUTCOME_EXPIRED, "too_late",
			"it took too long at Microsoft's page; please press the button once more");
		callback_failed(request, &refusal);
	} else {
		request->redirect->purpose->back(request);
	}
}
