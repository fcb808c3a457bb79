/*
 * The configuration, the control interface's changes to it, and what describes a
 * tenant, a user or an application all have the same shape: a JSON object whose
 * members a table names. A member that is absent keeps what it was.
 */
#include "sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { INTEGER, BOOLEAN, TEXT, TEXTS, ELSEWHERE };

struct member {
	const char *name;
	enum kind kind;
	size_t offset;
	const char *choices; /* of a text: separated by spaces; NULL: any */
};

#define SETTING(name, kind, choices)                                                           \
	{                                                                                      \
#name, kind, offsetof(struct settings, name), choices                          \
	}
static const struct member setting_members[] = {
	SETTING(after_request, TEXT, "pending complete declined"),
	SETTING(scope_format, TEXT, "short url"),
	SETTING(mail_format, TEXT, "alternative html"),
	SETTING(mail_encoding, TEXT, "quoted-printable base64 8bit"),
	SETTING(envelope_sender, TEXT, NULL),
	SETTING(dkim_other_domain, TEXT, NULL),
	SETTING(device_code_lifetime, INTEGER, NULL),
	SETTING(interval, INTEGER, NULL),
	SETTING(slow_down_penalty, INTEGER, NULL),
	SETTING(access_token_lifetime, INTEGER, NULL),
	SETTING(refresh_token_lifetime, INTEGER, NULL),
	SETTING(id_token_lifetime, INTEGER, NULL),
	SETTING(code_lifetime, INTEGER, NULL),
	SETTING(access_token_length, INTEGER, NULL),
	SETTING(refresh_token_length, INTEGER, NULL),
	SETTING(log_size, INTEGER, NULL),
	SETTING(log_requests, BOOLEAN, NULL),
	SETTING(keep_secrets, BOOLEAN, NULL),
	{NULL, ELSEWHERE, 0, NULL},
};

#define APP(name, kind, choices)                                                               \
	{                                                                                      \
#name, kind, offsetof(struct app, name), choices                               \
	}
static const struct member app_members[] = {
	APP(client_id, TEXT, NULL),
	APP(name, TEXT, NULL),
	APP(publisher, TEXT, NULL),
	APP(platform, TEXT, "mobile web spa"),
	APP(redirect_uris, TEXTS, NULL),
	APP(public_client, BOOLEAN, NULL),
	{NULL, ELSEWHERE, 0, NULL},
};

#define TENANT(name, kind)                                                                     \
	{                                                                                      \
#name, kind, offsetof(struct tenant, name), NULL                               \
	}
static const struct member tenant_members[] = {
	TENANT(id, TEXT),
	TENANT(display_name, TEXT),
	TENANT(domains, TEXTS),
	TENANT(reviewers, TEXTS),
	TENANT(bcc, TEXT),
	TENANT(user_consent, BOOLEAN),
	TENANT(consent_granted, BOOLEAN),
	TENANT(consent_workflow, BOOLEAN),
	TENANT(device_flow_blocked, BOOLEAN),
	TENANT(organization_allowed, BOOLEAN),
	{"users", ELSEWHERE, 0, NULL},
	{NULL, ELSEWHERE, 0, NULL},
};

#define USER(name, kind)                                                                       \
	{                                                                                      \
#name, kind, offsetof(struct user, name), NULL                                 \
	}
static const struct member user_members[] = {
	USER(upn, TEXT),
	USER(mail, TEXT),
	USER(password, TEXT),
	USER(oid, TEXT),
	USER(name, TEXT),
	USER(admin, BOOLEAN),
	USER(disabled, BOOLEAN),
	{NULL, ELSEWHERE, 0, NULL},
};

#define PROGRAM(name)                                                                          \
	{                                                                                      \
#name, TEXT, offsetof(struct sim, name), NULL                                  \
	}
static const struct member program_members[] = {
	PROGRAM(listen),
	PROGRAM(base_url),
	PROGRAM(tls_cert_file),
	PROGRAM(tls_key_file),
	PROGRAM(dns_listen),
	PROGRAM(relay),
	{NULL, ELSEWHERE, 0, NULL},
};

static bool read_texts(struct strings *list, struct json_object *value)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
	list->n = json_object_array_length(value);
	list->v = xcalloc(list->n + 1, sizeof *list->v);
	for (size_t i = 0; i < list->n; i++)
		list->v[i] =
			xstrdup(json_object_get_string(json_object_array_get_idx(value, i)));
	return true;
}

static bool read_member(const struct member *m, void *object, struct json_object *value)
{
	static const enum json_type types[] = {
		json_type_int, json_type_boolean, json_type_string, json_type_array};
	char *at = (char *)object + m->offset;

	if (m->kind == ELSEWHERE)
		return true;
	if (!json_object_is_type(value, types[m->kind]))
		return false;
	switch (m->kind) {
	case INTEGER:
		*(int *)(void *)at = json_object_get_int(value);
		return true;
	case BOOLEAN:
		*(bool *)at = json_object_get_boolean(value);
		return true;
	case TEXT:
		if (m->choices && !word_in(m->choices, json_object_get_string(value)))
			return false;
		free(*(char **)(void *)at);
		*(char **)(void *)at = xstrdup(json_object_get_string(value));
		return true;
	default:
		return read_texts((struct strings *)(void *)at, value);
	}
}

