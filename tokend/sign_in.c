/*
 * A sign-in by authorization code: its tokens take the way that a device flow's take
 * (acquire.c), in place of the invitation's device flow where one is under way. The first who
 * signs in counts: while somebody else's tokens are being looked at, the code is left alone.
 */
#include "flow.h"
#include "redirect.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What the way out found out, and the flow needs. */
static const struct {
	const char *name;
	size_t offset;
} members[] = {
	{"tenant", offsetof(struct flow, tenant)},
	{"tenant_id", offsetof(struct flow, tenant_id)},
	{"issuer", offsetof(struct flow, issuer)},
	{"token_endpoint", offsetof(struct flow, token_endpoint)},
	{"jwks_uri", offsetof(struct flow, jwks_uri)},
	{"nonce", offsetof(struct flow, nonce)},
};

#define MEMBERS (sizeof(members) / sizeof(members[0]))

static struct flow *flow_of(const struct request *request)
{
	return flow_wanted(request->tokend, redirect_text(request, "id"));
}

/* All of them or none. Returns 0, or -1 out of memory. */
static int take_members(struct flow *flow, const struct request *request)
{
	char *copies[MEMBERS];
	bool good = true;

	for (size_t i = 0; i < MEMBERS; i++) {
		copies[i] = strdup(redirect_text(request, members[i].name));
		good = good && copies[i] != NULL;
	}
	for (size_t i = 0; i < MEMBERS; i++) {
		char **member = (char **)((char *)flow + members[i].offset);

		free(good ? *member : copies[i]);
		if (good)
			*member = copies[i];
	}
	return good ? 0 : -1;
}

void sign_in_back(struct request *request)
{
	const struct flow *flow = flow_of(request);

	if (flow != NULL && flow_signed_in(flow))
		callback_reply(request, "signed_in", "");
	else
		code_back(request);
}

void sign_in_tokens(struct request *request)
{
	struct redirect *redirect = request->redirect;
	struct flow *flow = flow_of(request);
	struct oauth_tokens tokens = redirect->tokens;

	if (flow != NULL && flow_signed_in(flow)) {
		callback_reply(request, "signed_in", "");
		return;
	}
	if (flow == NULL)
		flow = flow_new(request->tokend, redirect_text(request, "id"), PHASE_ENDING);
	if (flow == NULL || take_members(flow, request) != 0) {
		if (flow != NULL && flow->phase == PHASE_ENDING)
			flow_later(flow, 0);
		callback_passing(request, "memory", "out of memory");
		return;
	}
	flow_cancel(flow);
	flow->renew = flow->renewed = false;
	flow->expires_at = 0;
	redirect->tokens = (struct oauth_tokens){0};
	request_wait(request, &flow->returned);
	acquire_begin(flow, &tokens, time(NULL));
}
