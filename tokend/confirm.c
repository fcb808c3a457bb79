/*
 * The first connection's second sign-in. Its tokens are not kept, only that it was the same
 * account. Where the step was switched off while a customer was on his way to it, pressing on
 * is enough.
 */
#include "redirect.h"

#include "store.h"

#include "base/clock.h"
#include "invite/event.h"
#include "token/flow_account.h"
#include "token/id_token.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void confirmed_told(void *context, const struct error *error)
{
	struct request *request = context;

	request->redirect->telling = NULL;
	if (error != NULL)
		callback_reply(request, "failed", error->text);
	else
		callback_reply(request, "confirmed", "");
}

static void tell_confirmed(struct request *request)
{
	struct redirect *redirect = request->redirect;
	struct store_told told = {confirmed_told, request};

	redirect->telling = store_tell(request->tokend, redirect_text(request, "id"),
		event_create("confirmed", time(NULL)), NULL, &told);
	if (redirect->telling == NULL)
		callback_passing(request, "memory", "out of memory");
}

static void check_account(struct request *request, const struct id_token_claims *claims)
{
	struct flow_account_rule rule = {
		.bound_tenant = redirect_text(request, "signed_in_tenant"),
		.bound_oid = redirect_text(request, "signed_in_oid"),
		.bound_name = redirect_text(request, "signed_in_as")};
	struct flow_account account = {.tid = claims->tid,
		.oid = claims->oid,
		.preferred_username = claims->preferred_username};
	struct refusal refusal;

	if (flow_account_check(&rule, &account, &refusal) == 0)
		tell_confirmed(request);
	else
		callback_failed(request, &refusal);
}

static void ask_keys(struct request *request);

static void id_token_bad(struct request *request, const struct error *error)
{
	struct refusal refusal;

	if (error->kind == ERROR_NOT_FOUND && request->redirect->keys_since == 0) {
		request->redirect->keys_since = clock_monotonic_ms();
		ask_keys(request);
		return;
	}
	refusal_set(
		&refusal, OUTCOME_DECLINED, "id_token", "%s; please start again", error->text);
	callback_failed(request, &refusal);
}

static void got_keys(void *context, const struct authority_answer *answer)
{
	struct request *request = context;
	struct id_token_expectations expected = {
		.client_id = request->tokend->generation->settings->client_id,
		.issuer = redirect_text(request, "issuer"),
		.nonce = redirect_text(request, "nonce"),
		.now = time(NULL),
	};
	struct id_token_claims claims = {0};
	struct error error;

	request->wait = NULL;
	if (answer->refusal != NULL)
		callback_refused(request, answer->refusal);
	else if (id_token_verify(answer->keys, request->redirect->tokens.id_token, &expected,
			 &claims, &error) != 0)
		id_token_bad(request, &error);
	else
		check_account(request, &claims);
	id_token_claims_free(&claims);
}

static void ask_keys(struct request *request)
{
	request->wait =
		authority_keys(request->tokend->authority, redirect_text(request, "jwks_uri"),
			request->redirect->keys_since, got_keys, request);
	if (request->wait == NULL)
		callback_passing(request, "memory", "out of memory");
}

void confirm_tokens(struct request *request)
{
	struct refusal refusal;

	if (request->redirect->tokens.id_token != NULL) {
		ask_keys(request);
		return;
	}
	refusal_set(&refusal, OUTCOME_CONFIGURATION, "token_missing",
		"Microsoft gave no id_token; confirmation_scopes needs openid");
	callback_failed(request, &refusal);
}

static void completed_told(void *context, const struct error *error)
{
	struct request *request = context;
	struct json_object *reply = json_object_new_object();
	char *url = NULL;

	request->redirect->telling = NULL;
	if (error != NULL) {
		json_object_put(reply);
		request_fail(request, error);
		return;
	}
	if (asprintf(&url, "%s/i/%s/done", request->tokend->generation->settings->wizard_url,
		    json_string(request->body, "link", "")) < 0)
		url = NULL;
	if (reply != NULL)
		json_set_string(reply, "url", url);
	free(url);
	request_reply(request, reply);
}

static void complete(struct request *request)
{
	struct store_told told = {completed_told, request};
	struct error error;

	request->redirect = calloc(1, sizeof(*request->redirect));
	error_memory(&error);
	if (request->redirect != NULL && purpose_find("confirm")->check(request, &error) == 0)
		request->redirect->telling =
			store_tell(request->tokend, json_string(request->invitation, "id", ""),
				event_create("confirmed", time(NULL)), NULL, &told);
	if (request->redirect == NULL || request->redirect->telling == NULL)
		request_fail(request, &error);
}

void confirm_request(struct request *request)
{
	if (request->tokend->generation->settings->confirmation_scopes[0] == NULL)
		complete(request);
	else
		redirect_request(request, "confirm");
}
