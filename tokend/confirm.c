/*
 * The first connection's second sign-in: authorization code with PKCE, by redirect.
 *
 * What the callback needs is a sealed vault record under a random state. It is deleted before the code is redeemed: a
 * state is good for one try, whatever becomes of it. The code goes out on a fresh connection, for
 * curl would repeat it on a kept one. The tokens of this sign-in are not kept, only that it was the same account.
 */
#include "flow.h"
#include "requests.h"
#include "store.h"

#include "base/clock.h"
#include "base/log.h"
#include "invite/event.h"
#include "invite/record.h"
#include "token/flow_account.h"
#include "token/pkce.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STATE_LIFETIME (15 * 60)
#define CALLBACK_PATH  "/callback"

#define UNKNOWN_STATE                                                                          \
	"this sign-in was used already, or it is not known here; open the link of the "        \
	"invitation and "                                                                      \
	"start it again"

/* A sign-in that came back. */
struct confirmation {
	char state[PKCE_TEXT_LEN + 1];
	struct vault_record record;
	struct oauth_tokens tokens;
	uint64_t keys_since;
	struct store_event *telling;
};

void confirmation_free(struct confirmation **confirmation_r)
{
	struct confirmation *confirmation = *confirmation_r;

	if (confirmation == NULL)
		return;
	store_event_cancel(&confirmation->telling);
	vault_record_clear(&confirmation->record);
	oauth_tokens_free(&confirmation->tokens);
	free(confirmation);
	*confirmation_r = NULL;
}

static char *redirect_uri(const struct settings *settings)
{
	char *uri;

	return asprintf(&uri, "%s%s", settings->wizard_url, CALLBACK_PATH) >= 0 ? uri : NULL;
}

/* --- op confirm --- */

static struct json_object *state_clear(
	struct request *request, const struct discovery *discovery, const char *nonce)
{
	struct json_object *clear = json_object_new_object(), *invitation = request->invitation;

	if (clear != NULL &&
		json_set_string(clear, "id", json_string(invitation, "id", "")) == 0 &&
		json_set_string(clear, "link", json_string(request->body, "link", "")) == 0 &&
		json_set_string(clear, "signed_in_tenant",
			json_string(invitation, "signed_in_tenant", "")) == 0 &&
		json_set_string(clear, "signed_in_oid",
			json_string(invitation, "signed_in_oid", "")) == 0 &&
		json_set_string(clear, "signed_in_as",
			json_string(invitation, "signed_in_as", "")) == 0 &&
		json_set_string(clear, "issuer", discovery->issuer) == 0 &&
		json_set_string(clear, "token_endpoint", discovery->token_endpoint) == 0 &&
		json_set_string(clear, "jwks_uri", discovery->jwks_uri) == 0 &&
		json_set_string(clear, "nonce", nonce) == 0 &&
		json_set_int(clear, "expires_at", time(NULL) + STATE_LIFETIME) == 0)
		return clear;
	json_object_put(clear);
	return NULL;
}

/* Seals the state. Returns the URL for the browser (free), or NULL with error set. */
static char *begin_sign_in(
	struct request *request, const struct discovery *discovery, struct error *error)
{
	const struct settings *settings = request->tokend->generation->settings;
	char state[PKCE_TEXT_LEN + 1], nonce[PKCE_TEXT_LEN + 1],
		challenge[PKCE_CHALLENGE_LEN + 1];
	struct secret *verifier = pkce_verifier_new();
	struct vault_record record = {.kind = KIND_SIGN_IN, .id = state, .secret = verifier};
	char *uri = redirect_uri(settings), *url = NULL;
	struct oauth_authorize authorize = {.endpoint = discovery->authorization_endpoint,
		.client_id = settings->client_id,
		.redirect_uri = uri,
		.scopes = settings->confirmation_scopes,
		.state = state,
		.nonce = nonce,
		.challenge = challenge,
		.login_hint = json_string(request->invitation, "signed_in_as", NULL)};

	error_set(error, ERROR_TEMPORARY, "out of memory or randomness");
	if (uri != NULL && verifier != NULL && pkce_random_text(state) == 0 &&
		pkce_random_text(nonce) == 0 && pkce_challenge(verifier, challenge) == 0 &&
		(record.clear = state_clear(request, discovery, nonce)) != NULL &&
		vault_put(request->tokend->vault, &record, error) == 0)
		url = oauth_authorize_url(&authorize);
	vault_record_clear(&record);
	free(uri);
	return url;
}

