/*
 * The life of a flow: its timer, its end, what is done about a refusal. What a refusal means is
 * decided in token/flow.h.
 *
 * A flow stays in the tree until its last event is with the store, and for a second behind its
 * last request to Microsoft, so that however often somebody presses Start, Microsoft is asked
 * once a second at most.
 */
#include "flow.h"

#include "monitor.h"
#include "refresh.h"
#include "requests.h"
#include "store.h"

#include "base/clock.h"
#include "base/log.h"

#include <event2/event.h>
#include <event2/util.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Anybody can send an unproved consent mail; many of them must not earn us Microsoft's
 * slow_down. */
#define HINT_MS 10000

static int flow_compare(const void *a, const void *b)
{
	return strcmp(((const struct flow *)a)->id, ((const struct flow *)b)->id);
}

struct flow *flow_find(struct tokend *tokend, const char *id)
{
	struct flow key;
	struct flow **found;

	if (strlen(id) != INVITATION_ID_LEN)
		return NULL;
	memcpy(key.id, id, sizeof(key.id));
	found = tfind(&key, &tokend->flows, flow_compare);
	return found != NULL ? *found : NULL;
}

uint32_t random_number(void)
{
	uint32_t number;

	evutil_secure_rng_get_bytes(&number, sizeof(number));
	return number;
}

void flow_cancel(struct flow *flow)
{
	http_cancel(&flow->http);
	authority_cancel(&flow->wait);
	if (flow->ask != NULL)
		ipc_async_cancel(&flow->ask);
	event_del(flow->timer);
}

static void flow_wipe(struct flow *flow)
{
	oauth_device_free(&flow->device);
	oauth_tokens_free(&flow->tokens);
	id_token_claims_free(&flow->claims);
	json_object_put(flow->record);
	json_object_put(flow->acquired);
	flow->record = flow->acquired = NULL;
}

void flow_free(struct flow *flow)
{
	tdelete(flow, &flow->tokend->flows, flow_compare);
	LIST_REMOVE(flow, entry);
	flow->tokend->flows_n--;
	flow_cancel(flow);
	while (!TAILQ_EMPTY(&flow->waiters))
		request_wait(TAILQ_FIRST(&flow->waiters), NULL);
	while (!TAILQ_EMPTY(&flow->returned))
		request_wait(TAILQ_FIRST(&flow->returned), NULL);
	store_event_detach(&flow->telling);
	event_free(flow->timer);
	flow_wipe(flow);
	tenants_free(&flow->tenants);
	free(flow->tenant);
	free(flow->tenant_id);
	free(flow->issuer);
	free(flow->token_endpoint);
	free(flow->jwks_uri);
	free(flow->nonce);
	free(flow->login_hint);
	free(flow);
}

void flows_free(struct tokend *tokend)
{
	while (!LIST_EMPTY(&tokend->flow_list))
		flow_free(LIST_FIRST(&tokend->flow_list));
}

/* The pause is over: whoever pressed Start meanwhile begins anew. */
static void flow_remove(struct flow *flow)
{
	struct request_list waiters = TAILQ_HEAD_INITIALIZER(waiters);
	struct request *request;

	while ((request = TAILQ_FIRST(&flow->waiters)) != NULL)
		request_wait(request, &waiters);
	flow_free(flow);
	while ((request = TAILQ_FIRST(&waiters)) != NULL) {
		request_wait(request, NULL);
		start_request(request);
	}
}

static void on_timer(evutil_socket_t unused, short what, void *context)
{
	static void (*const steps[])(struct flow *) = {
		[PHASE_RESUMING] = resume_step,
		[PHASE_STARTING] = start_step,
		[PHASE_POLLING] = poll_step,
		[PHASE_ACQUIRING] = acquire_step,
		[PHASE_TELLING] = tell_step,
		[PHASE_ENDING] = flow_remove,
	};
	struct flow *flow = context;

	(void)unused;
	(void)what;
	steps[flow->phase](flow);
}

struct flow *flow_new(struct tokend *tokend, const char *id, enum flow_phase phase)
{
	struct flow *flow = calloc(1, sizeof(*flow));

