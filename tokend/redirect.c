/*
 * The way out, the same for all purposes: find the tenant, seal the state, answer the URL.
 *
 * A state lives in the vault, so that a restart between the way out and the way back loses
 * nothing. The link and the PKCE verifier are sealed in it.
 */
#include "redirect.h"

#include "store.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void redirect_free(struct redirect **redirect_r)
{
	struct redirect *redirect = *redirect_r;

	if (redirect == NULL)
		return;
	store_event_detach(&redirect->telling);
	tenants_free(&redirect->tenants);
	free(redirect->url);
	vault_record_clear(&redirect->record);
	secret_free(&redirect->verifier);
	secret_free(&redirect->link);
	oauth_tokens_free(&redirect->tokens);
	free(redirect);
	*redirect_r = NULL;
}

char *redirect_uri(const struct settings *settings)
{
	char *uri;

	return asprintf(&uri, "%s/callback", settings->wizard_url) >= 0 ? uri : NULL;
}

const char *redirect_text(const struct request *request, const char *name)
{
	return json_string(request->redirect->record.clear, name, "");
}

/* The account's members are the first sign-in's, for the confirmation. */
static struct json_object *state_clear(const struct request *request, const struct way *way)
{
	static const char *const account[] = {
		"signed_in_tenant", "signed_in_oid", "signed_in_as"};
	const struct purpose *purpose = request->redirect->purpose;
	struct json_object *clear = json_object_new_object(), *invitation = request->invitation;
	bool good =
		clear != NULL && json_set_string(clear, "purpose", purpose->name) == 0 &&
		json_set_string(clear, "id", json_string(invitation, "id", "")) == 0 &&
		json_set_string(clear, "tenant", way->tenant) == 0 &&
		json_set_string(clear, "tenant_id", way->discovery->tenant_id) == 0 &&
		json_set_string(clear, "issuer", way->discovery->issuer) == 0 &&
		json_set_string(clear, "token_endpoint", way->discovery->token_endpoint) == 0 &&
		json_set_string(clear, "jwks_uri", way->discovery->jwks_uri) == 0 &&
		json_set_string(clear, "nonce", way->nonce) == 0 &&
		json_set_int(clear, "expires_at", time(NULL) + purpose->lifetime) == 0;

	for (size_t i = 0; good && i < sizeof(account) / sizeof(account[0]); i++)
		good = json_set_string(clear, account[i],
			       json_string(invitation, account[i], NULL)) == 0;
	if (good)
		return clear;
	json_object_put(clear);
	return NULL;
}

/* Returns 0, or -1 with error set. */
static int seal_state(const struct request *request, const struct way *way,
	const struct secret *verifier, struct error *error)
{
	struct secret *link = secret_from_string(json_string(request->body, "link", ""));
	const struct secret *parts[] = {verifier, link};
	struct vault_record record = {.kind = KIND_SIGN_IN,
		.id = way->state,
		.clear = state_clear(request, way),
		.secret = link != NULL ? vault_pack(parts, 2) : NULL};
	int result;

	if (record.clear == NULL || record.secret == NULL)
		result = error_memory(error);
	else
		result = vault_put(request->tokend->vault, &record, error);
	vault_record_clear(&record);
	secret_free(&link);
	return result;
}

/* Seals the state and makes the URL. Returns 0, or -1 with error set. */
static int begin(
	struct request *request, const struct discovery *discovery, struct error *error)
{
	struct redirect *redirect = request->redirect;
	char nonce[PKCE_TEXT_LEN + 1], challenge[PKCE_CHALLENGE_LEN + 1];
	struct secret *verifier = pkce_verifier_new();
	char *uri = redirect_uri(request->tokend->generation->settings);
	const struct way way = {
		discovery, redirect->tenants.names[0], uri, redirect->state, nonce, challenge};

	error_set(error, ERROR_TEMPORARY, "out of memory or randomness");
	if (uri != NULL && verifier != NULL && pkce_random_text(redirect->state) == 0 &&
		pkce_random_text(nonce) == 0 && pkce_challenge(verifier, challenge) == 0 &&
		seal_state(request, &way, verifier, error) == 0)
		redirect->url = redirect->purpose->url(request, &way);
	secret_free(&verifier);
	free(uri);
	return redirect->url != NULL ? 0 : -1;
}