static void got_discovery(void *context, const struct authority_answer *answer)
{
	struct request *request = context;
	struct json_object *reply;
	struct error error;
	char *url;

	request->wait = NULL;
	if (answer->refusal != NULL) {
		request_refuse(request, refusal_kind(answer->refusal->outcome), "%s",
			answer->refusal->text);
		return;
	}
	url = begin_sign_in(request, answer->discovery, &error);
	if (url == NULL) {
		request_fail(request, &error);
		return;
	}
	log_info("invitation=%s confirm", json_string(request->invitation, "id", ""));
	reply = json_object_new_object();
	if (reply != NULL)
		json_set_string(reply, "url", url);
	free(url);
	request_reply(request, reply);
}

void confirm_request(struct request *request)
{
	const struct settings *settings = request->tokend->generation->settings;

	if (record_status(request->invitation, time(NULL)) != STATUS_DEVICE_AUTHENTICATED) {
		request_refuse(request, ERROR_CONFLICT,
			"there is nothing to confirm; open the link of the invitation to see "
			"where it stands");
		return;
	}
	if (settings->confirmation_scopes[0] == NULL) {
		request_refuse(request, ERROR_CONFIGURATION,
			"the second sign-in was switched off (confirmation_scopes is empty)");
		return;
	}
	request->wait = authority_discovery(request->tokend->authority, settings->authority_url,
		json_string(request->invitation, "signed_in_tenant", ""), got_discovery,
		request);
	if (request->wait == NULL)
		request_refuse(request, ERROR_TEMPORARY, "out of memory");
}

/* --- op callback --- */

static const char *clear_text(const struct request *request, const char *name)
{
	return json_string(request->confirmation->record.clear, name, "");
}

static void reply_outcome(struct request *request, const char *outcome, const char *text)
{
	struct json_object *reply = json_object_new_object();

	log_info("invitation=%s callback outcome=%s text=%s", clear_text(request, "id"),
		outcome, text);
	if (reply != NULL) {
		json_set_string(reply, "link", clear_text(request, "link"));
		json_set_string(reply, "outcome", outcome);
		json_set_string(reply, "text", text);
	}
	request_reply(request, reply);
}

/* Says no, on record too. A passing fault needs another press of the button all the same: the code is spent. */
static void callback_failed(struct request *request, const struct refusal *refusal)
{
	bool passing = refusal->outcome == OUTCOME_TEMPORARY;
	struct json_object *event =
		store_refusal_event(passing ? "sign_in_error" : "sign_in_failed", refusal);

	if (event != NULL)
		store_tell(request->tokend, clear_text(request, "id"), event, NULL, NULL);
	reply_outcome(request, "failed", refusal->text);
}

static void passing(struct request *request, const char *code, const char *text)
{
	struct refusal refusal;

	refusal_set(&refusal, OUTCOME_TEMPORARY, code,
		"the confirmation came to no end (%s); please press the button once more",
		text);
	callback_failed(request, &refusal);
}

static void confirmed_told(void *context, const struct error *error)
{
	struct request *request = context;

	request->confirmation->telling = NULL;
	if (error != NULL)
		reply_outcome(request, "failed", error->text);
	else
		reply_outcome(request, "confirmed", "");
}

static void tell_confirmed(struct request *request)
{
	struct confirmation *confirmation = request->confirmation;
	struct store_told told = {confirmed_told, request};

	confirmation->telling = store_tell(request->tokend, clear_text(request, "id"),
		event_create("confirmed", time(NULL)), NULL, &told);
	if (confirmation->telling == NULL)
		passing(request, "memory", "out of memory");
}

static void check_account(struct request *request, const struct id_token_claims *claims)
{
	struct flow_account_rule rule = {
		.bound_tenant = clear_text(request, "signed_in_tenant"),
		.bound_oid = clear_text(request, "signed_in_oid"),
		.bound_name = clear_text(request, "signed_in_as")};
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

	if (error->kind == ERROR_NOT_FOUND && request->confirmation->keys_since == 0) {
		request->confirmation->keys_since = clock_monotonic_ms();
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
		.issuer = clear_text(request, "issuer"),
		.nonce = clear_text(request, "nonce"),
		.now = time(NULL),
	};
	struct id_token_claims claims = {0};
	struct error error;

	request->wait = NULL;
	if (answer->refusal != NULL)
		callback_failed(request, answer->refusal);
	else if (id_token_verify(answer->keys, request->confirmation->tokens.id_token,
			 &expected, &claims, &error) != 0)
		id_token_bad(request, &error);
	else
		check_account(request, &claims);
	id_token_claims_free(&claims);
}

