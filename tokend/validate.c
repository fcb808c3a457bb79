/*
 * What follows a refresh: access tokens for those who asked, and the validation of those who
 * asked for that: does Graph say that the token works, is it the account that signed in, is
 * everything granted? What comes out is an event, and is answered when the store has it.
 */
#include "refresh.h"

#include "store.h"

#include "base/log.h"
#include "invite/event.h"
#include "token/flow.h"
#include "token/graph.h"
#include "token/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct json_object *validation_reply(const struct refresh *refresh, const char *words)
{
	struct json_object *reply = json_object_new_object();

	if (reply != NULL && json_set_string(reply, "validation", words) == 0 &&
		json_set_string(reply, "validated_at", refresh->validated_at) == 0 &&
		json_set_string(reply, "outcome",
			refresh->failure == ERROR_NONE ? "successful" : "failed") == 0)
		return reply;
	json_object_put(reply);
	return NULL;
}

static void words_of(const struct refresh *refresh, char *words, size_t size)
{
	if (refresh->failure == ERROR_NONE)
		snprintf(words, size, VALIDATION_STATUS "Successful");
	else
		snprintf(words, size, VALIDATION_STATUS "Failed: %s", refresh->refusal.text);
}

/* Of those who wait, everybody or those who asked for an access token. */
static void answer(struct refresh *refresh, bool everybody)
{
	char words[sizeof(VALIDATION_STATUS "Failed: ") + sizeof(refresh->refusal.text)];
	struct request *request, *next;

	words_of(refresh, words, sizeof(words));
	for (request = TAILQ_FIRST(&refresh->waiters); request != NULL; request = next) {
		next = TAILQ_NEXT(request, waiting);
		if (request->validate && !everybody)
			continue;
		if (request->validate &&
			(refresh->failure == ERROR_NONE || refresh->failure == ERROR_POLICY))
			request_reply(request, validation_reply(refresh, words));
		else if (refresh->failure != ERROR_NONE)
			request_refuse(request, refresh->failure, "%s", refresh->refusal.text);
		else
			request_reply(request, access_reply(refresh->tokend, refresh->id));
	}
}

static void validation_told(void *context, const struct error *error)
{
	struct refresh *refresh = context;

	refresh->telling = NULL;
	if (error == NULL)
		answer(refresh, true);
	refresh_rest(refresh, error);
}

/* Who asked for it, if an operator did. */
static const char *asked_by(const struct refresh *refresh)
{
	const struct request *request;

	TAILQ_FOREACH (request, &refresh->waiters, waiting)
		if (request->validate && json_string(request->body, "operator", NULL) != NULL)
			return json_string(request->body, "operator", NULL);
	return NULL;
}

static void tell_validation(struct refresh *refresh)
{
	struct store_told told = {validation_told, refresh};
	struct json_object *event = event_create("validated", time(NULL));
	char words[sizeof(VALIDATION_STATUS "Failed: ") + sizeof(refresh->refusal.text)];

	words_of(refresh, words, sizeof(words));
	log_info("invitation=%s validated outcome=%s", refresh->id,
		refresh->failure == ERROR_NONE ? "successful" : refresh->refusal.code);
	if (event != NULL && json_set_string(event, "validation", words) == 0 &&
		json_set_string(event, "operator", asked_by(refresh)) == 0) {
		snprintf(refresh->validated_at, sizeof(refresh->validated_at), "%s",
			json_string(event, "at", ""));
		refresh->telling = store_tell(refresh->tokend, refresh->id, event, NULL, &told);
	} else {
		json_object_put(event);
	}
	if (refresh->telling == NULL)
		refresh_fail(refresh, ERROR_TEMPORARY, "out of memory");
}

/* The outcome is known. */
static void conclude(struct refresh *refresh)
{
	if (refresh_wanted_validated(refresh)) {
		tell_validation(refresh);
		return;
	}
	answer(refresh, true);
	refresh_rest(refresh, NULL);
}

void validate_failed(
	struct refresh *refresh, enum error_kind kind, const struct refusal *refusal)
{
	refresh->refusal = *refusal;
	refresh->failure = kind;
	conclude(refresh);
}

