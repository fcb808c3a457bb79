/* /_sim/: what tests change and see. The calls are described in entra.c. */
#include "handlers.h"
#include "journey.h"
#include "keys.h"
#include "mail.h"

#include <stdlib.h>
#include <string.h>

static void fail(struct req *req, const char *text)
{
	struct json_object *json = json_object_new_object();

	json_add(json, "error", text);
	answer_json(req, 400, json);
}

static void result(struct req *req, const char *name, struct json_object *value)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, name, value);
	answer_json(req, 200, json);
}

/* Members in, or a 400 with the reason. */
static void configured(struct req *req, bool ok, struct buf *why)
{
	if (ok)
		answer_empty(req);
	else
		fail(req, why->len ? why->data : "bad request");
	buf_free(why);
}

void control_fault(struct req *req)
{
	if (!json_object_is_type(req->json, json_type_object)) {
		fail(req, "expected a JSON object");
		return;
	}
	fault_add(req->json);
	answer_empty(req);
}

void control_fault_clear(struct req *req)
{
	fault_clear();
	answer_empty(req);
}

void control_log(struct req *req)
{
	const char *since = arg(req, "since");

	answer_json(req, 200, log_list(since ? atoll(since) : 0, arg(req, "endpoint")));
}

void control_log_clear(struct req *req)
{
	log_clear();
	answer_empty(req);
}

void control_rotate_keys(struct req *req)
{
	keys_rotate(json_flag(req->json, "drop_old"));
	answer_empty(req);
}

void control_revoke(struct req *req)
{
	struct user *user = user_find(json_str(req->json, "upn"));
	int code = json_object_get_int(json_member(req->json, "error_code"));

	if (!user) {
		fail(req, "unknown user");
		return;
	}
	user_revoke(user, code ? code : 50173, json_str(req->json, "suberror"));
	answer_empty(req);
}

/* tenant and client_id of a control call; false: answered. */
static bool named(struct req *req, struct tenant **tenant, struct app **app)
{
	const char *name = json_str(req->json, "tenant");

	*tenant = name ? tenant_find(name) : NULL;
	*app = table_get(sim.apps, json_str(req->json, "client_id"));
	if (*tenant && *app)
		return true;
	fail(req, *tenant ? "unknown client_id" : "unknown tenant");
	return false;
}

void control_consent(struct req *req)
{
	struct tenant *tenant;
	struct app *app;

	if (!named(req, &tenant, &app))
		return;
	consent_set(tenant, app->client_id, json_flag(req->json, "granted"));
	answer_empty(req);
}

/* A changed password or a disabled account also ends the sessions, as at Entra. */
void control_user(struct req *req)
{
	const char *tenant_name = json_str(req->json, "tenant");
	struct tenant *tenant = tenant_name ? tenant_find(tenant_name) : NULL;
	struct user *user = user_find(json_str(req->json, "upn"));
	struct buf why = {0};
	bool ok;

	if (tenant_name)
		json_object_object_del(req->json, "tenant");
	ok = config_user(req->json, tenant, &why);
	if (ok && user && json_member(req->json, "password"))
		user_revoke(user, 50173, NULL);
	configured(req, ok, &why);
}

void control_tenant(struct req *req)
{
	struct buf why = {0};

	configured(req, config_tenant(req->json, &why), &why);
}

void control_app(struct req *req)
{
	struct buf why = {0};

	configured(req, config_app(req->json, &why), &why);
}

void control_config(struct req *req)
{
	struct buf why = {0};

	configured(req, config_settings(req->json, &why), &why);
}

static struct flow *flow_named(struct req *req)
{
	return flow_by_user_code(json_str(req->json, "user_code"));
}

void control_flow(struct req *req)
{
	const char *wanted = json_str(req->json, "state");
	struct flow *flow = flow_named(req);

	for (int i = FLOW_PENDING; flow && wanted && i <= FLOW_REDEEMED; i++) {
		if (strcmp(wanted, flow_state_name((enum flow_state)i)) || i == FLOW_SIGNED_IN)
			continue;
		flow->state = (enum flow_state)i;
		answer_empty(req);
		return;
	}
	fail(req, flow ? "state: pending, declined, expired or redeemed" : "unknown user_code");
}

static void add_flow(void *value, void *ctx)
{
	struct flow *flow = value;
	struct json_object *json = json_object_new_object();
	char digest[65];

	sha256_hex(flow->device_code, digest);
	digest[16] = '\0';
	json_add(json, "user_code", flow->user_code);
	json_add(json, "device_code_sha256", digest);
	json_add(json, "client_id", flow->app->client_id);
	json_add(json, "tenant", flow->tenant_name);
	json_add(json, "scope", flow->scope);
	json_add(json, "state", flow_state_name(flow_state_now(flow)));
	json_add(json, "upn", flow->user ? flow->user->upn : NULL);
	json_add_int(json, "created", flow->created);
	json_add_int(json, "polls", (int64_t)flow->polls);
	json_object_array_add(ctx, json);
}

