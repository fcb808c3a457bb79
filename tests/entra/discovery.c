/* What a client asks before anybody signs in: metadata, keys, a device code. */
#include "handlers.h"
#include "keys.h"
#include "req.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The tenant's id; "{tenantid}" for an alias; NULL and an answer: unknown. */
static const char *issuer_tenant(struct req *req)
{
	struct tenant *tenant = tenant_find(req->tenant_name);

	if (tenant)
		return tenant->id;
	if (tenant_alias(req->tenant_name))
		return "{tenantid}";
	oauth_fail(req, ERR_TENANT, req->tenant_name);
	return NULL;
}

static void add_texts(struct json_object *json, const char *name, const char *const *texts)
{
	struct json_object *list = json_object_new_array();

	for (; *texts; texts++)
		json_object_array_add(list, json_object_new_string(*texts));
	json_object_object_add(json, name, list);
}

static void add_url(
	struct json_object *json, const char *name, const char *segment, const char *path)
{
	char *url = xformat("%s/%s/%s", sim.base_url, segment, path);

	json_add(json, name, url);
	free(url);
}

static void add_capabilities(struct json_object *json)
{
	static const char *const auth[] = {
		"client_secret_post", "private_key_jwt", "client_secret_basic", NULL};
	static const char *const modes[] = {"query", "fragment", "form_post", NULL};
	static const char *const subjects[] = {"pairwise", NULL};
	static const char *const algorithms[] = {"RS256", NULL};
	static const char *const types[] = {
		"code", "id_token", "code id_token", "id_token token", NULL};
	static const char *const scopes[] = {
		"openid", "profile", "email", "offline_access", NULL};
	static const char *const claims[] = {"sub", "iss", "cloud_instance_name", "aud", "exp",
		"iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid", "ver",
		"at_hash", "c_hash", "email", NULL};

	add_texts(json, "token_endpoint_auth_methods_supported", auth);
	add_texts(json, "response_modes_supported", modes);
	add_texts(json, "subject_types_supported", subjects);
	add_texts(json, "id_token_signing_alg_values_supported", algorithms);
	add_texts(json, "response_types_supported", types);
	add_texts(json, "scopes_supported", scopes);
	add_texts(json, "claims_supported", claims);
	json_add_bool(json, "request_uri_parameter_supported", false);
	json_add_bool(json, "http_logout_supported", true);
	json_add_bool(json, "frontchannel_logout_supported", true);
	json_add(json, "tenant_region_scope", NULL);
	json_add(json, "cloud_instance_name", "microsoftonline.com");
	json_add(json, "cloud_graph_host_name", "graph.windows.net");
	json_add(json, "msgraph_host", "graph.microsoft.com");
	json_add(json, "rbac_url", "https://pas.windows.net");
}

void handle_openid(struct req *req)
{
	const char *issuer = issuer_tenant(req);
	/* Entra answers a domain with end points of the tenant id, an alias with the alias. */
	const char *segment = issuer && *issuer != '{' ? issuer : req->tenant_name;
	struct json_object *json;

	if (!issuer)
		return;
	json = json_object_new_object();
	add_url(json, "issuer", issuer, "v2.0");
	add_url(json, "token_endpoint", segment, "oauth2/v2.0/token");
	add_url(json, "authorization_endpoint", segment, "oauth2/v2.0/authorize");
	add_url(json, "device_authorization_endpoint", segment, "oauth2/v2.0/devicecode");
	add_url(json, "jwks_uri", segment, "discovery/v2.0/keys");
	add_url(json, "end_session_endpoint", segment, "oauth2/v2.0/logout");
	json_add(json, "userinfo_endpoint", "https://graph.microsoft.com/oidc/userinfo");
	add_capabilities(json);
	answer_json(req, 200, json);
}

void handle_jwks(struct req *req)
{
	const char *tenant = issuer_tenant(req);
	char *issuer;

	if (!tenant)
		return;
	issuer = xformat("%s/%s/v2.0", sim.base_url, tenant);
	answer_json(req, 200, keys_jwks(issuer));
	free(issuer);
}

void handle_wrong_method(struct req *req)
{
	oauth_fail(req, ERR_METHOD, req->method);
}

static void answer_flow(struct req *req, const struct flow *flow)
{
	const char *market = arg(req, "mkt");
	struct json_object *json = json_object_new_object();
	char *url = xformat("%s/device", sim.base_url), *message;

	if (market && !strncasecmp(market, "de", 2))
		message = xformat(
			"Öffnen Sie für die Anmeldung in einem Webbrowser die Seite %s, "
			"und geben Sie den Code %s ein, um sich zu authentifizieren.",
			url, flow->user_code);
	else
		message = xformat(
			"To sign in, use a web browser to open the page %s and enter the "
			"code %s to authenticate.",
			url, flow->user_code);
	json_add(json, "user_code", flow->user_code);
	json_add(json, "device_code", flow->device_code);
	json_add(json, "verification_uri", url);
	json_add_int(json, "expires_in", sim.set.device_code_lifetime);
	json_add_int(json, "interval", sim.set.interval);
	json_add(json, "message", message);
	answer_json(req, 200, json);
	free(url);
	free(message);
}

void handle_devicecode(struct req *req)
{
	const char *client_id = arg(req, "client_id"), *scope = arg(req, "scope");
	struct app *app = table_get(sim.apps, client_id);

	if (!tenant_find(req->tenant_name) && !tenant_alias(req->tenant_name))
		oauth_fail(req, ERR_TENANT, req->tenant_name);
	else if (!client_id || !scope)
		oauth_fail(req, ERR_MISSING, client_id ? "scope" : "client_id");
	else if (!app)
		oauth_fail(req, ERR_APP, client_id);
	else
		answer_flow(req, flow_new(app, req->tenant_name, scope));
}