static void refusal_told(void *context, const struct error *error)
{
	struct refresh *refresh = context;
	struct vault *vault = refresh->tokend->vault;
	struct error fault;

	refresh->telling = NULL;
	access_forget(refresh->tokend, refresh->id);
	if (error != NULL) {
		if (vault_postpone(vault, KIND_TOKEN, refresh->id,
			    time(NULL) + REFRESH_FAULT_WAIT, &fault) != 0)
			log_error("invitation=%s vault_postpone reason=%s", refresh->id,
				fault.text);
		refresh_rest(refresh, error);
		return;
	}
	/* Should this fail, the next look finds the invitation in needs_sign_in and deletes it
	 * then. */
	if (vault_delete(vault, KIND_TOKEN, refresh->id, &fault) != 0)
		log_error("invitation=%s vault_delete reason=%s", refresh->id, fault.text);
	conclude(refresh);
}

void validate_refused(struct refresh *refresh, const struct refusal *refusal)
{
	struct store_told told = {refusal_told, refresh};
	struct json_object *event = store_refusal_event("token_refused", refusal);

	log_warning("invitation=%s token_refused code=%s text=%s", refresh->id, refusal->code,
		refusal->text);
	refresh->refusal = *refusal;
	refresh->failure = ERROR_POLICY;
	if (event != NULL)
		refresh->telling = store_tell(refresh->tokend, refresh->id, event, NULL, &told);
	if (refresh->telling == NULL)
		refresh_fail(refresh, ERROR_TEMPORARY, "out of memory");
}

static bool scopes_granted(struct refresh *refresh, struct refusal *refusal_r)
{
	const struct settings *settings = refresh->tokend->generation->settings;
	struct buf missing;
	int n;

	buf_init(&missing, 300);
	n = oauth_scopes_missing(
		settings->scopes, refresh->tokens.scope, settings->graph_url, &missing);
	refusal_set(refusal_r, OUTCOME_CONSENT_REQUIRED, "scopes_missing",
		"permissions are missing (%s); an administrator has to approve them",
		missing.failed ? "several" : missing.data);
	buf_free(&missing);
	return n == 0;
}

/* Whatever Graph says: the refresh token stays, for Entra has just replaced it. A wrong graph_url, or
 * a bad hour of Graph's, would end every customer's that is validated. */
static void proof_refused(struct refresh *refresh, const struct refusal *refusal)
{
	if (refusal->retry_after > 0)
		refresh->not_before =
			clock_monotonic_ms() + (uint64_t)refusal->retry_after * 1000;
	refresh->refusal = *refusal;
	if (refusal->outcome == OUTCOME_TEMPORARY)
		refresh_fail(refresh, ERROR_TEMPORARY, "%s", refresh->refusal.text);
	else
		validate_failed(refresh, ERROR_POLICY, refusal);
}

static void got_me(void *context, const struct http_answer *http_answer)
{
	struct refresh *refresh = context;
	const char *oid = json_string(refresh->record.clear, "signed_in_oid", "");
	struct refusal refusal;
	char *upn = NULL;

	refresh->http = NULL;
	if (http_answer->outcome != HTTP_ANSWERED) {
		flow_fault(http_answer, &refusal);
		proof_refused(refresh, &refusal);
	} else if (graph_me_read(&http_answer->reply, oid, &upn, &refusal) != 0 ||
		   !scopes_granted(refresh, &refusal)) {
		proof_refused(refresh, &refusal);
	} else {
		conclude(refresh);
	}
	free(upn);
}

static void ask_graph(struct refresh *refresh)
{
	const struct settings *settings = refresh->tokend->generation->settings;
	struct http_request request = {
		.bearer = refresh->tokens.access_token, .kind = COUNT_ENDPOINT_GRAPH};
	char *url;

	if (asprintf(&url, "%s%s", settings->graph_url, GRAPH_ME_PATH) >= 0) {
		request.url = url;
		refresh->http = http_send(refresh->tokend->http, &request, got_me, refresh);
		free(url);
	}
	if (refresh->http == NULL)
		refresh_fail(refresh, ERROR_TEMPORARY, "out of memory");
}

void validate_begin(struct refresh *refresh)
{
	struct secret *copy;

	refresh->failure = ERROR_NONE;
	if (!TAILQ_EMPTY(&refresh->waiters)) {
		copy = secret_new(secret_bytes(refresh->tokens.access_token),
			secret_len(refresh->tokens.access_token));
		access_keep(refresh->tokend, refresh->id, &copy, refresh->tokens.expires_in);
	}
	answer(refresh, false);
	if (!refresh_wanted_validated(refresh))
		refresh_rest(refresh, NULL);
	else if (refresh->tokend->stopping)
		refresh_fail(refresh, ERROR_TEMPORARY, "tokend is being restarted; try again");
	else
		ask_graph(refresh);
}
