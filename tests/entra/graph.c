/* The two calls of Microsoft Graph that a validation makes. */
#include "handlers.h"
#include "req.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void graph_fail(struct req *req, int status, const char *code, const char *message)
{
	struct json_object *json = json_object_new_object(), *error = json_object_new_object();
	struct json_object *inner = json_object_new_object();
	char id[37], stamp[32];
	time_t now = time(NULL);
	struct tm tm;

	random_guid(id);
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
	json_add(inner, "date", stamp);
	json_add(inner, "request-id", id);
	json_add(inner, "client-request-id", id);
	json_add(error, "code", code);
	json_add(error, "message", message);
	json_object_object_add(error, "innerError", inner);
	json_object_object_add(json, "error", error);
	req->error = code;
	answer_json(req, status, json);
}

/* NULL: answered already. */
static const struct grant *bearer(struct req *req)
{
	const struct grant *grant = grant_find(sim.access, req->bearer);

	if (grant && now_ms() < grant->expires)
		return grant;
	args_add(&req->headers, "WWW-Authenticate",
		"Bearer realm=\"\", "
		"authorization_uri=\"https://login.microsoftonline.com/common/oauth2/"
		"authorize\", client_id=\"00000003-0000-0000-c000-000000000000\"");
	graph_fail(req, 401, "InvalidAuthenticationToken",
		grant ? "Lifetime validation failed, the token is expired."
		      : (req->bearer ? "IDX14100: JWT is not well formed, there are no dots "
				       "(.)."
				     : "Access token is empty."));
	return NULL;
}

static struct json_object *describe(const struct user *user)
{
	struct json_object *me = json_object_new_object();

	json_object_object_add(me, "businessPhones", json_object_new_array());
	json_add(me, "displayName", user->name ? user->name : user->upn);
	json_add(me, "givenName", NULL);
	json_add(me, "jobTitle", NULL);
	json_add(me, "mail", *user->mail ? user->mail : NULL);
	json_add(me, "mobilePhone", NULL);
	json_add(me, "officeLocation", NULL);
	json_add(me, "preferredLanguage", NULL);
	json_add(me, "surname", NULL);
	json_add(me, "userPrincipalName", user->upn);
	json_add(me, "id", user->oid);
	return me;
}

static struct json_object *selected(struct json_object *all, const char *select)
{
	struct json_object *some = json_object_new_object();
	char *copy = xstrdup(select), *save = NULL;

	for (char *name = strtok_r(copy, ", ", &save); name; name = strtok_r(NULL, ", ", &save))
		if (json_object_object_get_ex(all, name, NULL))
			json_object_object_add(
				some, name, json_object_get(json_member(all, name)));
	json_object_put(all);
	free(copy);
	return some;
}

void handle_me(struct req *req)
{
	const struct grant *grant = bearer(req);
	const char *select = arg(req, "$select");
	struct json_object *json;
	char *context;

	if (!grant)
		return;
	if (!strstr(grant->scope, "User.") && !strstr(grant->scope, "Directory.")) {
		graph_fail(req, 403, "Authorization_RequestDenied",
			"Insufficient privileges to complete the operation.");
		return;
	}
	json = describe(grant->user);
	if (select)
		json = selected(json, select);
	context = xformat("%s/v1.0/$metadata#users%s%s%s/$entity", sim.base_url,
		select ? "(" : "", select ? select : "", select ? ")" : "");
	json_add(json, "@odata.context", context);
	free(context);
	answer_json(req, 200, json);
}

void handle_organization(struct req *req)
{
	const struct grant *grant = bearer(req);
	struct json_object *json, *value, *one;

	if (!grant)
		return;
	if (!grant->user->tenant->organization_allowed) {
		graph_fail(req, 403, "Authorization_RequestDenied",
			"Insufficient privileges to complete the operation.");
		return;
	}
	json = json_object_new_object();
	value = json_object_new_array();
	one = json_object_new_object();
	json_add(one, "id", grant->user->tenant->id);
	json_add(one, "displayName", grant->user->tenant->display_name);
	json_object_array_add(value, one);
	json_object_object_add(json, "value", value);
	answer_json(req, 200, json);
}