static void ask_keys(struct request *request)
{
	request->wait =
		authority_keys(request->tokend->authority, clear_text(request, "jwks_uri"),
			request->confirmation->keys_since, got_keys, request);
	if (request->wait == NULL)
		passing(request, "memory", "out of memory");
}

static void got_tokens(void *context, const struct http_answer *answer)
{
	struct request *request = context;
	struct oauth_tokens *tokens = &request->confirmation->tokens;
	struct refusal refusal;

	request->http = NULL;
	if (answer->outcome != HTTP_ANSWERED) {
		passing(request, answer->fault, answer->error.text);
	} else if (oauth_tokens_read(&answer->reply, tokens, &refusal) != 0) {
		callback_failed(request, &refusal);
	} else if (tokens->id_token == NULL) {
		refusal_set(&refusal, OUTCOME_CONFIGURATION, "token_missing",
			"Microsoft gave no id_token; confirmation_scopes needs openid");
		callback_failed(request, &refusal);
	} else {
		ask_keys(request);
	}
}

static void redeem(struct request *request, const char *code)
{
	const struct settings *settings = request->tokend->generation->settings;
	char *uri = redirect_uri(settings);
	struct oauth_code exchange = {.client_id = settings->client_id,
		.code = code,
		.redirect_uri = uri,
		.verifier = request->confirmation->record.secret,
		.scopes = settings->confirmation_scopes};
	struct http_request http_request = {
		.url = clear_text(request, "token_endpoint"), .fresh = true};

	if (uri != NULL)
		http_request.form = oauth_code_body(&exchange);
	free(uri);
	if (http_request.form != NULL)
		request->http =
			http_send(request->tokend->http, &http_request, got_tokens, request);
	if (request->http == NULL)
		passing(request, "memory", "out of memory");
}

/* The state's record, out of the vault for good. Returns 0, or -1 with error set. */
static int take_state(struct request *request, const char *state, struct error *error)
{
	struct vault *vault = request->tokend->vault;
	struct confirmation *confirmation = request->confirmation;

	if (strlen(state) != PKCE_TEXT_LEN)
		return error_set(error, ERROR_NOT_FOUND, UNKNOWN_STATE);
	memcpy(confirmation->state, state, sizeof(confirmation->state));
	if (vault_get(vault, KIND_SIGN_IN, confirmation->state, &confirmation->record, error) !=
		0)
		return error->kind == ERROR_NOT_FOUND || error->kind == ERROR_PERMANENT
			       ? error_set(error, ERROR_NOT_FOUND, UNKNOWN_STATE)
			       : -1;
	if (vault_delete(vault, KIND_SIGN_IN, confirmation->state, error) != 0)
		return -1;
	if (json_int(confirmation->record.clear, "expires_at", 0) > time(NULL))
		return 0;
	return error_set(error, ERROR_NOT_FOUND,
		"the sign-in took too long; open the link of the invitation and start it "
		"again");
}

void callback_request(struct request *request)
{
	const char *state = json_string(request->body, "state", "");
	const char *code = json_string(request->body, "code", NULL);
	const char *refused = json_string(request->body, "error", NULL);
	struct refusal refusal;
	struct error error;

	request->confirmation = calloc(1, sizeof(*request->confirmation));
	if (request->confirmation == NULL) {
		request_refuse(request, ERROR_TEMPORARY, "out of memory");
	} else if (take_state(request, state, &error) != 0) {
		request_fail(request, &error);
	} else if (refused != NULL || code == NULL) {
		refusal_from_callback(refused != NULL ? refused : "no_code",
			json_string(request->body, "error_description", NULL), &refusal);
		callback_failed(request, &refusal);
	} else {
		redeem(request, code);
	}
}

/* --- what nobody came back from --- */

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

void confirm_sweep(struct tokend *tokend)
{
	struct error error;

	error.kind = ERROR_NONE;
	if (vault_each(tokend->vault, KIND_SIGN_IN, sweep_one, tokend, &error) != 0)
		log_warning("vault_each reason=%s", error.text);
}
