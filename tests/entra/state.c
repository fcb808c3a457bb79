/* What lives in memory, how it is made, found and dropped. */
#include "sim.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* How long dead flows and tokens are still told from ones that never were. */
#define REMEMBER_MS (15 * 60 * 1000)

struct sim sim = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* A grants table cannot hold plain booleans. */
static char granted_yes, granted_no;

static void strings_free(struct strings *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i]);
	free(list->v);
}

static void app_free(void *value)
{
	struct app *app = value;

	free(app->client_id);
	free(app->name);
	free(app->publisher);
	free(app->platform);
	strings_free(&app->redirect_uris);
	free(app);
}

static void tenant_free(void *value)
{
	struct tenant *tenant = value;

	free(tenant->id);
	free(tenant->display_name);
	free(tenant->bcc);
	strings_free(&tenant->domains);
	strings_free(&tenant->reviewers);
	table_free(&tenant->grants);
	free(tenant);
}

static void user_free(void *value)
{
	struct user *user = value;

	free(user->upn);
	free(user->mail);
	free(user->password);
	free(user->oid);
	free(user->name);
	free(user->revoked_suberror);
	table_free(&user->consents);
	free(user);
}

static void flow_free(void *value)
{
	struct flow *flow = value;

	free(flow->device_code);
	free(flow->user_code);
	free(flow->scope);
	free(flow->tenant_name);
	free(flow);
}

static void auth_code_free(void *value)
{
	struct auth_code *code = value;

	free(code->code);
	free(code->redirect_uri);
	free(code->challenge);
	free(code->scope);
	free(code->nonce);
	free(code);
}

static void grant_free(void *value)
{
	struct grant *grant = value;

	free(grant->scope);
	free(grant);
}

void sim_init(void)
{
	sim.set = (struct settings){
		.after_request = xstrdup("pending"),
		.scope_format = xstrdup("short"),
		.mail_format = xstrdup("alternative"),
		.mail_encoding = xstrdup("quoted-printable"),
		.envelope_sender = xstrdup("MSSecurity-noreply@microsoft.com"),
		.dkim_other_domain = xstrdup("attacker.example"),
		.device_code_lifetime = 900,
		.interval = 5,
		.slow_down_penalty = 5,
		.access_token_lifetime = 4823,
		.refresh_token_lifetime = 90 * 86400,
		.id_token_lifetime = 3900,
		.code_lifetime = 600,
		.access_token_length = 1800,
		.refresh_token_length = 1100,
		.log_size = 20000,
		.log_requests = true,
	};
	sim.apps = table_new(app_free);
	sim.tenants = table_new(tenant_free);
	sim.domains = table_new(NULL);
	sim.users = table_new(user_free);
	sim.flows = table_new(flow_free);
	sim.user_codes = table_new(NULL);
	sim.codes = table_new(auth_code_free);
	sim.access = table_new(grant_free);
	sim.refresh = table_new(grant_free);
	sim.requests = table_new(request_free);
}

void sim_free(void)
{
	char **texts[] = {&sim.set.after_request, &sim.set.scope_format, &sim.set.mail_format,
		&sim.set.mail_encoding, &sim.set.envelope_sender, &sim.set.dkim_other_domain,
		&sim.listen, &sim.base_url, &sim.tls_cert_file, &sim.tls_key_file,
		&sim.dns_listen, &sim.relay};
	struct table **tables[] = {&sim.requests, &sim.refresh, &sim.access, &sim.codes,
		&sim.user_codes, &sim.flows, &sim.users, &sim.domains, &sim.tenants, &sim.apps};

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		table_free(tables[i]);
	json_object_put(sim.secrets);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		free(*texts[i]);
		*texts[i] = NULL;
	}
}

static bool grant_dead(const void *value, void *ctx)
{
	return ((const struct grant *)value)->expires < *(int64_t *)ctx;
}

static bool code_dead(const void *value, void *ctx)
{
	return ((const struct auth_code *)value)->expires < *(int64_t *)ctx;
}

static bool flow_dead(const void *value, void *ctx)
{
	return ((const struct flow *)value)->expires < *(int64_t *)ctx;
}

void sim_sweep(void)
{
	int64_t before = now_ms() - REMEMBER_MS;

	table_sweep(sim.user_codes, flow_dead, &before);
	table_sweep(sim.flows, flow_dead, &before);
	table_sweep(sim.access, grant_dead, &before);
	table_sweep(sim.codes, code_dead, &before);
}

struct tenant *tenant_find(const char *name)
{
	char *key = lower_dup(name);
	struct tenant *tenant = table_get(sim.domains, key);

	free(key);
	return tenant;
}

bool tenant_alias(const char *name)
{
	return !strcasecmp(name, "organizations") || !strcasecmp(name, "common");
}

struct by_mail {
	const char *mail;
	struct user *found;
};

