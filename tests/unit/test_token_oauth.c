/*
 * Requests to Entra byte for byte, and its answers.
 */
#include "support.h"

#include "token/discovery.h"
#include "token/graph.h"
#include "token/oauth.h"
#include "token/pkce.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const scopes[] = {"User.Read.All", "offline_access", "openid", NULL};
static const char authority[] = "https://login.example";

/* So that tables and failures are in words. */
static const char *outcome_name(enum outcome outcome)
{
	static const char *const names[] = {
		[OUTCOME_EXPIRED] = "expired",
		[OUTCOME_NEEDS_SIGN_IN] = "needs_sign_in",
		[OUTCOME_CONSENT_REQUIRED] = "consent_required",
		[OUTCOME_CONFIGURATION] = "configuration",
		[OUTCOME_TEMPORARY] = "temporary",
		[OUTCOME_TERMINAL] = "terminal",
	};

	return (size_t)outcome < ARRAY_SIZE(names) ? names[outcome] : NULL;
}

static struct reply reply_of(int status, const char *body)
{
	return (struct reply){
		.status = status, .body = body, .len = strlen(body), .retry_after = 7};
}

static void check_body(const char *label, struct secret *body, const char *want)
{
	assert_non_null(body);
	assert_text(label, (const char *)secret_bytes(body), want);
	secret_free(&body);
}

static void test_bodies(void **state)
{
	struct secret *code = secret_from_string("c&d=e+f");
	struct oauth_code exchange = {
		.client_id = "id",
		.code = "0.A/b",
		.redirect_uri = "https://invite.example/callback",
		.verifier = code,
		.scopes = scopes,
	};

	(void)state;
	check_body("device", oauth_device_body("id", scopes),
		"client_id=id&scope=User.Read.All%20offline_access%20openid");
	check_body("poll", oauth_poll_body("id", code),
		"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=id"
		"&device_code=c%26d%3De%2Bf");
	check_body("refresh", oauth_refresh_body("id", code, scopes),
		"grant_type=refresh_token&client_id=id&refresh_token=c%26d%3De%2Bf"
		"&scope=User.Read.All%20offline_access%20openid");
	check_body("code", oauth_code_body(&exchange),
		"grant_type=authorization_code&client_id=id&code=0.A%2Fb"
		"&redirect_uri=https%3A%2F%2Finvite.example%2Fcallback&code_verifier=c%26d%3De%"
		"2Bf"
		"&scope=User.Read.All%20offline_access%20openid");
	secret_free(&code);
}

static void test_long_secret(void **state)
{
	char *text = calloc(1, 60001);
	struct secret *token, *body;

	(void)state;
	memset(text, '/', 60000);
	token = secret_from_string(text);
	body = oauth_refresh_body("id", token, scopes);
	assert_non_null(body);
	assert_true(secret_len(body) > 180000);
	secret_free(&body);
	secret_free(&token);
	free(text);
}

static void test_authorize_url(void **state)
{
	struct oauth_authorize authorize = {
		.endpoint = "https://login.example/t/oauth2/v2.0/authorize",
		.client_id = "id",
		.redirect_uri = "https://invite.example/callback",
		.scopes = scopes,
		.state = "st",
		.nonce = "no",
		.challenge = "ch",
		.login_hint = "ada+x@contoso.example",
		.prompt = "select_account",
	};
	char *url = oauth_authorize_url(&authorize);

	(void)state;
	assert_text("all", url,
		"https://login.example/t/oauth2/v2.0/authorize?client_id=id&response_type=code"
		"&response_mode=query&redirect_uri=https%3A%2F%2Finvite.example%2Fcallback"
		"&scope=User.Read.All%20offline_access%20openid&state=st&nonce=no&code_"
		"challenge=ch"
		"&code_challenge_method=S256&login_hint=ada%2Bx%40contoso.example&prompt="
		"select_account");
	free(url);
	authorize.endpoint = "https://login.example/authorize?p=x";
	authorize.login_hint = "";
	authorize.prompt = NULL;
	url = oauth_authorize_url(&authorize);
	assert_text("least", url,
		"https://login.example/authorize?p=x&client_id=id&response_type=code"
		"&response_mode=query&redirect_uri=https%3A%2F%2Finvite.example%2Fcallback"
		"&scope=User.Read.All%20offline_access%20openid&state=st&nonce=no&code_"
		"challenge=ch"
		"&code_challenge_method=S256");
	free(url);
}

