/*
 * One poll of the token endpoint. It goes over a kept connection; an answer that is lost on the
 * way is uncertain, and the next poll tells.
 */
#include "flow.h"

#include "base/log.h"

#include <time.h>

static void got_tokens(void *context, const struct http_answer *answer)
{
	struct flow *flow = context;
	struct oauth_tokens tokens = {0};
	struct refusal refusal;
	bool uncertain = answer->outcome == HTTP_UNCERTAIN;

	flow->http = NULL;
	if (answer->outcome != HTTP_ANSWERED) {
		flow_fault(answer, &refusal);
	} else if (oauth_tokens_read(&answer->reply, &tokens, &refusal) == 0) {
		acquire_begin(flow, &tokens, time(NULL));
		return;
	} else {
		/* A success that could not be read was one all the same. */
		uncertain = answer->reply.status == 200;
	}
	flow_refused(flow, &refusal, uncertain);
}

void poll_step(struct flow *flow)
{
	const struct settings *settings = flow->tokend->generation->settings;
	struct http_request request = {
		.url = flow->token_endpoint, .kind = COUNT_ENDPOINT_POLL};
	struct refusal refusal;

	if (flow->tokend->stopping || flow->http != NULL)
		return;
	if (flow_over(flow->expires_at, time(NULL), &refusal)) {
		flow_end(flow, &refusal, false);
		return;
	}
	request.form = oauth_poll_body(settings->client_id, flow->device.device_code);
	flow_asked(flow);
	if (request.form != NULL)
		flow->http = http_send(flow->tokend->http, &request, got_tokens, flow);
	if (flow->http == NULL)
		flow_later(flow, flow->progress.interval * 1000);
}
