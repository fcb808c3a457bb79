/*
 * One round: is the invitation still there, then the refresh token goes out on a fresh
 * connection, and the one that comes back is sealed before anything else is done with it.
 *
 * Before a refresh token is sent its record says so ("unsure"), until an answer has come.
 * Whoever finds that mark knows that Microsoft may have replaced the token already: the old one
 * is tried once more, and a refusal then reads differently.
 */
#include "refresh.h"

#include "flow.h"
#include "monitor.h"
#include "store.h"

#include "base/log.h"
#include "invite/event.h"
#include "invite/record.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#define UNSURE	 "unsure"
#define FAILURES "failures"

#define PAUSE_MS 10000

static const struct timeval save_again = {2, 0};

/* Neither vault nor store is one token's: what else is due would fare the same. */
static void pause_all(struct refresh *refresh)
{
	refresh->tokend->refresh_pause = clock_monotonic_ms() + PAUSE_MS;
}

static int put(struct refresh *refresh, struct error *error)
{
	return vault_put(refresh->tokend->vault, &refresh->record, error);
}

/* Not before that, then again; whoever waits gets the error. */
static void postpone(struct refresh *refresh, time_t wait, const struct error *why)
{
	struct error error;

	if (vault_postpone(refresh->tokend->vault, KIND_TOKEN, refresh->id, time(NULL) + wait,
		    &error) != 0) {
		log_warning("invitation=%s vault_postpone reason=%s", refresh->id, error.text);
		pause_all(refresh);
	}
	refresh_rest(refresh, why);
}

/* Takes the new refresh token into the record. */
static int take_tokens(struct refresh *refresh)
{
	struct vault_record *record = &refresh->record;
	const struct settings *settings = refresh->tokend->generation->settings;

	if (refresh->tokens.refresh_token != NULL) {
		secret_free(&record->secret);
		record->secret = refresh->tokens.refresh_token;
		refresh->tokens.refresh_token = NULL;
	}
	json_object_object_del(record->clear, UNSURE);
	json_object_object_del(record->clear, FAILURES);
	record->due = refresh_due(time(NULL), settings->refresh_interval, random_number());
	return json_set_int(record->clear, "refreshed_at", time(NULL)) == 0 &&
			       json_set_string(
				       record->clear, "client_id", settings->client_id) == 0
		       ? 0
		       : -1;
}

/* A validation tells more. Should this get lost, the next refresh tells it. */
static void tell_use(struct refresh *refresh)
{
	struct json_object *event;

	if (refresh_wanted_validated(refresh) ||
		!refresh_use_is_news(refresh->used, time(NULL)))
		return;
	event = event_create("token_used", time(NULL));
	if (event == NULL ||
		store_tell(refresh->tokend, refresh->id, event, NULL, NULL) == NULL)
		log_warning("invitation=%s token_used reason=\"out of memory\"", refresh->id);
}

void renew_save(struct refresh *refresh)
{
	struct error error;

	if (put(refresh, &error) != 0) {
		log_error("invitation=%s vault_put reason=%s", refresh->id, error.text);
		pause_all(refresh);
		event_add(refresh->timer, &save_again);
		return;
	}
	metrics_count(refresh->tokend->metrics, METRIC_TOKEND_REFRESHES, COUNT_REFRESH_DONE);
	log_info("invitation=%s refreshed", refresh->id);
	tell_use(refresh);
	validate_begin(refresh);
}

/* Tries again later, whatever has happened. */
static void again(struct refresh *refresh, const struct refresh_plan *plan, bool unsure)
{
	struct json_object *clear = refresh->record.clear;
	struct error error, why;

	if (plan->refusal.retry_after > 0)
		refresh->not_before =
			clock_monotonic_ms() + (uint64_t)plan->refusal.retry_after * 1000;
	json_set_int(clear, FAILURES, json_int(clear, FAILURES, 0) + 1);
	json_set_flag(clear, UNSURE, unsure);
	refresh->record.due = time(NULL) + plan->wait;
	if (put(refresh, &error) != 0) {
		log_warning("invitation=%s vault_put reason=%s", refresh->id, error.text);
		pause_all(refresh);
	}
	if (!plan->passing) {
		log_error("invitation=%s refresh_failed code=%s wait_s=%lld text=%s",
			refresh->id, plan->refusal.code, (long long)plan->wait,
			plan->refusal.text);
		validate_failed(refresh, refusal_kind(plan->refusal.outcome), &plan->refusal);
		return;
	}
	log_warning("invitation=%s refresh_again code=%s wait_s=%lld text=%s", refresh->id,
		plan->refusal.code, (long long)plan->wait, plan->refusal.text);
	error_set(&why, ERROR_TEMPORARY, "%s", plan->refusal.text);
	refresh_rest(refresh, &why);
}