	if (flow == NULL)
		return NULL;
	flow->tokend = tokend;
	flow->phase = phase;
	flow->progress.interval = 1;
	memccpy(flow->id, id, '\0', INVITATION_ID_LEN);
	TAILQ_INIT(&flow->waiters);
	TAILQ_INIT(&flow->returned);
	flow->timer = evtimer_new(tokend->base, on_timer, flow);
	if (flow->timer == NULL || tsearch(flow, &tokend->flows, flow_compare) == NULL) {
		if (flow->timer != NULL)
			event_free(flow->timer);
		free(flow);
		return NULL;
	}
	LIST_INSERT_HEAD(&tokend->flow_list, flow, entry);
	tokend->flows_n++;
	return flow;
}

bool flow_signed_in(const struct flow *flow)
{
	return flow->phase == PHASE_ACQUIRING || flow->phase == PHASE_TELLING ||
	       flow->tokens.access_token != NULL;
}

void flow_asked(struct flow *flow)
{
	flow->last_request = clock_monotonic_ms();
}

void flow_later(struct flow *flow, int ms)
{
	uint64_t now = clock_monotonic_ms(), due = now + (uint64_t)ms;
	struct timeval wait;

	if (flow->last_request > 0 && due < flow->last_request + FLOW_MIN_WAIT_MS)
		due = flow->last_request + FLOW_MIN_WAIT_MS;
	if (due < flow->not_before)
		due = flow->not_before;
	wait.tv_sec = (time_t)((due - now) / 1000);
	wait.tv_usec = (suseconds_t)((due - now) % 1000 * 1000);
	event_add(flow->timer, &wait);
}

void flow_spread(struct flow *flow)
{
	flow_later(flow, (int)(random_number() % ((uint32_t)flow->progress.interval * 1000)));
}

/* Nothing of it is needed any more; what is left is the pause. */
static void flow_pause(struct flow *flow)
{
	struct error error;

	if (vault_delete(flow->tokend->vault, KIND_FLOW, flow->id, &error) != 0)
		log_warning("invitation=%s vault_delete reason=%s", flow->id, error.text);
	flow_later(flow, 0);
}

static void failure_told(void *context, const struct error *error)
{
	struct flow *flow = context;

	(void)error;
	flow->telling = NULL;
	flow_answer_returned(flow, "failed", flow->refusal.text);
	flow_pause(flow);
}

static void flow_stop(struct flow *flow, const struct error *error)
{
	flow_cancel(flow);
	store_event_detach(&flow->telling);
	flow_wipe(flow);
	flow->phase = PHASE_ENDING;
	if (error != NULL)
		flow_answer_waiters(flow, error);
}

void flow_end(struct flow *flow, const struct refusal *refusal, bool final)
{
	struct store_told told = {failure_told, flow};
	struct json_object *event = store_refusal_event("sign_in_failed", refusal);
	/* Who has pressed Start since the code was over gets a new one behind the pause. */
	bool anew = flow->phase == PHASE_POLLING && !final && flow->expires_at <= time(NULL);
	struct error error;

	monitor_refusal(flow->tokend, refusal);
	monitor_sign_in_failed(flow->tokend, refusal);
	log_info("invitation=%s sign_in_failed code=%s final=%s text=%s", flow->id,
		refusal->code, final ? "yes" : "no", refusal->text);
	flow->refusal = *refusal;
	error_set(&error, refusal_kind(refusal->outcome), "%s", flow->refusal.text);
	flow_stop(flow, anew ? NULL : &error);
	if (event != NULL && json_set_flag(event, "final", final) == 0)
		flow->telling = store_tell(flow->tokend, flow->id, event, NULL, &told);
	else
		json_object_put(event);
	if (flow->telling == NULL)
		failure_told(flow, NULL);
}

void flow_leave(struct flow *flow, const struct error *error)
{
	flow_stop(flow, error);
	flow_answer_returned(flow, "signed_in", "");
	flow_pause(flow);
}

static void tell_fault(struct flow *flow, const struct flow_plan *plan)
{
	struct json_object *event = store_refusal_event("sign_in_error", &plan->refusal);

	log_warning("invitation=%s sign_in_error code=%s wait_ms=%d text=%s", flow->id,
		plan->refusal.code, plan->wait_ms, plan->refusal.text);
	if (event != NULL)
		store_tell(flow->tokend, flow->id, event, NULL, NULL);
}

/* What says that Microsoft is asked too often, or is in trouble, is waited out all the same. */
static bool may_hasten(enum outcome outcome)
{
	return outcome == OUTCOME_PENDING || outcome == OUTCOME_CONSENT_REQUIRED;
}

