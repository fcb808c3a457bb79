/* POST /TENANT/oauth2/v2.0/token: one function a grant, one place that issues. */
#include "handlers.h"
#include "keys.h"
#include "req.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A poll may come this much early: the network is not a metronome. */
#define POLL_SLACK_MS 500

struct issue {
	struct app *app;
	struct user *user;
	const char *scope, *nonce;
};

/* Pairwise: another subject for each application. */
static void add_subject(struct json_object *claims, const struct issue *issue)
{
	char *text = xformat("%s %s", issue->app->client_id, issue->user->oid);
	char digest[65];

	sha256_hex(text, digest);
	digest[43] = '\0';
	json_add(claims, "sub", digest);
	free(text);
}

static char *make_id_token(const struct req *req, const struct issue *issue)
{
	struct json_object *claims = json_object_new_object();
	const struct user *user = issue->user;
	char *issuer = xformat("%s/%s/v2.0", sim.base_url, user->tenant->id), *jwt;
	char *uti = random_token(22);
	int64_t now = now_ms() / 1000;

	json_add(claims, "aud", issue->app->client_id);
	json_add(claims, "iss", issuer);
	json_add_int(claims, "iat", now);
	json_add_int(claims, "nbf", now);
	json_add_int(claims, "exp", now + sim.set.id_token_lifetime);
	json_add(claims, "name", user->name ? user->name : user->upn);
	if (issue->nonce)
		json_add(claims, "nonce", issue->nonce);
	json_add(claims, "oid", user->oid);
	json_add(claims, "preferred_username", user->upn);
	add_subject(claims, issue);
	json_add(claims, "tid", user->tenant->id);
	json_add(claims, "uti", uti);
	json_add(claims, "ver", "2.0");
	jwt = keys_id_token(claims, json_member(req->fault, "id_token"));
	secret_keep(jwt);
	json_object_put(claims);
	free(issuer);
	free(uti);
	return jwt;
}

/* The scopes granted: what was asked for, but offline_access is never told. */
static char *answered_scope(const char *scope)
{
	static const char plain[] = "openid profile email";
	bool url = !strcmp(sim.set.scope_format, "url");
	struct buf out = {0};
	char *copy = xstrdup(scope), *save = NULL;

	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (!strcmp(word, "offline_access"))
			continue;
		buf_puts(&out, out.len ? " " : "");
		if (url && !strchr(word, '/') && !word_in(plain, word))
			buf_puts(&out, "https://graph.microsoft.com/");
		buf_puts(&out, word);
	}
	buf_add(&out, "", 0);
	free(copy);
	return out.data;
}

static void add_taken(struct json_object *json, const char *name, char *text)
{
	json_add(json, name, text);
	free(text);
}

static void issue_tokens(struct req *req, const struct issue *issue)
{
	struct json_object *json = json_object_new_object();
	struct grant grant = {.app = issue->app,
		.user = issue->user,
		.scope = (char *)(uintptr_t)issue->scope};

	json_add(json, "token_type", "Bearer");
	add_taken(json, "scope", answered_scope(issue->scope));
	json_add_int(json, "expires_in", sim.set.access_token_lifetime);
	json_add_int(json, "ext_expires_in", sim.set.access_token_lifetime);
	add_taken(json, "access_token",
		grant_new(sim.access, &grant, sim.set.access_token_length,
			sim.set.access_token_lifetime));
	if (word_in(issue->scope, "offline_access"))
		add_taken(json, "refresh_token",
			grant_new(sim.refresh, &grant, sim.set.refresh_token_length,
				sim.set.refresh_token_lifetime));
	if (word_in(issue->scope, "openid"))
		add_taken(json, "id_token", make_id_token(req, issue));
	answer_json(req, 200, json);
}

static bool tenant_fits(const struct req *req, const struct user *user)
{
	return tenant_alias(req->tenant_name) || tenant_find(req->tenant_name) == user->tenant;
}

/* What every grant demands of the user before tokens are issued. */
static bool user_fits(struct req *req, const struct issue *issue)
{
	if (!tenant_fits(req, issue->user))
		oauth_fail(req, ERR_CODE_CLIENT, NULL);
	else if (issue->user->disabled)
		oauth_fail(req, ERR_DISABLED, NULL);
	else if (!consent_given(issue->app, issue->user, issue->scope))
		oauth_fail(req, ERR_CONSENT, issue->app->client_id);
	else
		return true;
	return false;
}

static bool polled_too_fast(struct flow *flow)
{
	int64_t now = steady_ms();
	bool fast =
		flow->last_poll && now - flow->last_poll + POLL_SLACK_MS < flow->interval_ms;

	if (flow->last_poll)
		pace_note(now - flow->last_poll - flow->interval_ms);
	flow->last_poll = now;
	flow->polls++;
	if (fast)
		flow->interval_ms += sim.set.slow_down_penalty * INT64_C(1000);
	return fast;
}