/* Of several tables the first that knows the name takes the member. */
static bool read_members(
	const struct member *table, void *object, struct json_object *json, struct buf *why)
{
	if (!json_object_is_type(json, json_type_object)) {
		buf_puts(why, "expected a JSON object");
		return false;
	}
	json_object_object_foreach(json, name, value)
	{
		const struct member *m = table;

		while (m->name && strcmp(m->name, name))
			m++;
		if (!m->name || !read_member(m, object, value)) {
			buf_printf(
				why, "%s: %s", name, m->name ? "bad value" : "unknown member");
			return false;
		}
	}
	return true;
}

bool config_settings(struct json_object *json, struct buf *why)
{
	return read_members(setting_members, &sim.set, json, why);
}

static const char *text_member(struct json_object *json, const char *name)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(json, name, &value))
		return NULL;
	return json_object_get_string(value);
}

bool config_app(struct json_object *json, struct buf *why)
{
	const char *id = text_member(json, "client_id");
	struct app *app = table_get(sim.apps, id);

	if (!id) {
		buf_puts(why, "app without client_id");
		return false;
	}
	if (!app) {
		app = xcalloc(1, sizeof *app);
		app->platform = xstrdup("mobile");
		app->public_client = true;
		table_put(sim.apps, id, app);
	}
	return read_members(app_members, app, json, why);
}

bool config_user(struct json_object *json, struct tenant *tenant, struct buf *why)
{
	const char *upn = text_member(json, "upn");
	char *key = upn ? lower_dup(upn) : NULL;
	struct user *user = table_get(sim.users, key);
	char guid[37];

	if (!key || (!user && !tenant)) {
		buf_puts(why, upn ? "unknown user" : "user without upn");
		free(key);
		return false;
	}
	if (!user) {
		user = xcalloc(1, sizeof *user);
		random_guid(guid);
		user->oid = xstrdup(guid);
		user->mail = xstrdup("");
		user->tenant = tenant;
		user->consents = table_new(NULL);
		table_put(sim.users, key, user);
	}
	free(key);
	return read_members(user_members, user, json, why);
}

static void file_tenant(struct tenant *tenant, const char *name)
{
	char *key = lower_dup(name);

	table_put(sim.domains, key, tenant);
	free(key);
}

static bool config_users(struct json_object *list, struct tenant *tenant, struct buf *why)
{
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (!config_user(json_object_array_get_idx(list, i), tenant, why))
			return false;
	return true;
}

bool config_tenant(struct json_object *json, struct buf *why)
{
	const char *id = text_member(json, "id");
	struct tenant *tenant = table_get(sim.tenants, id);
	struct json_object *users = NULL;

	if (!id) {
		buf_puts(why, "tenant without id");
		return false;
	}
	if (!tenant) {
		tenant = xcalloc(1, sizeof *tenant);
		tenant->consent_workflow = true;
		tenant->grants = table_new(NULL);
		table_put(sim.tenants, id, tenant);
		file_tenant(tenant, id);
	}
	if (!read_members(tenant_members, tenant, json, why))
		return false;
	for (size_t i = 0; i < tenant->domains.n; i++)
		file_tenant(tenant, tenant->domains.v[i]);
	return !json_object_object_get_ex(json, "users", &users) ||
	       config_users(users, tenant, why);
}

static bool config_list(struct json_object *json, const char *name,
	bool (*read)(struct json_object *, struct buf *), struct buf *why)
{
	struct json_object *list = NULL;

	if (!json_object_object_get_ex(json, name, &list))
		return true;
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (!read(json_object_array_get_idx(list, i), why))
			return false;
	json_object_object_del(json, name);
	return true;
}

/* Program members are taken out first; what is left must be settings. */
static bool config_apply(struct json_object *json, struct buf *why)
{
	for (const struct member *m = program_members; m->name; m++) {
		struct json_object *value = NULL;

		if (!json_object_object_get_ex(json, m->name, &value))
			continue;
		if (!read_member(m, &sim, value)) {
			buf_printf(why, "%s: bad value", m->name);
			return false;
		}
		json_object_object_del(json, m->name);
	}
	return config_list(json, "apps", config_app, why) &&
	       config_list(json, "tenants", config_tenant, why) && config_settings(json, why);
}

bool config_load(const char *path, struct buf *why)
{
	char *text = read_whole_file(path);
	struct json_object *json = text ? json_tokener_parse(text) : NULL;
	bool ok = false;

	if (!text)
		buf_printf(why, "%s", strerror(errno));
	else if (!json_object_is_type(json, json_type_object))
		buf_puts(why, "not a JSON object");
	else
		ok = config_apply(json, why);
	if (ok && (!sim.listen || !sim.base_url)) {
		buf_puts(why, "listen and base_url are required");
		ok = false;
	}
	json_object_put(json);
	free(text);
	return ok;
}

bool split_address(const char *text, char *host, size_t size, int *port)
{
	const char *colon = text ? strrchr(text, ':') : NULL;

	if (!colon || (size_t)(colon - text) >= size)
		return false;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	*port = atoi(colon + 1);
	return *port > 0 && *port < 65536;
}