static void refused(struct refresh *refresh, bool unsure)
{
	struct json_object *clear = refresh->record.clear;
	int64_t failures = json_int(clear, FAILURES, 0);
	struct refresh_facts facts = {.refusal = &refresh->refusal,
		.unsure = refresh->was_unsure,
		.failures = failures > 0 && failures < 100 ? (unsigned)failures : 0,
		.random = random_number()};
	struct refresh_plan plan;

	refresh_decide(&facts, &plan);
	refresh->refusal = plan.refusal;
	monitor_refusal(refresh->tokend, &plan.refusal);
	metrics_count(refresh->tokend->metrics, METRIC_TOKEND_REFRESHES,
		plan.refused   ? COUNT_REFRESH_NEEDS_SIGN_IN
		: plan.passing ? COUNT_REFRESH_AGAIN
			       : COUNT_REFRESH_FAULT);
	if (plan.refused)
		validate_refused(refresh, &plan.refusal);
	else
		again(refresh, &plan, unsure);
}

static void got_tokens(void *context, const struct http_answer *answer)
{
	struct refresh *refresh = context;
	bool unsure = false;

	refresh->http = NULL;
	if (answer->outcome != HTTP_ANSWERED) {
		flow_fault(answer, &refresh->refusal);
		unsure = refresh->was_unsure || answer->outcome == HTTP_UNCERTAIN;
	} else if (oauth_tokens_read(&answer->reply, &refresh->tokens, &refresh->refusal) ==
		   0) {
		if (take_tokens(refresh) == 0)
			renew_save(refresh);
		else
			refresh_fail(refresh, ERROR_TEMPORARY, "out of memory");
		return;
	} else {
		/* A success that could not be read was one all the same. */
		unsure = answer->reply.status == 200 ||
			 (refresh->was_unsure && refresh->refusal.outcome == OUTCOME_TEMPORARY);
	}
	refused(refresh, unsure);
}

/* Not for more than was granted: a permission that scopes names since would be refused, and the token
 * with it, though it is as good as it was. Validations say what is missing. */
static struct secret *refresh_body(const struct refresh *refresh)
{
	const struct settings *settings = refresh->tokend->generation->settings;
	const char **scopes = oauth_scopes_granted(settings->scopes,
		json_string(refresh->record.clear, "granted_scopes", NULL),
		settings->graph_url);
	struct secret *body = NULL;

	if (scopes != NULL)
		body = oauth_refresh_body(settings->client_id, refresh->record.secret, scopes);
	free(scopes);
	return body;
}

static void send_token(struct refresh *refresh)
{
	struct json_object *clear = refresh->record.clear;
	struct http_request request = {.url = json_string(clear, "token_endpoint", ""),
		.fresh = true,
		.kind = COUNT_ENDPOINT_REFRESH};
	struct error error;

	error_memory(&error);
	refresh->was_unsure = json_flag(clear, UNSURE, false);
	if (!refresh->was_unsure &&
		(json_set_flag(clear, UNSURE, true) != 0 || put(refresh, &error) != 0)) {
		log_warning("invitation=%s vault_put reason=%s", refresh->id, error.text);
		pause_all(refresh);
		refresh_rest(refresh, &error);
		return;
	}
	request.form = refresh_body(refresh);
	if (request.form != NULL)
		refresh->http = http_send(refresh->tokend->http, &request, got_tokens, refresh);
	if (refresh->http == NULL)
		refresh_fail(refresh, ERROR_TEMPORARY, "out of memory");
}