static void grant_device_code(struct req *req, struct app *app)
{
	static const enum oauth_error refusals[] = {
		[FLOW_PENDING] = ERR_PENDING,
		[FLOW_WAITS_APPROVAL] = ERR_PENDING,
		[FLOW_DECLINED] = ERR_DECLINED,
		[FLOW_EXPIRED] = ERR_EXPIRED,
		[FLOW_REDEEMED] = ERR_REDEEMED,
	};
	struct flow *flow = table_get(sim.flows, arg(req, "device_code"));
	struct issue issue = {.app = app};
	enum flow_state state;

	if (!app->public_client) {
		oauth_fail(req, ERR_SECRET, NULL);
		return;
	}
	if (!flow || flow->app != app || strcasecmp(flow->tenant_name, req->tenant_name)) {
		oauth_fail(req, arg(req, "device_code") ? ERR_BAD_CODE : ERR_MISSING,
			"device_code");
		return;
	}
	state = flow_state_now(flow);
	if ((state == FLOW_PENDING || state == FLOW_WAITS_APPROVAL) && polled_too_fast(flow)) {
		oauth_fail(req, ERR_SLOW_DOWN, NULL);
		return;
	}
	if (state != FLOW_SIGNED_IN) {
		oauth_fail(req, refusals[state], NULL);
		return;
	}
	issue.user = flow->user;
	issue.scope = flow->scope;
	if (!user_fits(req, &issue))
		return;
	flow->state = FLOW_REDEEMED;
	issue_tokens(req, &issue);
}

static bool verifier_fits(const char *verifier, const char *challenge)
{
	unsigned char digest[32];
	char *text;
	bool fits;

	if (!challenge)
		return true;
	if (!verifier ||
		!EVP_Digest(verifier, strlen(verifier), digest, NULL, EVP_sha256(), NULL))
		return false;
	text = base64url(digest, sizeof digest);
	fits = !strcmp(text, challenge);
	free(text);
	return fits;
}

static void grant_authorization_code(struct req *req, struct app *app)
{
	struct auth_code *code = table_get(sim.codes, arg(req, "code"));
	const char *uri = arg(req, "redirect_uri");
	struct issue issue = {.app = app};

	if (!arg(req, "code") || !uri)
		oauth_fail(req, ERR_MISSING, uri ? "code" : "redirect_uri");
	else if (strcmp(app->platform, "mobile"))
		oauth_fail(req, strcmp(app->platform, "spa") ? ERR_SECRET : ERR_SPA, NULL);
	else if (!code)
		oauth_fail(req, ERR_CODE_UNKNOWN, NULL);
	else if (code->app != app)
		oauth_fail(req, ERR_CODE_CLIENT, NULL);
	else if (code->used)
		oauth_fail(req, ERR_REDEEMED, NULL);
	else if (now_ms() >= code->expires)
		oauth_fail(req, ERR_CODE_EXPIRED, NULL);
	else if (strcmp(uri, code->redirect_uri))
		oauth_fail(req, ERR_REDIRECT_URI, uri);
	else if (!verifier_fits(arg(req, "code_verifier"), code->challenge))
		oauth_fail(req, ERR_PKCE, NULL);
	else {
		issue.user = code->user;
		issue.scope = code->scope;
		issue.nonce = code->nonce;
		if (!user_fits(req, &issue))
			return;
		code->used = true;
		issue_tokens(req, &issue);
	}
}

/* Does a refresh ask for what its grant has? More needs consent (RFC 6749 section 6). */
static bool within(const char *scope, const char *granted)
{
	char *copy = xstrdup(scope), *save = NULL;
	bool all = true;

	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		all = all && word_in(granted, word);
	free(copy);
	return all;
}

static void grant_refresh_token(struct req *req, struct app *app)
{
	const struct grant *grant = grant_find(sim.refresh, arg(req, "refresh_token"));
	const char *scope = arg(req, "scope");
	struct issue issue = {.app = app};

	if (!arg(req, "refresh_token"))
		oauth_fail(req, ERR_MISSING, "refresh_token");
	else if (!grant)
		oauth_fail(req, ERR_REFRESH_UNKNOWN, NULL);
	else if (grant->app != app)
		oauth_fail(req, ERR_CODE_CLIENT, NULL);
	else if (grant->serial <= grant->user->revoked_serial)
		oauth_fail_code(req, grant->user->revoked_code, grant->user->revoked_suberror);
	else if (now_ms() >= grant->expires)
		oauth_fail(req, ERR_REFRESH_INACTIVE, NULL);
	else if (scope && !within(scope, grant->scope))
		oauth_fail(req, ERR_CONSENT, app->client_id);
	else {
		issue.user = grant->user;
		issue.scope = scope ? scope : grant->scope;
		if (user_fits(req, &issue))
			issue_tokens(req, &issue);
	}
}

static const struct {
	const char *name;
	void (*run)(struct req *req, struct app *app);
} grants[] = {
	{"urn:ietf:params:oauth:grant-type:device_code", grant_device_code},
	{"authorization_code", grant_authorization_code},
	{"refresh_token", grant_refresh_token},
};

static const char *repeated(const struct args *args)
{
	for (size_t i = 0; i < args->n; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(args->v[i].name, args->v[j].name))
				return args->v[i].name;
	return NULL;
}

void handle_token(struct req *req)
{
	const char *type = arg(req, "grant_type"), *client_id = arg(req, "client_id");
	struct app *app = table_get(sim.apps, client_id);
	size_t i = 0;

	if (repeated(&req->args)) {
		oauth_fail(req, ERR_REPEATED, repeated(&req->args));
	} else if (!type || !client_id) {
		oauth_fail(req, ERR_MISSING, type ? "client_id" : "grant_type");
	} else if (!tenant_find(req->tenant_name) && !tenant_alias(req->tenant_name)) {
		oauth_fail(req, ERR_TENANT, req->tenant_name);
	} else if (!app) {
		oauth_fail(req, ERR_APP, client_id);
	} else {
		while (i < sizeof grants / sizeof *grants && strcmp(grants[i].name, type))
			i++;
		if (i < sizeof grants / sizeof *grants)
			grants[i].run(req, app);
		else
			oauth_fail(req, ERR_GRANT_TYPE, type);
	}
}