static void test_admin_consent_url(void **state)
{
	const struct oauth_admin_consent consent = {
		.authority_url = "https://login.example",
		.tenant = "contoso.example",
		.client_id = "id",
		.redirect_uri = "https://invite.example/callback",
		.scopes = scopes,
		.state = "st",
	};
	char *url = oauth_admin_consent_url(&consent);

	(void)state;
	assert_text("url", url,
		"https://login.example/contoso.example/v2.0/adminconsent?client_id=id"
		"&scope=User.Read.All%20offline_access%20openid"
		"&redirect_uri=https%3A%2F%2Finvite.example%2Fcallback&state=st");
	free(url);
}

#define DEVICE "\"device_code\":\"planted-secret\",\"user_code\":\"ABCD-EFGH\","
#define URI    "\"verification_uri\":\"https://microsoft.com/devicelogin\","

static void test_device(void **state)
{
	struct reply reply = reply_of(
		200, "{" DEVICE URI "\"expires_in\":900,\"interval\":7,\"message\":\"Go\"}");
	struct oauth_device device;
	struct refusal refusal;

	(void)state;
	assert_number("read", oauth_device_read(&reply, authority, &device, &refusal), 0);
	assert_text("device_code", (const char *)secret_bytes(device.device_code),
		"planted-secret");
	assert_text("user_code", device.user_code, "ABCD-EFGH");
	assert_text("verification_uri", device.verification_uri,
		"https://microsoft.com/devicelogin");
	assert_text("message", device.message, "Go");
	assert_number("expires_in", device.expires_in, 900);
	assert_number("interval", device.interval, 7);
	oauth_device_free(&device);
	oauth_device_free(&device);
}

