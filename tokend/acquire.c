/*
 * From tokens to a proved token. What Microsoft gave once must not be lost to a passing fault,
 * so the tokens are sealed as they came before anything is looked at. Then, each time from the
 * beginning: the invitation as it is now, the id_token's signature and claims, whose account it
 * is, what was granted, and Graph as the proof that the access token works. Whatever is wrong
 * for good ends the flow, and with it the sealed tokens.
 *
 * An id_token is good for an hour; Graph, the store or we ourselves may be away for longer.
 * Whether it is of the right time is therefore asked of the moment when it came.
 */
#include "flow.h"

#include "store.h"

#include "base/clock.h"
#include "base/log.h"
#include "invite/record.h"
#include "token/flow_account.h"
#include "token/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void passing(struct flow *flow, const char *code, const char *text)
{
	struct refusal refusal;

	refusal_set(&refusal, OUTCOME_TEMPORARY, code, "%s; it is tried again", text);
	flow_refused(flow, &refusal, false);
}

/* The proof that it works: Graph. */

static void renewed(void *context, const struct http_answer *answer)
{
	struct flow *flow = context;
	struct oauth_tokens fresh = {0};
	time_t id_token_at = time(NULL);
	struct refusal refusal;

	flow->http = NULL;
	if (answer->outcome != HTTP_ANSWERED) {
		flow_fault(answer, &refusal);
	} else if (oauth_tokens_read(&answer->reply, &fresh, &refusal) == 0) {
		flow->renew = false;
		flow->renewed = true;
		if (fresh.refresh_token == NULL) {
			fresh.refresh_token = flow->tokens.refresh_token;
			flow->tokens.refresh_token = NULL;
		}
		if (fresh.id_token == NULL) {
			fresh.id_token = flow->tokens.id_token;
			flow->tokens.id_token = NULL;
			id_token_at = flow->id_token_at;
		} else {
			/* The first one answered the nonce; a refreshed one need not have it. */
			free(flow->nonce);
			flow->nonce = NULL;
		}
		acquire_begin(flow, &fresh, id_token_at);
		return;
	}
	flow_refused(flow, &refusal, answer->outcome == HTTP_UNCERTAIN);
}

/* The access token has run out while Graph was away. */
static void renew(struct flow *flow)
{
	const struct settings *settings = flow->tokend->generation->settings;
	struct http_request request = {
		.url = flow->token_endpoint, .fresh = true, .kind = COUNT_ENDPOINT_REFRESH};

	request.form = oauth_refresh_body(
		settings->client_id, flow->tokens.refresh_token, settings->scopes);
	flow_asked(flow);
	if (request.form != NULL)
		flow->http = http_send(flow->tokend->http, &request, renewed, flow);
	if (flow->http == NULL)
		passing(flow, "memory", "out of memory");
}

static struct flow_account_rule account_rule(const struct flow *flow)
{
	struct json_object *record = flow->record;

	return (struct flow_account_rule){
		.bound_tenant = json_string(record, "signed_in_tenant", NULL),
		.bound_oid = json_string(record, "signed_in_oid", NULL),
		.bound_name = json_string(record, "signed_in_as", NULL),
		.tenant_id = flow->tenant_id,
		.tenant = flow->tenant,
		.admin_email = json_string(record, "m365_admin_email", NULL),
	};
}

/* Is it the account that was invited, as far as that is known by now? Else the flow has ended. */
static bool account_fits(struct flow *flow, const char *user_principal_name)
{
	struct flow_account_rule rule = account_rule(flow);
	struct flow_account account = {.tid = flow->claims.tid,
		.oid = flow->claims.oid,
		.user_principal_name = user_principal_name,
		.preferred_username = flow->claims.preferred_username};
	struct refusal refusal;

	if (flow_account_check(&rule, &account, &refusal) == 0)
		return true;
	flow_end(flow, &refusal, false);
	return false;
}

static void got_me(void *context, const struct http_answer *answer)
{
	struct flow *flow = context;
	char *upn = NULL;
	struct refusal refusal;
	struct error error;

	flow->http = NULL;
	if (answer->outcome != HTTP_ANSWERED) {
		flow_fault(answer, &refusal);
		flow_refused(flow, &refusal, false);
	} else if (graph_me_read(&answer->reply, flow->claims.oid, &upn, &refusal) != 0) {
		flow->renew = refusal.outcome == OUTCOME_NEEDS_SIGN_IN && !flow->renewed;
		if (flow->renew)
			flow_later(flow, 0);
		else
			flow_refused(flow, &refusal, false);
	} else if (account_fits(flow, upn)) {
		if (token_seal(flow, upn, &error) == 0)
			tell_step(flow);
		else
			passing(flow, "vault", error.text);
	}
	free(upn);
}

static void ask_graph(struct flow *flow)
{
	const struct settings *settings = flow->tokend->generation->settings;
	struct http_request request = {
		.bearer = flow->tokens.access_token, .kind = COUNT_ENDPOINT_GRAPH};
	char *url;

	if (asprintf(&url, "%s%s", settings->graph_url, GRAPH_ME_PATH) >= 0) {
		request.url = url;
		flow->http = http_send(flow->tokend->http, &request, got_me, flow);
		free(url);
	}
	if (flow->http == NULL)
		passing(flow, "memory", "out of memory");
}