/* Nobody is kept waiting for a code for long. */
static bool patience_over(const struct flow *flow, int wait_ms)
{
	return flow->phase == PHASE_STARTING &&
	       clock_monotonic_ms() + (uint64_t)wait_ms > flow->patience;
}

void flow_refused(struct flow *flow, const struct refusal *refusal, bool uncertain)
{
	struct flow_facts facts = {.refusal = refusal,
		.polling = flow->phase == PHASE_POLLING,
		.uncertain = uncertain,
		.random = random_number()};
	int interval = flow->progress.interval;
	struct flow_plan plan;
	struct error error;

	flow_decide(&flow->progress, &facts, &plan);
	if (plan.action == FLOW_END) {
		flow_end(flow, &plan.refusal, plan.final);
		return;
	}
	if (plan.tell == FLOW_TELL_ERROR)
		tell_fault(flow, &plan);
	else if (refusal->outcome != OUTCOME_PENDING)
		log_debug("invitation=%s again code=%s wait_ms=%d", flow->id, plan.refusal.code,
			plan.wait_ms);
	flow_answer_returned(flow, "signed_in", "");
	if (refusal->retry_after > 0)
		flow->not_before = clock_monotonic_ms() + (uint64_t)refusal->retry_after * 1000;
	if (interval != flow->progress.interval && flow_save(flow, &error) != 0)
		log_warning("invitation=%s vault_put reason=%s", flow->id, error.text);
	if (patience_over(flow, plan.wait_ms)) {
		flow->refusal = plan.refusal;
		error_set(&error, ERROR_TEMPORARY, "%s", flow->refusal.text);
		flow_leave(flow, &error);
		return;
	}
	flow_later(flow, flow->hasten && may_hasten(refusal->outcome) ? 0 : plan.wait_ms);
	flow->hasten = false;
}

void flow_hasten(struct tokend *tokend, const char *id, bool proved)
{
	struct flow *flow = flow_wanted(tokend, id);
	uint64_t now = clock_monotonic_ms();

	if (flow == NULL || flow->phase != PHASE_POLLING)
		return;
	if (!proved && flow->hinted > 0 && now < flow->hinted + HINT_MS)
		return;
	if (!proved)
		flow->hinted = now;
	log_info("invitation=%s hasten", flow->id);
	flow->hasten = flow->http != NULL;
	if (!flow->hasten)
		flow_later(flow, 0);
}

void flow_revoke(struct tokend *tokend, const char *id)
{
	struct flow *flow = flow_wanted(tokend, id);
	struct error revoked, error;

	error_set(&revoked, ERROR_CONFLICT, "the invitation is revoked");
	if (flow != NULL && flow->phase != PHASE_ENDING)
		flow_leave(flow, &revoked);
	revoked.kind = ERROR_POLICY;
	refresh_forget(tokend, id, &revoked);
	if (vault_delete(tokend->vault, KIND_TOKEN, id, &error) != 0)
		log_error("invitation=%s vault_delete reason=%s", id, error.text);
	else
		log_info("invitation=%s revoked", id);
}

struct json_object *flow_code(const struct flow *flow)
{
	struct json_object *reply = json_object_new_object();
	time_t left = flow->expires_at - time(NULL);

	if (reply != NULL && json_set_string(reply, "user_code", flow->device.user_code) == 0 &&
		json_set_string(reply, "verification_uri", flow->device.verification_uri) ==
			0 &&
		json_set_string(reply, "message", flow->device.message) == 0 &&
		json_set_string(reply, "login_hint", flow->login_hint) == 0 &&
		json_set_int(reply, "expires_in", left > 0 ? left : 0) == 0 &&
		json_set_int(reply, "interval", flow->progress.interval) == 0)
		return reply;
	json_object_put(reply);
	return NULL;
}

void flow_answer_waiters(struct flow *flow, const struct error *error)
{
	struct request *request;

	while ((request = TAILQ_FIRST(&flow->waiters)) != NULL) {
		if (error != NULL)
			request_fail(request, error);
		else
			request_reply(request, flow_code(flow));
	}
}

void flow_answer_returned(struct flow *flow, const char *outcome, const char *text)
{
	struct request *request;

	while ((request = TAILQ_FIRST(&flow->returned)) != NULL)
		callback_reply(request, outcome, text);
}

void flow_answer_signed_in(struct flow *flow)
{
	struct error error;

	error_set(&error, ERROR_CONFLICT, SIGNED_IN);
	flow_answer_waiters(flow, &error);
}