static void add_request(void *value, void *ctx)
{
	struct consent_request *request = value;
	struct json_object *json = json_object_new_object();

	json_add(json, "id", request->id);
	json_add(json, "tenant", request->user->tenant->id);
	json_add(json, "client_id", request->app->client_id);
	json_add(json, "upn", request->user->upn);
	json_add(json, "scope", request->scope);
	json_add(json, "justification", request->justification);
	json_add(json, "state", request->state);
	json_object_array_add(ctx, json);
}

void control_state(struct req *req)
{
	struct json_object *json = json_object_new_object(), *flows = json_object_new_array();
	struct json_object *requests = json_object_new_array();
	struct flow *flow = flow_by_user_code(arg(req, "user_code"));

	if (flow)
		add_flow(flow, flows);
	else if (!arg(req, "user_code"))
		table_each(sim.flows, add_flow, flows);
	table_each(sim.requests, add_request, requests);
	json_object_object_add(json, "flows", flows);
	json_object_object_add(json, "requests", requests);
	json_object_object_add(json, "mails", smtp_list());
	json_add_int(json, "refresh_tokens", (int64_t)table_size(sim.refresh));
	answer_json(req, 200, json);
}

void control_secrets(struct req *req)
{
	result(req, "secrets",
		sim.secrets ? json_object_get(sim.secrets) : json_object_new_array());
}

static void answer_outcome(struct req *req, enum outcome outcome)
{
	result(req, "result", json_object_new_string(outcome_name(outcome)));
}

void control_sign_in(struct req *req)
{
	struct json_object *accept = json_member(req->json, "accept");
	enum outcome outcome;
	struct journey *j = journey_for_code(json_str(req->json, "user_code"), &outcome);

	if (j)
		outcome = journey_sign_in(
			j, json_str(req->json, "upn"), json_str(req->json, "password"));
	if (outcome == OUTCOME_ACCEPT_NEEDED && accept)
		outcome = journey_accept(j, json_object_get_boolean(accept));
	answer_outcome(req, outcome);
}

void control_request_approval(struct req *req)
{
	struct user *user = user_find(json_str(req->json, "upn"));
	struct flow *flow = flow_named(req);
	struct consent_request *request;

	if (!user || !flow) {
		fail(req, user ? "unknown user_code" : "unknown user");
		return;
	}
	request = request_approval(
		flow->app, user, flow->scope, json_str(req->json, "justification"), flow);
	result(req, "request", json_object_new_string(request->id));
}

void control_decide(struct req *req)
{
	const char *decision = json_str(req->json, "decision");
	const char *reviewer = json_str(req->json, "reviewer");
	struct user *user = user_find(reviewer);
	struct tenant *tenant;
	struct app *app;
	int count;

	if (!named(req, &tenant, &app))
		return;
	if (user && (user->tenant != tenant || !is_reviewer(user))) {
		fail(req, "not a reviewer of that tenant");
		return;
	}
	count = requests_decide(tenant, app, decision ? decision : "");
	if (count < 0)
		fail(req, "decision: approved, denied, blocked, expired or reminder");
	else
		result(req, "decided", json_object_new_int(count));
}

void control_mail(struct req *req)
{
	const char *app = json_str(req->json, "app"), *rcpt = json_str(req->json, "rcpt");
	const char *sender = json_str(req->json, "envelope_sender");
	const struct app *known = table_get(sim.apps, json_str(req->json, "client_id"));
	struct mail mail = {
		.kind = json_str(req->json, "kind"),
		.app = app ? app : (known ? known->name : NULL),
		.requester = json_str(req->json, "requester"),
		.justification = json_str(req->json, "justification"),
		.from = json_str(req->json, "from"),
		.from_name = json_str(req->json, "from_name"),
		.to = json_str(req->json, "to_header"),
		.subject = json_str(req->json, "subject"),
		.message_id = json_str(req->json, "message_id"),
		.dkim = json_str(req->json, "dkim"),
		.html = json_str(req->json, "html"),
		.text = json_str(req->json, "text"),
		.format = json_str(req->json, "format"),
		.encoding = json_str(req->json, "encoding"),
		.headers = json_member(req->json, "headers"),
		.date_offset = json_object_get_int64(json_member(req->json, "date_offset")),
	};
	char *message;

	rcpt = rcpt ? rcpt : json_str(req->json, "to");
	mail.to = mail.to ? mail.to : json_str(req->json, "to");
	message = mail_compose(&mail);
	if (!message) {
		fail(req, "kind and app (or client_id) are required");
		return;
	}
	if (!json_flag(req->json, "raw"))
		smtp_submit(sender ? sender : sim.set.envelope_sender, rcpt, message);
	result(req, "message", json_object_new_string(message));
	free(message);
}