static void check_scopes(struct flow *flow)
{
	const struct settings *settings = flow->tokend->generation->settings;
	struct refusal refusal;
	struct buf missing;
	int n;

	buf_init(&missing, 300);
	n = oauth_scopes_missing(
		settings->scopes, flow->tokens.scope, settings->graph_url, &missing);
	refusal_set(&refusal, OUTCOME_DECLINED, "scopes_missing",
		"Microsoft did not grant all permissions (missing: %s); an administrator has to "
		"approve them, then somebody signs in again",
		missing.failed ? "several" : missing.data);
	buf_free(&missing);
	if (n > 0)
		flow_end(flow, &refusal, false);
	else
		ask_graph(flow);
}

static void ask_keys(struct flow *flow);

static void id_token_bad(struct flow *flow, const struct error *error)
{
	struct refusal refusal;

	if (error->kind == ERROR_NOT_FOUND && flow->keys_since == 0) {
		flow->keys_since = clock_monotonic_ms();
		ask_keys(flow);
		return;
	}
	if (error->kind == ERROR_TEMPORARY) {
		passing(flow, "memory", error->text);
		return;
	}
	refusal_set(&refusal, OUTCOME_DECLINED,
		error->kind == ERROR_POLICY ? "personal_account" : "id_token",
		"%s; nothing was kept, start again", error->text);
	flow_end(flow, &refusal, false);
}

static void got_keys(void *context, const struct authority_answer *answer)
{
	struct flow *flow = context;
	struct id_token_expectations expected = {
		.client_id = flow->tokend->generation->settings->client_id,
		.issuer = flow->issuer,
		.nonce = flow->nonce,
		.now = flow->id_token_at,
	};
	struct error error;

	flow->wait = NULL;
	if (answer->refusal != NULL) {
		flow_refused(flow, answer->refusal, false);
		return;
	}
	id_token_claims_free(&flow->claims);
	if (id_token_verify(
		    answer->keys, flow->tokens.id_token, &expected, &flow->claims, &error) != 0)
		id_token_bad(flow, &error);
	else if (account_fits(flow, NULL))
		check_scopes(flow);
}

static void ask_keys(struct flow *flow)
{
	flow->wait = authority_keys(
		flow->tokend->authority, flow->jwks_uri, flow->keys_since, got_keys, flow);
	if (flow->wait == NULL)
		passing(flow, "memory", "out of memory");
}

/* Are the tokens there that scopes ask for? Else the flow has ended. */
static bool tokens_complete(struct flow *flow)
{
	struct refusal refusal;
	const char *missing = flow->tokens.id_token == NULL ? "id_token (scope openid)" : NULL;

	if (flow->tokens.refresh_token == NULL)
		missing = "refresh token (scope offline_access)";
	if (missing == NULL)
		return true;
	refusal_set(&refusal, OUTCOME_CONFIGURATION, "token_missing",
		"Microsoft gave no %s; check scopes and the app registration", missing);
	flow_end(flow, &refusal, true);
	return false;
}

static void got_record(void *context, struct json_object *reply, const struct error *error)
{
	struct flow *flow = context;
	struct json_object *record = json_member(reply, "invitation");
	enum status status;

	flow->ask = NULL;
	if (error != NULL && error->kind != ERROR_NOT_FOUND) {
		log_warning("invitation=%s acquire reason=%s", flow->id, error->text);
		flow_later(flow, 2000);
		return;
	}
	status = error == NULL ? record_status(record, time(NULL)) : STATUS_REVOKED;
	if (status == STATUS_REVOKED || status == STATUS_EXPIRED) {
		log_info("invitation=%s dropped reason=\"the invitation is gone\"", flow->id);
		flow_leave(flow, NULL);
		return;
	}
	json_object_put(flow->record);
	flow->record = json_object_get(record);
	if (tokens_complete(flow))
		ask_keys(flow);
}

void acquire_step(struct flow *flow)
{
	struct error error;

	if (flow->unsaved && flow_save(flow, &error) != 0) {
		passing(flow, "vault", error.text);
		return;
	}
	flow->unsaved = false;
	if (flow->tokend->stopping) {
		flow_answer_returned(flow, "signed_in", "");
		return;
	}
	if (flow->renew) {
		renew(flow);
		return;
	}
	flow->ask = store_get(flow->tokend, "id", flow->id, STORE_PATIENT, got_record, flow);
	if (flow->ask == NULL)
		passing(flow, "memory", "out of memory");
}

void acquire_begin(struct flow *flow, struct oauth_tokens *tokens, time_t id_token_at)
{
	log_info("invitation=%s tokens_received", flow->id);
	oauth_tokens_free(&flow->tokens);
	flow->tokens = *tokens;
	flow->id_token_at = id_token_at;
	oauth_device_free(&flow->device);
	store_event_detach(&flow->telling);
	flow_answer_signed_in(flow);
	flow->phase = PHASE_ACQUIRING;
	flow->progress = (struct flow_progress){.interval = 1};
	flow->unsaved = true;
	flow->keys_since = 0;
	acquire_step(flow);
}