static void reply_url(struct request *request)
{
	struct json_object *reply = json_object_new_object();

	log_info("invitation=%s %s tenant=%s", json_string(request->invitation, "id", ""),
		request->redirect->purpose->name, request->redirect->tenants.names[0]);
	if (reply != NULL)
		json_set_string(reply, "url", request->redirect->url);
	request_reply(request, reply);
}

static void started_told(void *context, const struct error *error)
{
	struct request *request = context;

	request->redirect->telling = NULL;
	if (error != NULL)
		request_fail(request, error);
	else
		reply_url(request);
}

static void go(struct request *request, const struct discovery *discovery)
{
	struct redirect *redirect = request->redirect;
	struct store_told told = {started_told, request};
	struct error error;

	if (begin(request, discovery, &error) != 0) {
		request_fail(request, &error);
		return;
	}
	if (redirect->purpose->method != NULL) {
		metrics_count(request->tokend->metrics, METRIC_TOKEND_SIGN_INS,
			COUNT_SIGN_IN_STARTED);
		redirect->telling =
			store_tell(request->tokend, json_string(request->invitation, "id", ""),
				sign_in_started_event(redirect->purpose->method), NULL, &told);
	}
	if (redirect->telling == NULL)
		reply_url(request);
}

static void ask_tenant(struct request *request);

static void got_discovery(void *context, const struct authority_answer *answer)
{
	struct request *request = context;
	struct tenants *tenants = &request->redirect->tenants;

	request->wait = NULL;
	if (answer->refusal == NULL) {
		go(request, answer->discovery);
	} else if (answer->refusal->outcome == OUTCOME_CONFIGURATION && tenants->n > 1) {
		tenants_drop(tenants);
		ask_tenant(request);
	} else {
		request_refuse(request, refusal_kind(answer->refusal->outcome), "%s",
			answer->refusal->text);
	}
}

static void ask_tenant(struct request *request)
{
	const struct tokend *tokend = request->tokend;

	request->wait = authority_discovery(tokend->authority,
		tokend->generation->settings->authority_url,
		request->redirect->tenants.names[0], got_discovery, request);
	if (request->wait == NULL)
		request_refuse(request, ERROR_TEMPORARY, "out of memory");
}

void redirect_request(struct request *request, const char *purpose)
{
	struct redirect *redirect = calloc(1, sizeof(*redirect));
	struct error error;

	request->redirect = redirect;
	if (redirect == NULL) {
		request_refuse(request, ERROR_TEMPORARY, "out of memory");
		return;
	}
	redirect->purpose = purpose_find(purpose);
	tenants_choose(&redirect->tenants, request->invitation);
	if (request->tokend->stopping)
		request_refuse(
			request, ERROR_TEMPORARY, "tokend is being restarted; try again");
	else if (redirect->purpose->check(request, &error) != 0)
		request_fail(request, &error);
	else if (redirect->tenants.n == 0)
		request_refuse(request, ERROR_CONFIGURATION, NO_TENANT);
	else
		ask_tenant(request);
}

void sign_in_request(struct request *request)
{
	redirect_request(request, "sign_in");
}

void approve_request(struct request *request)
{
	redirect_request(request, "approve");
}

static int sweep_one(
	void *context, const struct vault_record *record, const struct error *fault)
{
	struct tokend *tokend = context;
	struct error error;

	if (fault != NULL || json_int(record->clear, "expires_at", 0) > time(NULL))
		return 0;
	if (vault_delete(tokend->vault, KIND_SIGN_IN, record->id, &error) != 0)
		log_warning("vault_delete reason=%s", error.text);
	return 0;
}

void redirect_sweep(struct tokend *tokend)
{
	struct error error;

	error.kind = ERROR_NONE;
	if (vault_each(tokend->vault, KIND_SIGN_IN, sweep_one, tokend, &error) != 0)
		log_warning("vault_each reason=%s", error.text);
}
