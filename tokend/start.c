/*
 * From "Start authentication" to a code: whose tenant, its OpenID configuration, a device code,
 * sealed, told to the store, and only then shown.
 *
 * Passing faults of Microsoft's are retried for as long as somebody can be expected to look at
 * a page that loads.
 */
#include "flow.h"

#include "requests.h"
#include "store.h"

#include "base/clock.h"
#include "base/log.h"
#include "token/protocol.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATIENCE_MS 6000
#define SOON_MS	    1500 /* a pause that is worth waiting out */

static void started_told(void *context, const struct error *error)
{
	struct flow *flow = context;

	flow->telling = NULL;
	if (error != NULL)
		flow_leave(flow, error);
	else
		flow_answer_waiters(flow, NULL);
}

static void tell_started(struct flow *flow)
{
	struct store_told told = {started_told, flow};

	flow->telling = store_tell(
		flow->tokend, flow->id, sign_in_started_event("device"), NULL, &told);
	if (flow->telling == NULL)
		flow_answer_waiters(flow, NULL);
}

static void begin_polling(struct flow *flow)
{
	struct refusal refusal;
	struct error error;

	flow->progress = (struct flow_progress){.interval = flow->device.interval};
	flow->expires_at = time(NULL) + flow->device.expires_in;
	if (flow_save(flow, &error) != 0) {
		refusal_set(&refusal, OUTCOME_TEMPORARY, "vault",
			"the code could not be sealed: %s", error.text);
		oauth_device_free(&flow->device);
		flow_refused(flow, &refusal, false);
		return;
	}
	flow->phase = PHASE_POLLING;
	metrics_count(flow->tokend->metrics, METRIC_TOKEND_SIGN_INS, COUNT_SIGN_IN_STARTED);
	log_info("invitation=%s sign_in_started tenant=%s expires_in=%d interval=%d", flow->id,
		flow->tenant, flow->device.expires_in, flow->device.interval);
	tell_started(flow);
	flow_later(flow, flow->progress.interval * 1000);
}

static void got_device(void *context, const struct http_answer *answer)
{
	struct flow *flow = context;
	const struct settings *settings = flow->tokend->generation->settings;
	struct refusal refusal;

	flow->http = NULL;
	if (answer->outcome != HTTP_ANSWERED)
		flow_fault(answer, &refusal);
	else if (oauth_device_read(&answer->reply, settings->authority_url, &flow->device,
			 &refusal) == 0) {
		begin_polling(flow);
		return;
	}
	flow_refused(flow, &refusal, false);
}

static void out_of_memory(struct flow *flow)
{
	struct refusal refusal;

	refusal_set(&refusal, OUTCOME_TEMPORARY, "memory", "out of memory; it is tried again");
	flow_refused(flow, &refusal, false);
}

static bool keep(char **member, const char *value)
{
	free(*member);
	*member = strdup(value);
	return *member != NULL;
}

static void ask_device(struct flow *flow, const struct discovery *discovery)
{
	const struct settings *settings = flow->tokend->generation->settings;
	struct http_request request = {.url = discovery->device_authorization_endpoint,
		.form = oauth_device_body(settings->client_id, settings->scopes),
		.kind = COUNT_ENDPOINT_DEVICE};

	if (keep(&flow->tenant, flow->tenants.names[0]) &&
		keep(&flow->tenant_id, discovery->tenant_id) &&
		keep(&flow->issuer, discovery->issuer) &&
		keep(&flow->jwks_uri, discovery->jwks_uri) &&
		keep(&flow->token_endpoint, discovery->token_endpoint) &&
		request.form != NULL) {
		flow_asked(flow);
		flow->http = http_send(flow->tokend->http, &request, got_device, flow);
	} else {
		secret_free(&request.form);
	}
	if (flow->http == NULL)
		out_of_memory(flow);
}

