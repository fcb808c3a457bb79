#include "journey.h"

#include <stdlib.h>
#include <string.h>

#define JOURNEY_MS (60 * 60 * 1000)

static void journey_free(void *value)
{
	struct journey *j = value;

	free(j->ctx);
	free(j->scope);
	free(j->redirect_uri);
	free(j->state);
	free(j->nonce);
	free(j->challenge);
	free(j->login_hint);
	free(j->device_code);
	free(j);
}

void journeys_init(void)
{
	sim.journeys = table_new(journey_free);
}

void journeys_free(void)
{
	table_free(&sim.journeys);
}

static bool too_old(const void *value, void *ctx)
{
	return ((const struct journey *)value)->created < *(int64_t *)ctx;
}

void journeys_sweep(void)
{
	int64_t before = now_ms() - JOURNEY_MS;

	table_sweep(sim.journeys, too_old, &before);
}

struct journey *journey_new(enum journey_kind kind, struct app *app, const char *tenant_name)
{
	struct journey *j = xcalloc(1, sizeof *j);

	j->ctx = random_token(32);
	j->kind = kind;
	j->app = app;
	j->tenant = tenant_name ? tenant_find(tenant_name) : NULL;
	j->created = now_ms();
	table_put(sim.journeys, j->ctx, j);
	return j;
}

struct journey *journey_find(const char *ctx)
{
	return table_get(sim.journeys, ctx);
}

static enum outcome flow_usable(struct flow *flow)
{
	static const enum outcome outcomes[] = {
		[FLOW_PENDING] = OUTCOME_NONE,
		[FLOW_WAITS_APPROVAL] = OUTCOME_NONE,
		[FLOW_SIGNED_IN] = OUTCOME_USED_CODE,
		[FLOW_REDEEMED] = OUTCOME_USED_CODE,
		[FLOW_DECLINED] = OUTCOME_USED_CODE,
		[FLOW_EXPIRED] = OUTCOME_EXPIRED_CODE,
	};

	return flow ? outcomes[flow_state_now(flow)] : OUTCOME_UNKNOWN_CODE;
}

struct journey *journey_for_code(const char *user_code, enum outcome *outcome)
{
	struct flow *flow = flow_by_user_code(user_code);
	struct journey *j;

	*outcome = flow_usable(flow);
	if (*outcome != OUTCOME_NONE)
		return NULL;
	j = journey_new(JOURNEY_DEVICE, flow->app, flow->tenant_name);
	j->scope = xstrdup(flow->scope);
	j->device_code = xstrdup(flow->device_code);
	return j;
}

/* What the product gets to see of it: the device flow's new state. */
static enum outcome finish(struct journey *j, enum flow_state state)
{
	struct flow *flow = table_get(sim.flows, j->device_code);
	enum outcome usable = j->device_code ? flow_usable(flow) : OUTCOME_NONE;

	if (usable != OUTCOME_NONE)
		return usable;
	if (flow) {
		flow->user = j->user;
		flow->state = state;
	}
	return state == FLOW_SIGNED_IN ? OUTCOME_SIGNED_IN : OUTCOME_DECLINED;
}

static enum outcome proceed_app(struct journey *j)
{
	struct flow *flow = table_get(sim.flows, j->device_code);

	if (j->device_code && flow_usable(flow) != OUTCOME_NONE)
		return flow_usable(flow);
	if (j->kind == JOURNEY_DEVICE && j->user->tenant->device_flow_blocked)
		return OUTCOME_BLOCKED;
	if (consent_given(j->app, j->user, j->scope) && !(j->always_ask && j->user->admin))
		return finish(j, FLOW_SIGNED_IN);
	if (j->user->admin || j->user->tenant->user_consent)
		return OUTCOME_ACCEPT_NEEDED;
	return j->user->tenant->consent_workflow ? OUTCOME_APPROVAL_NEEDED
						 : OUTCOME_ADMIN_NEEDED;
}

static enum outcome proceed(struct journey *j)
{
	switch (j->kind) {
	case JOURNEY_ADMIN_CONSENT:
		return j->user->admin ? OUTCOME_ACCEPT_NEEDED : OUTCOME_NOT_ADMIN;
	case JOURNEY_REVIEW:
		return is_reviewer(j->user) ? OUTCOME_REVIEW : OUTCOME_NOT_REVIEWER;
	default:
		return proceed_app(j);
	}
}

static enum outcome check_user(
	const struct journey *j, const struct user *user, const char *password)
{
	if (!user)
		return OUTCOME_UNKNOWN_USER;
	if (!user->password || !password || strcmp(user->password, password))
		return OUTCOME_WRONG_PASSWORD;
	if (user->disabled)
		return OUTCOME_DISABLED;
	if (j->tenant && j->tenant != user->tenant)
		return OUTCOME_WRONG_TENANT;
	return OUTCOME_NONE;
}

enum outcome journey_sign_in(struct journey *j, const char *upn, const char *password)
{
	struct user *user = upn ? user_find(upn) : NULL;

	j->last = check_user(j, user, password);
	if (j->last != OUTCOME_NONE)
		return j->last;
	j->user = user;
	j->last = proceed(j);
	return j->last;
}

enum outcome journey_accept(struct journey *j, bool accepted)
{
	if (!accepted &&
		(j->last == OUTCOME_ACCEPT_NEEDED || j->last == OUTCOME_APPROVAL_NEEDED))
		return j->last = finish(j, FLOW_DECLINED);
	if (j->last != OUTCOME_ACCEPT_NEEDED)
		return OUTCOME_NONE;
	if (j->user->admin)
		consent_set(j->user->tenant, j->app->client_id, true);
	else
		table_put(j->user->consents, j->app->client_id, j->app);
	return j->last = finish(j, FLOW_SIGNED_IN);
}

enum outcome journey_request(struct journey *j, const char *justification)
{
	struct flow *flow = table_get(sim.flows, j->device_code);

	if (j->last != OUTCOME_APPROVAL_NEEDED)
		return OUTCOME_NONE;
	request_approval(j->app, j->user, j->scope, justification, flow);
	return j->last = OUTCOME_APPROVAL_REQUESTED;
}

const char *outcome_name(enum outcome outcome)
{
	static const char *const names[] = {
		[OUTCOME_NONE] = "none",
		[OUTCOME_SIGNED_IN] = "signed_in",
		[OUTCOME_WRONG_PASSWORD] = "wrong_password",
		[OUTCOME_UNKNOWN_USER] = "unknown_user",
		[OUTCOME_DISABLED] = "disabled",
		[OUTCOME_WRONG_TENANT] = "wrong_tenant",
		[OUTCOME_NOT_ADMIN] = "not_admin",
		[OUTCOME_NOT_REVIEWER] = "not_reviewer",
		[OUTCOME_UNKNOWN_CODE] = "unknown_code",
		[OUTCOME_EXPIRED_CODE] = "expired_code",
		[OUTCOME_USED_CODE] = "used_code",
		[OUTCOME_BLOCKED] = "blocked",
		[OUTCOME_ACCEPT_NEEDED] = "accept_needed",
		[OUTCOME_APPROVAL_NEEDED] = "approval_needed",
		[OUTCOME_ADMIN_NEEDED] = "admin_needed",
		[OUTCOME_APPROVAL_REQUESTED] = "approval_requested",
		[OUTCOME_DECLINED] = "declined",
		[OUTCOME_REVIEW] = "review",
	};

	return names[outcome];
}
