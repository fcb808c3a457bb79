/* The admin consent workflow: requests, what is decided about them, who hears of it. */
#include "mail.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Also to where a mail-flow rule of the tenant copies such mail, byte for byte. */
static void tell(const char *kind, const struct consent_request *request, const char *to)
{
	struct mail mail = {
		.kind = kind,
		.app = request->app->name,
		.requester = request->user->upn,
		.justification = request->justification,
		.to = to,
	};
	char *message;

	if (!to || !*to)
		return;
	message = mail_compose(&mail);
	smtp_submit(sim.set.envelope_sender, to, message);
	smtp_submit(sim.set.envelope_sender, request->user->tenant->bcc, message);
	free(message);
}

static void tell_reviewers(const char *kind, const struct consent_request *request)
{
	const struct strings *reviewers = &request->user->tenant->reviewers;

	for (size_t i = 0; i < reviewers->n; i++)
		tell(kind, request, reviewers->v[i]);
}

void request_free(void *value)
{
	struct consent_request *request = value;

	free(request->id);
	free(request->scope);
	free(request->justification);
	free(request->device_code);
	free(request);
}

struct search {
	const struct app *app;
	const struct user *user;
	struct consent_request *found;
};

static void match_request(void *value, void *ctx)
{
	struct consent_request *request = value;
	struct search *search = ctx;

	if (request->app == search->app && request->user == search->user &&
		!strcmp(request->state, "pending"))
		search->found = request;
}

static struct consent_request *request_new(
	struct app *app, struct user *user, const char *scope, const char *justification)
{
	struct consent_request *request = xcalloc(1, sizeof *request);
	char guid[37];

	random_guid(guid);
	request->id = xstrdup(guid);
	request->scope = xstrdup(scope);
	request->justification = xstrdup(justification);
	request->state = "pending";
	request->app = app;
	request->user = user;
	request->created = now_ms();
	table_put(sim.requests, guid, request);
	return request;
}

static void mark_flow(struct consent_request *request, struct flow *flow)
{
	if (!strcmp(sim.set.after_request, "declined")) {
		flow->state = FLOW_DECLINED;
	} else if (!strcmp(sim.set.after_request, "complete")) {
		flow->state = FLOW_WAITS_APPROVAL;
		flow->user = request->user;
		free(request->device_code);
		request->device_code = xstrdup(flow->device_code);
	}
}

struct consent_request *request_approval(struct app *app, struct user *user, const char *scope,
	const char *justification, struct flow *flow)
{
	struct search search = {app, user, NULL};
	struct consent_request *request;

	table_each(sim.requests, match_request, &search);
	request = search.found;
	if (!request) { /* asking twice makes no second request and no second mail */
		request = request_new(app, user, scope, justification);
		tell_reviewers("review", request);
		tell("submitted", request, user->mail);
	}
	if (flow)
		mark_flow(request, flow);
	return request;
}

static void settle_flow(const struct consent_request *request, bool approved)
{
	struct flow *flow = table_get(sim.flows, request->device_code);

	if (!flow || flow_state_now(flow) != FLOW_WAITS_APPROVAL)
		return;
	flow->state = approved ? FLOW_SIGNED_IN : FLOW_DECLINED;
}

struct decision {
	const struct tenant *tenant;
	const struct app *app;
	const char *name;
	int count;
};

static void decide_one(void *value, void *ctx)
{
	struct consent_request *request = value;
	struct decision *decision = ctx;

	if (request->user->tenant != decision->tenant || request->app != decision->app ||
		strcmp(request->state, "pending"))
		return;
	decision->count++;
	if (!strcmp(decision->name, "reminder")) {
		tell_reviewers("reminder", request);
		return;
	}
	request->state = decision->name;
	settle_flow(request, !strcmp(decision->name, "approved"));
	tell(decision->name, request, request->user->mail);
}

int requests_decide(struct tenant *tenant, struct app *app, const char *name)
{
	static const char *const names[] = {
		"approved", "denied", "blocked", "expired", "reminder"};
	struct decision decision = {tenant, app, NULL, 0};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(names[i], name))
			decision.name = names[i];
	if (!decision.name)
		return -1;
	if (!strcmp(name, "approved"))
		consent_set(tenant, app->client_id, true);
	table_each(sim.requests, decide_one, &decision);
	return decision.count;
}

bool is_reviewer(const struct user *user)
{
	const struct strings *reviewers = &user->tenant->reviewers;

	for (size_t i = 0; i < reviewers->n; i++)
		if (!strcasecmp(reviewers->v[i], user->mail) ||
			!strcasecmp(reviewers->v[i], user->upn))
			return true;
	return user->admin;
}