static void got_discovery(void *context, const struct authority_answer *answer)
{
	struct flow *flow = context;

	flow->wait = NULL;
	if (answer->refusal == NULL) {
		ask_device(flow, answer->discovery);
	} else if (answer->refusal->outcome == OUTCOME_CONFIGURATION && flow->tenants.n > 1) {
		log_info("invitation=%s no_tenant name=%s", flow->id, flow->tenants.names[0]);
		tenants_drop(&flow->tenants);
		start_step(flow);
	} else {
		flow_refused(flow, answer->refusal, false);
	}
}

void start_step(struct flow *flow)
{
	const struct settings *settings = flow->tokend->generation->settings;
	struct refusal refusal;

	if (flow->tokend->stopping)
		return;
	if (flow->tenants.n == 0) {
		refusal_set(&refusal, OUTCOME_CONFIGURATION, "tenant", NO_TENANT);
		flow_end(flow, &refusal, true);
		return;
	}
	flow->wait = authority_discovery(flow->tokend->authority, settings->authority_url,
		flow->tenants.names[0], got_discovery, flow);
	if (flow->wait == NULL)
		out_of_memory(flow);
}

const char *no_sign_in(enum status status)
{
	switch (status) {
	case STATUS_REVOKED:
		return "this invitation was withdrawn; ask whoever sent it for a new one";
	case STATUS_EXPIRED:
		return "this invitation has expired; ask whoever sent it for a new one";
	case STATUS_DEVICE_AUTHENTICATED:
	case STATUS_AUTHENTICATION_COMPLETE:
		return "somebody has signed in already; nothing is left to do here";
	default:
		return NULL;
	}
}

static void start_new(struct request *request)
{
	const char *id = json_string(request->invitation, "id", "");
	const char *hint = json_string(request->body, "login_hint", "");
	struct flow *flow = flow_new(request->tokend, id, PHASE_STARTING);

	if (flow == NULL) {
		request_refuse(request, ERROR_TEMPORARY, "out of memory");
		return;
	}
	request_wait(request, &flow->waiters);
	flow->login_hint = login_hint_valid(hint) ? strdup(hint) : NULL;
	flow->patience = clock_monotonic_ms() + PATIENCE_MS;
	tenants_choose(&flow->tenants, request->invitation);
	start_step(flow);
}

/* A code that is over may have been used at the last moment: once Microsoft has said whether it
 * was, the request goes on as it has to (flow_end). */
static void join_polling(struct flow *flow, struct request *request)
{
	bool over = flow->expires_at <= time(NULL);

	if (flow->telling == NULL && !over) {
		request_reply(request, flow_code(flow));
		return;
	}
	request_wait(request, &flow->waiters);
	if (over)
		flow_hasten(flow->tokend, flow->id, true);
}

static void join(struct flow *flow, struct request *request)
{
	switch (flow->phase) {
	case PHASE_POLLING:
		join_polling(flow, request);
		break;
	case PHASE_ACQUIRING:
	case PHASE_TELLING:
		request_refuse(request, ERROR_CONFLICT, SIGNED_IN);
		break;
	case PHASE_ENDING:
		if (flow->not_before > clock_monotonic_ms() + SOON_MS) {
			request_refuse(request, refusal_kind(flow->refusal.outcome), "%s",
				flow->refusal.text);
			break;
		}
		/* fall through */
	default:
		request_wait(request, &flow->waiters);
	}
}

void start_request(struct request *request)
{
	const char *reason = no_sign_in(record_status(request->invitation, time(NULL)));
	struct flow *flow =
		flow_wanted(request->tokend, json_string(request->invitation, "id", ""));

	if (reason != NULL)
		request_refuse(request, ERROR_CONFLICT, "%s", reason);
	else if (request->tokend->stopping)
		request_refuse(
			request, ERROR_TEMPORARY, "tokend is being restarted; try again");
	else if (flow != NULL)
		join(flow, request);
	else
		start_new(request);
}

void code_request(struct request *request)
{
	struct flow *flow =
		flow_wanted(request->tokend, json_string(request->invitation, "id", ""));

	if (flow != NULL && flow->phase == PHASE_POLLING)
		request_reply(request, flow_code(flow));
	else
		request_reply(request, json_object_new_object());
}