static void test_device_bounds(void **state)
{
	static const struct {
		const char *label, *body;
		int expires_in, interval; /* expires_in 0: refused as temporary */
	} rows[] = {
		{"defaults", "{" DEVICE URI "\"expires_in\":900}", 900, 5},
		{"interval 0", "{" DEVICE URI "\"expires_in\":900,\"interval\":0}", 900, 5},
		{"interval negative", "{" DEVICE URI "\"expires_in\":900,\"interval\":-9}", 900,
			5},
		{"interval endless",
			"{" DEVICE URI "\"expires_in\":900,\"interval\":99999999999}", 900,
			300},
		{"interval a text", "{" DEVICE URI "\"expires_in\":900,\"interval\":\"9\"}",
			900, 5},
		{"lifetime endless", "{" DEVICE URI "\"expires_in\":9223372036854775807}", 3600,
			5},
		{"lifetime 0", "{" DEVICE URI "\"expires_in\":0}", 0, 0},
		{"no lifetime", "{" DEVICE URI "\"interval\":5}", 0, 0},
		{"no code", "{\"user_code\":\"A\"," URI "\"expires_in\":900}", 0, 0},
		{"code a number",
			"{\"device_code\":5,\"user_code\":\"A\"," URI "\"expires_in\":900}", 0,
			0},
		{"code with NUL",
			"{\"device_code\":\"a\\u0000b\",\"user_code\":\"A\"," URI
			"\"expires_in\":900}",
			0, 0},
		{"no user_code", "{\"device_code\":\"x\"," URI "\"expires_in\":900}", 0, 0},
		{"odd user_code",
			"{\"device_code\":\"x\",\"user_code\":\"A\\nB\"," URI
			"\"expires_in\":900}",
			0, 0},
		{"user_code not ASCII",
			"{\"device_code\":\"x\",\"user_code\":\"\xc3\xbc\"," URI
			"\"expires_in\":900}",
			0, 0},
		{"no uri", "{" DEVICE "\"expires_in\":900}", 0, 0},
		{"plain uri",
			"{" DEVICE
			"\"verification_uri\":\"http://microsoft.com/\",\"expires_in\":900}",
			0, 0},
		{"script uri",
			"{" DEVICE "\"verification_uri\":\"javascript:x\",\"expires_in\":900}",
			0, 0},
		{"truncated", "{" DEVICE URI "\"expires_in\":9", 0, 0},
		{"HTML", "<html>", 0, 0},
		{"nothing", "", 0, 0},
		{"array", "[1]", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct reply reply = reply_of(200, rows[i].body);
		struct oauth_device device;
		struct refusal refusal = {0};
		int result = oauth_device_read(&reply, authority, &device, &refusal);

		assert_number(rows[i].label, result, rows[i].expires_in > 0 ? 0 : -1);
		assert_number(rows[i].label, device.expires_in, rows[i].expires_in);
		assert_number(rows[i].label, device.interval, rows[i].interval);
		if (result != 0)
			assert_text(rows[i].label, outcome_name(refusal.outcome), "temporary");
		oauth_device_free(&device);
	}
}

static void test_device_refused(void **state)
{
	struct reply reply =
		reply_of(401, "{\"error\":\"invalid_client\",\"error_codes\":[7000218],\"error_"
			      "description\":\"AADSTS7000218: x\"}");
	struct oauth_device device;
	struct refusal refusal;

	(void)state;
	assert_number("refused", oauth_device_read(&reply, authority, &device, &refusal), -1);
	assert_null(device.device_code);
	assert_text("outcome", outcome_name(refusal.outcome), "configuration");
	assert_non_null(strstr(refusal.text, "\"Allow public client flows\""));
	assert_non_null(strstr(refusal.text, "(invalid_client, AADSTS7000218)"));
}

#define ACCESS "\"token_type\":\"Bearer\",\"access_token\":\"planted-a\","

static void test_tokens(void **state)
{
	struct reply reply =
		reply_of(200, "{" ACCESS "\"expires_in\":3599,\"scope\":\"a b\","
			      "\"refresh_token\":\"planted-r\",\"id_token\":\"planted-i\"}");
	struct oauth_tokens tokens;
	struct refusal refusal;

	(void)state;
	assert_number("read", oauth_tokens_read(&reply, &tokens, &refusal), 0);
	assert_text("access", (const char *)secret_bytes(tokens.access_token), "planted-a");
	assert_text("refresh", (const char *)secret_bytes(tokens.refresh_token), "planted-r");
	assert_text("id", (const char *)secret_bytes(tokens.id_token), "planted-i");
	assert_text("scope", tokens.scope, "a b");
	assert_number("expires_in", tokens.expires_in, 3599);
	oauth_tokens_free(&tokens);
	reply = reply_of(200,
		"{\"token_type\":\"bearer\",\"access_token\":\"a\",\"expires_in\":99999999}");
	assert_number("least", oauth_tokens_read(&reply, &tokens, &refusal), 0);
	assert_null(tokens.refresh_token);
	assert_null(tokens.id_token);
	assert_null(tokens.scope);
	assert_number("bounded", tokens.expires_in, 86400);
	oauth_tokens_free(&tokens);
	oauth_tokens_free(&tokens);
}

static void test_bad_tokens(void **state)
{
	static const struct {
		const char *label, *body, *outcome;
	} rows[] = {
		{"no access token", "{\"token_type\":\"Bearer\",\"expires_in\":5}",
			"temporary"},
		{"empty access token",
			"{\"token_type\":\"Bearer\",\"access_token\":\"\",\"expires_in\":5}",
			"temporary"},
		{"no type", "{\"access_token\":\"a\",\"expires_in\":5}", "temporary"},
		{"another type",
			"{\"token_type\":\"pop\",\"access_token\":\"a\",\"expires_in\":5}",
			"temporary"},
		{"no lifetime", "{" ACCESS "\"scope\":\"a\"}", "temporary"},
		{"lifetime a text", "{" ACCESS "\"expires_in\":\"3599\"}", "temporary"},
		{"refresh token no text", "{" ACCESS "\"expires_in\":5,\"refresh_token\":7}",
			"temporary"},
		{"id_token no text", "{" ACCESS "\"expires_in\":5,\"id_token\":{}}",
			"temporary"},
		{"scope no text", "{" ACCESS "\"expires_in\":5,\"scope\":[]}", "temporary"},
		{"tokens and an error",
			"{" ACCESS "\"expires_in\":5,\"error\":\"invalid_grant\"}",
			"needs_sign_in"},
		{"truncated", "{" ACCESS "\"expires_in\":5", "temporary"},
		{"not UTF-8", "{" ACCESS "\"expires_in\":5,\"x\":\"\xff\"}", "temporary"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct reply reply = reply_of(200, rows[i].body);
		struct oauth_tokens tokens;
		struct refusal refusal = {0};

		assert_number(rows[i].label, oauth_tokens_read(&reply, &tokens, &refusal), -1);
		assert_text(rows[i].label, outcome_name(refusal.outcome), rows[i].outcome);
		assert_null(tokens.access_token);
		assert_null(tokens.refresh_token);
		assert_null(strstr(refusal.text, "planted"));
	}
}

/* Cut anywhere, a good reply is never taken for a whole one. */
static void test_cut_tokens(void **state)
{
	static const char body[] =
		"{" ACCESS "\"expires_in\":3599,\"refresh_token\":\"planted-r\"}";
	struct oauth_tokens tokens;
	struct refusal refusal;

	(void)state;
	for (size_t len = 0; len < sizeof(body) - 1; len++) {
		struct reply reply = {.status = 200, .body = body, .len = len};

		assert_number("cut", oauth_tokens_read(&reply, &tokens, &refusal), -1);
		assert_number("cut", refusal.outcome, OUTCOME_TEMPORARY);
	}
}

static void test_scopes(void **state)
{
	static const struct {
		const char *label, *wanted[4], *granted, *missing;
	} rows[] = {
		{"all", {"User.Read.All", "Group.ReadWrite.All"},
			"User.Read.All Group.ReadWrite.All", ""},
		{"full names", {"User.Read.All"},
			"openid https://graph.microsoft.com/User.Read.All", ""},
		{"wanted in full", {"https://graph.microsoft.com/User.Read.All"},
			"User.Read.All", ""},
		{"without case", {"user.read.all"}, "HTTPS://Graph.Microsoft.com/USER.READ.ALL",
			""},
		{"exempt", {"offline_access", "openid", "profile"}, "", ""},
		{"default", {"https://graph.microsoft.com/.default", ".default"}, "", ""},
		{"one", {"User.Read.All", "Group.ReadWrite.All"}, "User.Read.All",
			"Group.ReadWrite.All"},
		{"two", {"a", "b", "c"}, "  b  ", "a, c"},
		{"prefix of a granted one", {"User.Read"}, "User.Read.All", "User.Read"},
		{"begins with a granted one", {"User.Read.All"}, "User.Read", "User.Read.All"},
		{"another resource", {"User.Read.All"}, "https://evil.example/User.Read.All",
			"User.Read.All"},
		{"another resource wanted", {"https://x.example/a"}, "a",
			"https://x.example/a"},
		{"another resource granted", {"https://x.example/a"}, "https://x.example/a",
			""},
		{"longer host", {"User.Read.All"},
			"https://graph.microsoft.com.evil/User.Read.All", "User.Read.All"},
		{"reply does not say", {"User.Read.All"}, NULL, ""},
		{"nothing granted", {"User.Read.All"}, "", "User.Read.All"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct buf missing;
		int n;

		buf_init(&missing, 1000);
		n = oauth_scopes_missing(rows[i].wanted, rows[i].granted,
			"https://graph.microsoft.com", &missing);
		assert_text(rows[i].label, missing.data, rows[i].missing);
		assert_number(rows[i].label, n > 0, *rows[i].missing != '\0');
		assert_number(rows[i].label,
			oauth_scopes_missing(rows[i].wanted, rows[i].granted,
				"https://graph.microsoft.com", NULL),
			n);
		buf_free(&missing);
	}
}

static void test_scopes_of_a_refresh(void **state)
{
	static const char *const wanted[] = {"User.Read.All",
		"https://graph.microsoft.com/Mail.Read", "offline_access", "openid", NULL};
	static const struct {
		const char *label, *granted, *want;
	} rows[] = {
		{"all", "mail.read User.Read.All openid",
			"User.Read.All https://graph.microsoft.com/Mail.Read offline_access openid "},
		{"not said", NULL,
			"User.Read.All https://graph.microsoft.com/Mail.Read offline_access openid "},
		{"one is new", "https://graph.microsoft.com/User.Read.All profile",
			"User.Read.All offline_access openid "},
		{"nothing is left", "Files.Read", "offline_access openid "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char **list = oauth_scopes_granted(
			wanted, rows[i].granted, "https://graph.microsoft.com");
		struct buf got;

		buf_init(&got, 1000);
		for (const char **scope = list; *scope != NULL; scope++)
			buf_printf(&got, "%s ", *scope);
		assert_text(rows[i].label, got.data, rows[i].want);
		buf_free(&got);
		free(list);
	}
}

static void test_graph(void **state)
{
	static const struct {
		const char *label;
		int status;
		const char *body, *outcome, *code; /* outcome NULL: good */
	} rows[] = {
		{"good", 200,
			"{\"@odata.context\":\"x\",\"id\":\"AB\",\"userPrincipalName\":\"ada@"
			"contoso.example\"}",
			NULL, NULL},
		{"another account", 200, "{\"id\":\"cd\",\"userPrincipalName\":\"x\"}",
			"terminal", "account_mismatch"},
		{"no id", 200, "{}", "temporary", "http_200"},
		{"HTML", 200, "<html>", "temporary", "http_200"},
		{"expired", 401,
			"{\"error\":{\"code\":\"InvalidAuthenticationToken\",\"message\":\"x\"}"
			"}",
			"needs_sign_in", "InvalidAuthenticationToken"},
		{"forbidden", 403, "{\"error\":{\"code\":\"Authorization_RequestDenied\"}}",
			"consent_required", "Authorization_RequestDenied"},
		{"gone", 404, "{\"error\":{\"code\":\"Request_ResourceNotFound\"}}", "terminal",
			"Request_ResourceNotFound"},
		{"throttled", 429, "", "temporary", "http_429"},
		{"in trouble", 502, "<html>", "temporary", "http_502"},
		{"odd error", 400, "{\"error\":\"text\"}", "temporary", "http_400"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct reply reply = reply_of(rows[i].status, rows[i].body);
		struct refusal refusal = {0};
		char *name;
		int result = graph_me_read(&reply, "ab", &name, &refusal);

		assert_number(rows[i].label, result, rows[i].outcome == NULL ? 0 : -1);
		assert_text(rows[i].label, name,
			rows[i].outcome == NULL ? "ada@contoso.example" : NULL);
		if (rows[i].outcome != NULL) {
			assert_text(
				rows[i].label, outcome_name(refusal.outcome), rows[i].outcome);
			assert_text(rows[i].label, refusal.code, rows[i].code);
			assert_number(rows[i].label, refusal.retry_after,
				rows[i].status == 200 ||
						strcmp(rows[i].outcome, "temporary") != 0
					? refusal.retry_after
					: 7);
		}
		free(name);
	}
}

#define ENDPOINTS(origin)                                                                      \
	"\"authorization_endpoint\":\"https://login.example/t/"                                \
	"a\",\"token_endpoint\":\"" origin                                                     \
	"/t/t\",\"device_authorization_endpoint\":\"https://login.example/t/d\","              \
	"\"jwks_uri\":\"https://login.example/t/k\""

static void test_discovery(void **state)
{
	static const char tenant[] = "ABCDEF01-2222-3333-4444-555555555555";
	static const struct {
		const char *label;
		int status;
		const char *body, *tenant_id, *outcome; /* outcome NULL: good */
	} rows[] = {
		{"a tenant", 200,
			"{\"issuer\":\"https://login.example/"
			"ABCDEF01-2222-3333-4444-555555555555/v2.0\"," ENDPOINTS(
				"https://LOGIN.example:443") "}",
			"abcdef01-2222-3333-4444-555555555555", NULL},
		{"all tenants", 200,
			"{\"issuer\":\"https://login.example/{tenantid}/v2.0\"," ENDPOINTS(
				"https://login.example") "}",
			"", NULL},
		{"no tenant", 200,
			"{\"issuer\":\"https://login.example/\"," ENDPOINTS(
				"https://login.example") "}",
			NULL, "configuration"},
		{"long tenant", 200,
			"{\"issuer\":\"https://login.example/"
			"abcdef01-2222-3333-4444-5555555555555/v2.0\"," ENDPOINTS(
				"https://login.example") "}",
			NULL, "configuration"},
		{"issuer of another origin", 200,
			"{\"issuer\":\"https://sts.example/{tenantid}/\"," ENDPOINTS(
				"https://login.example") "}",
			NULL, "configuration"},
		{"endpoint of another origin", 200,
			"{\"issuer\":\"https://login.example/{tenantid}/\"," ENDPOINTS(
				"https://evil.example") "}",
			NULL, "configuration"},
		{"plain endpoint", 200,
			"{\"issuer\":\"https://login.example/{tenantid}/\"," ENDPOINTS(
				"http://login.example") "}",
			NULL, "configuration"},
		{"no issuer", 200, "{" ENDPOINTS("https://login.example") "}", NULL,
			"temporary"},
		{"no endpoints", 200, "{\"issuer\":\"https://login.example/{tenantid}/v2.0\"}",
			NULL, "temporary"},
		{"HTML", 200, "<html>", NULL, "temporary"},
		{"array", 200, "[]", NULL, "temporary"},
		{"unknown tenant", 400,
			"{\"error\":\"invalid_tenant\",\"error_codes\":[90002]}", NULL,
			"configuration"},
		{"in trouble", 503, "", NULL, "temporary"},
	};
	char *url = discovery_url(authority, tenant);

	(void)state;
	assert_text("url", url,
		"https://login.example/ABCDEF01-2222-3333-4444-555555555555/v2.0/.well-known/"
		"openid-configuration");
	free(url);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct reply reply = reply_of(rows[i].status, rows[i].body);
		struct refusal refusal = {0};
		struct discovery *discovery = discovery_read(&reply, authority, &refusal);

		assert_number(rows[i].label, discovery != NULL, rows[i].outcome == NULL);
		if (discovery != NULL) {
			assert_text(rows[i].label, discovery->tenant_id, rows[i].tenant_id);
			assert_text(rows[i].label, discovery->jwks_uri,
				"https://login.example/t/k");
			assert_text(rows[i].label, discovery->device_authorization_endpoint,
				"https://login.example/t/d");
		} else {
			assert_text(
				rows[i].label, outcome_name(refusal.outcome), rows[i].outcome);
		}
		discovery_free(&discovery);
	}
}

static void test_tenant(void **state)
{
	char *longest = calloc(1, 255);

	(void)state;
	assert_true(tenant_valid("organizations"));
	assert_true(tenant_valid("contoso.onmicrosoft.com"));
	assert_false(tenant_valid(""));
	assert_false(tenant_valid(NULL));
	assert_false(tenant_valid("a/../b"));
	assert_false(tenant_valid(".."));
	assert_false(tenant_valid("a..b"));
	assert_false(tenant_valid("a?b"));
	assert_false(tenant_valid("a%2fb"));
	assert_null(discovery_url(authority, "a b"));
	memset(longest, 'a', 254);
	assert_false(tenant_valid(longest));
	longest[253] = '\0';
	assert_true(tenant_valid(longest));
	free(longest);
}

static void test_pkce(void **state)
{
	/* RFC 7636 appendix B. */
	struct secret *known =
		secret_from_string("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
	struct secret *verifier = pkce_verifier_new(), *other = pkce_verifier_new();
	char challenge[PKCE_CHALLENGE_LEN + 1], a[PKCE_TEXT_LEN + 1], b[PKCE_TEXT_LEN + 1];

	(void)state;
	assert_number("challenge", pkce_challenge(known, challenge), 0);
	assert_text("challenge", challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
	assert_number("length", (long long)secret_len(verifier), PKCE_CHALLENGE_LEN);
	assert_memory_not_equal(
		secret_bytes(verifier), secret_bytes(other), PKCE_CHALLENGE_LEN);
	assert_number("text", pkce_random_text(a), 0);
	assert_number("text", pkce_random_text(b), 0);
	assert_number("length", (long long)strlen(a), PKCE_TEXT_LEN);
	assert_string_not_equal(a, b);
	secret_free(&known);
	secret_free(&verifier);
	secret_free(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_long_secret),
		cmocka_unit_test(test_authorize_url),
		cmocka_unit_test(test_admin_consent_url),
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_device_bounds),
		cmocka_unit_test(test_device_refused),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_bad_tokens),
		cmocka_unit_test(test_cut_tokens),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_scopes_of_a_refresh),
		cmocka_unit_test(test_graph),
		cmocka_unit_test(test_discovery),
		cmocka_unit_test(test_tenant),
		cmocka_unit_test(test_pkce),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
