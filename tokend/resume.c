/*
 * What the vault holds is taken up by time, a few at a time, however much there is: after a
 * start the flows that were under way, and from then on the tokens whose refresh is due.
 * Whoever is asked for before his turn is read at once.
 *
 * A flow goes on unless its invitation is gone. A token that the store was not told of is due
 * from the start, and told again under the same change id. When nothing is due, a token that
 * was put off for longer than can be meant is taken sooner.
 */
#include "flow.h"

#include "refresh.h"
#include "requests.h"
#include "store.h"

#include "base/clock.h"
#include "base/log.h"
#include "invite/record.h"

#include <event2/event.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FLOWS_STEP  100
#define TOKENS_STEP 10

static const struct timeval flows_pause = {0, 10000};
static const struct timeval busy_pause = {
	0, 100000}; /* TOKENS_STEP each: 100 tokens a second at most */
static const struct timeval idle_pause = {1, 0};

struct resume {
	struct tokend *tokend;
	struct event *flows, *tokens; /* timers; flows NULL: all of them are here */
	struct vault_position position;
	int starts; /* left in this step */
};

static bool is_gone(struct json_object *invitation)
{
	enum status status = record_status(invitation, time(NULL));

	return status == STATUS_REVOKED || status == STATUS_EXPIRED;
}

static void go_on(struct flow *flow)
{
	log_info("invitation=%s resumed phase=%s", flow->id,
		flow->tokens.access_token != NULL ? "acquiring" : "polling");
	/* A poll may have been under way when we ended. */
	flow->progress.uncertain = true;
	flow_asked(flow);
	if (flow->tokens.access_token != NULL) {
		flow->phase = PHASE_ACQUIRING;
		flow_answer_signed_in(flow);
		flow_later(flow, 0);
	} else {
		flow->phase = PHASE_POLLING;
		flow_answer_waiters(flow, NULL);
		flow_spread(flow);
	}
}

static void got_record(void *context, struct json_object *reply, const struct error *error)
{
	struct flow *flow = context;
	struct error gone = {ERROR_CONFLICT, "the invitation is revoked or expired"};

	flow->ask = NULL;
	if (error != NULL && error->kind != ERROR_NOT_FOUND) {
		log_warning("invitation=%s resume reason=%s", flow->id, error->text);
		flow_later(flow, 2000);
	} else if (error != NULL || is_gone(json_member(reply, "invitation"))) {
		log_info("invitation=%s dropped reason=\"the invitation is gone\"", flow->id);
		flow_leave(flow, error != NULL ? error : &gone);
	} else {
		go_on(flow);
	}
}

void resume_step(struct flow *flow)
{
	if (flow->ask == NULL)
		flow->ask = store_get(
			flow->tokend, "id", flow->id, STORE_PATIENT, got_record, flow);
	if (flow->ask == NULL)
		flow_later(flow, 2000);
}

static void read_flow(struct tokend *tokend, const char *id)
{
	struct vault_record record;
	struct flow *flow = NULL;
	struct error error;
	int result = vault_get(tokend->vault, KIND_FLOW, id, &record, &error);

	if (result != 0 && error.kind == ERROR_NOT_FOUND)
		return;
	if (result == 0)
		flow = flow_load(tokend, &record, &error);
	vault_record_clear(&record);
	if (flow == NULL)
		log_error("invitation=%s flow_unreadable reason=%s", id, error.text);
	else
		flow_later(flow, 0);
}

static void take_flow(void *context, const char *id)
{
	struct resume *resume = context;

	if (flow_find(resume->tokend, id) == NULL)
		read_flow(resume->tokend, id);
}

struct flow *flow_wanted(struct tokend *tokend, const char *id)
{
	struct flow *flow = flow_find(tokend, id);

	if (flow != NULL || tokend->resume->flows == NULL)
		return flow;
	read_flow(tokend, id);
	return flow_find(tokend, id);
}

/* All of them, whatever the clock said when they were saved; those that began since the start
 * are known. */
static void on_flows(evutil_socket_t unused, short what, void *context)
{
	struct resume *resume = context;
	struct vault_due_query query = {.kind = KIND_FLOW,
		.until = INT64_MAX,
		.max = FLOWS_STEP,
		.position = &resume->position};
	struct error error;
	int n = vault_due(resume->tokend->vault, &query, take_flow, resume, &error);

	(void)unused;
	(void)what;
	if (n >= 0 && n < FLOWS_STEP) {
		event_free(resume->flows);
		resume->flows = NULL;
		return;
	}
	if (n < 0)
		log_error("vault_due reason=%s", error.text);
	event_add(resume->flows, n < 0 ? &idle_pause : &flows_pause);
}