static void match_mail(void *value, void *ctx)
{
	struct user *user = value;
	struct by_mail *search = ctx;

	if (*search->mail && !strcasecmp(user->mail, search->mail))
		search->found = user;
}

struct user *user_find(const char *upn_or_mail)
{
	char *key = lower_dup(upn_or_mail ? upn_or_mail : "");
	struct by_mail search = {key, table_get(sim.users, key)};

	if (!search.found)
		table_each(sim.users, match_mail, &search);
	free(key);
	return search.found;
}

/* Scopes that say who somebody is need nobody's consent here. */
static bool needs_consent(const char *scope)
{
	static const char harmless[] = "openid profile email offline_access User.Read";

	for (const char *p = scope; *p;) {
		size_t span = strcspn(p, " ");
		char word[256];

		if (span && span < sizeof word) {
			memcpy(word, p, span);
			word[span] = '\0';
			const char *slash = strrchr(word, '/');
			if (!word_in(harmless, slash ? slash + 1 : word))
				return true;
		}
		p += span;
		p += strspn(p, " ");
	}
	return false;
}

bool consent_given(const struct app *app, const struct user *user, const char *scope)
{
	void *granted = table_get(user->tenant->grants, app->client_id);

	if (!needs_consent(scope) || table_get(user->consents, app->client_id))
		return true;
	return granted ? granted == &granted_yes : user->tenant->consent_granted;
}

void consent_set(struct tenant *tenant, const char *client_id, bool granted)
{
	table_put(tenant->grants, client_id, granted ? &granted_yes : &granted_no);
}

void user_revoke(struct user *user, int code, const char *suberror)
{
	user->revoked_serial = sim.serial;
	user->revoked_code = code;
	free(user->revoked_suberror);
	user->revoked_suberror = suberror ? xstrdup(suberror) : NULL;
}

void secret_keep(const char *secret)
{
	if (!sim.set.keep_secrets)
		return;
	if (!sim.secrets)
		sim.secrets = json_object_new_array();
	json_object_array_add(sim.secrets, json_object_new_string(secret));
}

struct flow *flow_new(struct app *app, const char *tenant_name, const char *scope)
{
	struct flow *flow = xcalloc(1, sizeof *flow);

	flow->device_code = random_token(216);
	do {
		free(flow->user_code);
		flow->user_code = random_text(9, "ABCDEFGHJKLMNPQRSTUVWXYZ23456789");
	} while (table_get(sim.user_codes, flow->user_code));
	flow->tenant_name = lower_dup(tenant_name);
	flow->scope = xstrdup(scope);
	flow->app = app;
	flow->created = now_ms();
	flow->expires = flow->created + sim.set.device_code_lifetime * INT64_C(1000);
	flow->interval_ms = sim.set.interval * INT64_C(1000);
	table_put(sim.flows, flow->device_code, flow);
	secret_keep(flow->device_code);
	table_put(sim.user_codes, flow->user_code, flow);
	return flow;
}

struct flow *flow_by_user_code(const char *typed)
{
	char code[16];
	size_t len = 0;

	for (; typed && *typed && len + 1 < sizeof code; typed++)
		if (isalnum((unsigned char)*typed))
			code[len++] = (char)toupper((unsigned char)*typed);
	code[len] = '\0';
	return table_get(sim.user_codes, code);
}

enum flow_state flow_state_now(struct flow *flow)
{
	bool open = flow->state == FLOW_PENDING || flow->state == FLOW_WAITS_APPROVAL ||
		    flow->state == FLOW_SIGNED_IN;

	if (open && now_ms() >= flow->expires)
		flow->state = FLOW_EXPIRED;
	return flow->state;
}

const char *flow_state_name(enum flow_state state)
{
	static const char *const names[] = {"pending", "waits_for_approval", "signed_in",
		"declined", "expired", "redeemed"};

	return names[state];
}

struct auth_code *auth_code_new(struct app *app, struct user *user)
{
	struct auth_code *code = xcalloc(1, sizeof *code);
	char *rest = random_token(700);

	code->code = xformat("1.%s", rest);
	free(rest);
	code->app = app;
	code->user = user;
	code->expires = now_ms() + sim.set.code_lifetime * INT64_C(1000);
	table_put(sim.codes, code->code, code);
	secret_keep(code->code);
	return code;
}

char *grant_new(struct table *table, const struct grant *grant, int length, int lifetime)
{
	struct grant *copy = xcalloc(1, sizeof *copy);
	char *token = random_token((size_t)(length < 32 ? 32 : length));
	char key[65];

	*copy = *grant;
	copy->scope = xstrdup(grant->scope);
	copy->serial = ++sim.serial;
	copy->expires = now_ms() + lifetime * INT64_C(1000);
	sha256_hex(token, key);
	table_put(table, key, copy);
	secret_keep(token);
	return token;
}

struct grant *grant_find(const struct table *table, const char *token)
{
	char key[65];

	if (!token)
		return NULL;
	sha256_hex(token, key);
	return table_get(table, key);
}