static void no_token(struct refresh *refresh, struct json_object *invitation)
{
	struct json_object *last = json_member(invitation, "last_error");
	const char *state = json_string(invitation, "token_state", "none");

	if (strcmp(state, "needs_sign_in") == 0)
		refresh_fail(refresh, ERROR_POLICY, "a new sign-in is needed: %s",
			json_string(last, "text", "the token is not accepted any more"));
	else if (flow_find(refresh->tokend, refresh->id) != NULL)
		refresh_fail(refresh, ERROR_POLICY,
			"nobody has finished signing in yet; a sign-in is under way");
	else
		refresh_fail(refresh, ERROR_POLICY,
			"there is no token: somebody has to sign in with the invitation's link");
}

static void unreadable(struct refresh *refresh, const struct error *fault)
{
	log_error("invitation=%s token_unreadable reason=%s", refresh->id, fault->text);
	postpone(refresh, REFRESH_FAULT_WAIT, fault);
}

static void delete_token(struct refresh *refresh, struct json_object *invitation)
{
	struct error error;

	if (vault_delete(refresh->tokend->vault, KIND_TOKEN, refresh->id, &error) != 0)
		log_error("invitation=%s vault_delete reason=%s", refresh->id, error.text);
	access_forget(refresh->tokend, refresh->id);
	no_token(refresh, invitation);
}

/* Another application's token would be refused for good, and so would each customer's. One that was
 * acquired before this was noted gets the note by its next refresh. */
static bool of_another_application(const struct refresh *refresh)
{
	const char *ours = refresh->tokend->generation->settings->client_id;

	return strcmp(json_string(refresh->record.clear, "client_id", ours), ours) != 0;
}

static void not_sent(struct refresh *refresh)
{
	struct json_object *clear = refresh->record.clear;

	refusal_set(&refresh->refusal, OUTCOME_CONFIGURATION, "client_id",
		"the token was given to the application %s, and client_id names another one by "
		"now; set it back, or, if the change was meant, invite the customer anew",
		json_string(clear, "client_id", ""));
	refused(refresh, json_flag(clear, UNSURE, false));
}

/* The token as it lies in the vault, for an invitation that the store knows. */
static void read_token(struct refresh *refresh, struct json_object *invitation)
{
	struct vault_record *record = &refresh->record;
	struct error error;

	if (vault_get(refresh->tokend->vault, KIND_TOKEN, refresh->id, record, &error) != 0) {
		if (error.kind == ERROR_NOT_FOUND)
			no_token(refresh, invitation);
		else
			unreadable(refresh, &error);
	} else if (!json_flag(record->clear, "told", false)) {
		resume_telling(refresh->tokend, record);
		refresh_fail(refresh, ERROR_TEMPORARY,
			"somebody has just signed in; try again in a moment");
	} else if (strcmp(json_string(invitation, "token_state", ""), "needs_sign_in") == 0) {
		delete_token(refresh, invitation);
	} else if (of_another_application(refresh)) {
		not_sent(refresh);
	} else {
		send_token(refresh);
	}
}

static void got_record(void *context, struct json_object *reply, const struct error *error)
{
	struct refresh *refresh = context;
	struct json_object *invitation = json_member(reply, "invitation");
	const time_t interval = refresh->tokend->generation->settings->refresh_interval;

	refresh->ask = NULL;
	if (error != NULL && error->kind == ERROR_NOT_FOUND) {
		log_warning("invitation=%s token_without_invitation", refresh->id);
		postpone(refresh, interval, error);
	} else if (error != NULL) {
		log_warning("invitation=%s refresh reason=%s", refresh->id, error->text);
		pause_all(refresh);
		refresh_rest(refresh, error);
	} else if (record_status(invitation, time(NULL)) == STATUS_REVOKED) {
		flow_revoke(refresh->tokend, refresh->id);
	} else if (refresh->tokend->stopping) {
		refresh_fail(refresh, ERROR_TEMPORARY, "tokend is being restarted; try again");
	} else {
		refresh->used = record_token_used_at(invitation);
		read_token(refresh, invitation);
	}
}

void renew_begin(struct refresh *refresh)
{
	refresh->ask = store_get(
		refresh->tokend, "id", refresh->id, IPC_TIMEOUT_MS, got_record, refresh);
	if (refresh->ask == NULL)
		refresh_fail(refresh, ERROR_TEMPORARY, "out of memory");
}