void resume_telling(struct tokend *tokend, const struct vault_record *record)
{
	struct flow *flow = flow_find(tokend, record->id);

	if (flow != NULL && flow->phase == PHASE_TELLING)
		return;
	/* A flow of the same invitation is what this token came from. */
	if (flow != NULL) {
		flow_answer_signed_in(flow);
		flow_answer_returned(flow, "signed_in", "");
		flow_free(flow);
	}
	flow = flow_new(tokend, record->id, PHASE_TELLING);
	if (flow == NULL)
		return;
	flow->acquired = json_object_get(record->clear);
	log_info("invitation=%s resumed phase=telling", flow->id);
	flow_later(flow, 0);
}

static void take_token(void *context, const char *id)
{
	struct resume *resume = context;

	if (resume->starts <= 0 || refresh_find(resume->tokend, id) != NULL)
		return;
	resume->starts--;
	refresh_begin(resume->tokend, id, NULL);
}

static void take_sooner(void *context, const char *id)
{
	struct tokend *tokend = context;
	time_t interval = tokend->generation->settings->refresh_interval;
	struct error error;

	if (vault_postpone(tokend->vault, KIND_TOKEN, id,
		    refresh_soon(time(NULL), interval, random_number()), &error) != 0)
		log_warning("invitation=%s vault_postpone reason=%s", id, error.text);
	else
		log_info("invitation=%s refreshed_sooner", id);
}

/* No token waits for a time that a wrong clock, or an interval of before, set. */
static int sooner(struct tokend *tokend, struct error *error)
{
	time_t interval = tokend->generation->settings->refresh_interval;
	struct vault_due_query query = {.kind = KIND_TOKEN,
		.from = refresh_latest(time(NULL), interval) + 1,
		.until = INT64_MAX,
		.max = TOKENS_STEP};

	return vault_due(tokend->vault, &query, take_sooner, tokend, error);
}

/* Those that are under way stand at the front of what is due. */
static void on_tokens(evutil_socket_t unused, short what, void *context)
{
	struct resume *resume = context;
	struct tokend *tokend = resume->tokend;
	size_t free_n =
		tokend->refreshing_n < REFRESHES_MAX ? REFRESHES_MAX - tokend->refreshing_n : 0;
	struct vault_due_query query = {.kind = KIND_TOKEN, .until = time(NULL)};
	struct error error;
	int n = 0;

	(void)unused;
	(void)what;
	resume->starts = free_n < TOKENS_STEP ? (int)free_n : TOKENS_STEP;
	query.max = tokend->refreshes_n + (size_t)resume->starts;
	if (query.max > VAULT_DUE_AT_ONCE)
		query.max = VAULT_DUE_AT_ONCE;
	if (resume->starts > 0 && !tokend->stopping &&
		clock_monotonic_ms() >= tokend->refresh_pause)
		n = vault_due(tokend->vault, &query, take_token, resume, &error);
	if (n == 0 && !tokend->stopping)
		n = sooner(tokend, &error);
	if (n < 0)
		log_error("vault_due reason=%s", error.text);
	event_add(resume->tokens, n > 0 || resume->starts == 0 ? &busy_pause : &idle_pause);
}

int resume_begin(struct tokend *tokend)
{
	struct resume *resume = calloc(1, sizeof(*resume));

	tokend->resume = resume;
	if (resume == NULL)
		return -1;
	resume->tokend = tokend;
	resume->flows = evtimer_new(tokend->base, on_flows, resume);
	resume->tokens = evtimer_new(tokend->base, on_tokens, resume);
	if (resume->flows == NULL || resume->tokens == NULL)
		return -1;
	return event_add(resume->flows, &flows_pause) == 0 &&
			       event_add(resume->tokens, &busy_pause) == 0
		       ? 0
		       : -1;
}

void resume_free(struct tokend *tokend)
{
	struct resume *resume = tokend->resume;

	if (resume == NULL)
		return;
	if (resume->flows != NULL)
		event_free(resume->flows);
	if (resume->tokens != NULL)
		event_free(resume->tokens);
	free(resume);
	tokend->resume = NULL;
}
