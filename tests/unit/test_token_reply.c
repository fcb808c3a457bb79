/*
 * What all readers of answers share: URLs, Retry-After, form fields, and the table of refusals.
 */
#include "support.h"

#include "base/json.h"
#include "token/protocol.h"
#include "token/refusal.h"
#include "token/refusal_table.h"
#include "token/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct reply reply_of(int status, const char *body)
{
	return (struct reply){
		.status = status, .body = body, .len = strlen(body), .retry_after = 7};
}

static void test_retry_after(void **state)
{
	static const struct {
		const char *value;
		int want;
	} rows[] = {
		{NULL, 0},
		{"", 0},
		{"0", 0},
		{"12", 12},
		{"3600", 3600},
		{"3601", RETRY_AFTER_MAX},
		{"99999999999999999999", RETRY_AFTER_MAX},
		{"12s", 0},
		{"-5", 0},
		{"Sun, 06 Nov 1994 08:50:07 GMT", 30},
		{"Sun, 06 Nov 1994 08:49:00 GMT", 0},
		{"Mon, 06 Nov 2034 08:49:37 GMT", RETRY_AFTER_MAX},
		{"Sun, 06 Nov 1994 08:50:07 GMT!", 0},
		{"soon", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_number(rows[i].value != NULL ? rows[i].value : "(missing)",
			reply_retry_after(rows[i].value, 784111777), rows[i].want);
}

static void test_url(void **state)
{
	static const char authority[] = "http://127.0.0.1:8400";
	static const struct {
		const char *url;
		bool trusted, same;
	} rows[] = {
		{"https://microsoft.com/devicelogin", true, false},
		{"http://127.0.0.1:8400/device", true, true},
		{"HTTP://127.0.0.1:8400", true, true},
		{"http://127.0.0.1:8401/device", false, false},
		{"http://127.0.0.1/device", false, false},
		{"http://127.0.0.1:84000/", false, false},
		{"http://127.0.0.1:/", false, false},
		{"http://127.0.0.1:8400@evil.example/", false, false},
		{"https://user@evil.example/", false, false},
		{"https://evil.example\\@good.example/", false, false},
		{"https://", false, false},
		{"https:///x", false, false},
		{"https://a b/", false, false},
		{"https://a/\n", false, false},
		{"https://m\xc3\xbcller.example/", false, false},
		{"https://[::1]:8443/x", true, false},
		{"https://[::1/x", false, false},
		{"https://[]/x", false, false},
		{"javascript:alert(1)", false, false},
		{"//microsoft.com", false, false},
		{"", false, false},
		{NULL, false, false},
	};
	char *endless = calloc(1, 4096);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *label = rows[i].url != NULL ? rows[i].url : "(null)";

		assert_number(label, url_trusted(rows[i].url, authority), rows[i].trusted);
		assert_number(label, url_same_origin(rows[i].url, authority), rows[i].same);
	}
	assert_true(url_same_origin("https://Login.Example", "https://login.example:443/x?y"));
	assert_false(url_same_origin("https://login.example", "http://login.example:443"));
	assert_false(
		url_same_origin("https://login.example", "https://login.example.evil.example"));
	assert_false(url_same_origin("https://login.example.", "https://login.example"));
	memset(endless, 'a', 4000);
	memcpy(endless, "https://", 8);
	assert_false(url_trusted(endless, authority));
	free(endless);
}

static void test_form_field(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	form_field(&out, "a", "x y&z=\xc3\xbc+~._-09AZ");
	form_field(&out, "b", "");
	assert_text("fields", out.data, "a=x%20y%26z%3D%C3%BC%2B~._-09AZ&b=");
	buf_reset(&out);
	buf_string(&out, "https://a/?");
	form_field(&out, "c", "1");
	assert_text("in a URL", out.data, "https://a/?c=1");
	buf_free(&out);
}

static void test_guid(void **state)
{
	(void)state;
	assert_true(guid_valid("9188040d-6c67-4c5b-b112-36a304b66dad"));
	assert_true(guid_valid("9188040D-6C67-4C5B-B112-36A304B66DAD"));
	assert_false(guid_valid("9188040d-6c67-4c5b-b112-36a304b66da"));
	assert_false(guid_valid("9188040d-6c67-4c5b-b112-36a304b66dadd"));
	assert_false(guid_valid("9188040d-6c67-4c5b-b112-36a304b66dag"));
	assert_false(guid_valid("9188040d06c67-4c5b-b112-36a304b66dad"));
	assert_false(guid_valid(""));
	assert_false(guid_valid(NULL));
}

static void test_wipe(void **state)
{
	struct json_object *object = json_object_new_object();

	(void)state;
	json_set_string(object, "access_token", "planted-secret");
	json_set_int(object, "expires_in", 5);
	reply_wipe(object, "access_token");
	reply_wipe(object, "expires_in");
	reply_wipe(object, "missing");
	reply_wipe(NULL, "missing");
	assert_text("wiped", json_string(object, "access_token", NULL), "");
	json_object_put(object);
}

/* Every row is reached by the reply that it describes, and its words and codes arrive. */
static void test_every_row(void **state)
{
	const struct refusal_row *row = refusal_table;

	(void)state;
	for (; row->error != NULL; row++) {
		struct refusal refusal = {0};
		struct reply reply;
		char body[512], label[128], code[32];

		snprintf(body, sizeof(body),
			"{\"error\":\"%s\",\"suberror\":\"%s\",\"error_codes\":[1,%d]}",
			row->error, row->suberror != NULL ? row->suberror : "other", row->code);
		snprintf(label, sizeof(label), "%s/%s/%d", row->error,
			row->suberror != NULL ? row->suberror : "", row->code);
		snprintf(code, sizeof(code), "AADSTS%d", row->code);
		reply = reply_of(400, body);
		assert_number(label, refusal_read(&reply, &refusal), -1);
		assert_number(label, refusal.outcome, row->outcome);
		assert_text(label, refusal.code, row->name != NULL ? row->name : row->error);
		assert_non_null(strstr(refusal.text, code));
		if (strncmp(refusal.text, row->words, strlen(row->words)) != 0)
			fail_msg("%s: %s", label, refusal.text);
		assert_true(strlen(refusal.text) < sizeof(refusal.text) - 1);
		assert_number(
			label, refusal.retry_after, row->outcome == OUTCOME_TEMPORARY ? 7 : 0);
	}
	assert_number("the last row", row->outcome, OUTCOME_TERMINAL);
}

static void test_replies(void **state)
{
	static const struct {
		const char *label;
		int status;
		const char *body;
		enum outcome outcome;
		const char *code;
		int retry_after;
	} rows[] = {
		{"throttled", 429, "", OUTCOME_TEMPORARY, "http_429", 7},
		{"throttled with words", 429, "{\"error\":\"invalid_grant\"}",
			OUTCOME_TEMPORARY, "http_429", 7},
		{"in trouble", 503, "<html>", OUTCOME_TEMPORARY, "http_503", 7},
		{"in trouble, says invalid_client", 500, "{\"error\":\"invalid_client\"}",
			OUTCOME_TEMPORARY, "http_500", 7},
		{"too slow", 408, "", OUTCOME_TEMPORARY, "http_408", 7},
		{"a portal in between", 200, "<html>hello</html>", OUTCOME_TEMPORARY,
			"http_200", 7},
		{"a redirect", 302, "", OUTCOME_TEMPORARY, "http_302", 7},
		{"HTML as 400", 400, "<html>no</html>", OUTCOME_TEMPORARY, "http_400", 7},
		{"truncated", 400, "{\"error\":\"invalid_gra", OUTCOME_TEMPORARY, "http_400",
			7},
		{"no error in it", 400, "{\"message\":\"no\"}", OUTCOME_TEMPORARY, "http_400",
			7},
		{"an error that is no text", 400, "{\"error\":{\"code\":\"x\"}}",
			OUTCOME_TEMPORARY, "http_400", 7},
		{"an array", 400, "[]", OUTCOME_TEMPORARY, "http_400", 7},
		{"unknown", 400, "{\"error\":\"brand_new\"}", OUTCOME_TERMINAL, "brand_new", 0},
		{"as success", 200, "{\"error\":\"authorization_pending\"}", OUTCOME_PENDING,
			"authorization_pending", 0},
		{"an odd name", 400, "{\"error\":\"x <b>\\n\\u0001y\"}", OUTCOME_TERMINAL,
			"xby", 0},
		{"an empty name", 400, "{\"error\":\"\"}", OUTCOME_TERMINAL, "unknown", 0},
		{"codes of wrong types", 400,
			"{\"error\":\"invalid_grant\",\"error_codes\":[\"65001\",null,{}],"
			"\"suberror\":5}",
			OUTCOME_NEEDS_SIGN_IN, "invalid_grant", 0},
		{"many codes", 400,
			"{\"error\":\"invalid_grant\",\"error_codes\":[1,2,3,4,5,6,7,8,65001,"
			"65001]}",
			OUTCOME_NEEDS_SIGN_IN, "invalid_grant", 0},
		{"code in the description alone", 400,
			"{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS65001: "
			"no\"}",
			OUTCOME_CONSENT_REQUIRED, REFUSAL_CONSENT, 0},
		{"a description with too large a code", 400,
			"{\"error\":\"invalid_grant\",\"error_description\":"
			"\"AADSTS65001650016: no\"}",
			OUTCOME_NEEDS_SIGN_IN, "invalid_grant", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct reply reply = reply_of(rows[i].status, rows[i].body);
		struct refusal refusal = {0};

		refusal_read(&reply, &refusal);
		assert_number(rows[i].label, refusal.outcome, rows[i].outcome);
		assert_text(rows[i].label, refusal.code, rows[i].code);
		assert_number(rows[i].label, refusal.retry_after, rows[i].retry_after);
	}
}

static void test_huge(void **state)
{
	char *body = malloc(REPLY_MAX + 1);
	struct reply reply = {.status = 400, .body = body, .len = REPLY_MAX + 1};
	struct refusal refusal;

	(void)state;
	memset(body, ' ', REPLY_MAX + 1);
	memcpy(body, "{\"error\":\"invalid_client\"}", 26);
	refusal_read(&reply, &refusal);
	assert_number("over the limit", refusal.outcome, OUTCOME_TEMPORARY);
	reply.len--;
	refusal_read(&reply, &refusal);
	assert_number("at the limit", refusal.outcome, OUTCOME_CONFIGURATION);
	free(body);
}

/* What is quoted of error_description: one line, bounded, without what could be a token. */
static void test_quote(void **state)
{
	char body[2048], words[1000] = "";
	struct refusal refusal;
	struct reply reply;

	(void)state;
	reply = reply_of(400,
		"{\"error\":\"brand_new\",\"error_codes\":[5],\"error_description\":"
		"\"AADSTS5: No. Trace ID: 1\\r\\nCorrelation ID: 2\"}");
	refusal_read(&reply, &refusal);
	assert_text("first line", refusal.text,
		"Microsoft refused for a reason that is not known here; start again, or tell "
		"support the "
		"codes (brand_new, AADSTS5). Microsoft says: AADSTS5: No.");
	assert_text(
		"what it says", refusal.text + refusal.own, ". Microsoft says: AADSTS5: No.");
	reply = reply_of(400,
		"{\"error\":\"invalid_scope\",\"error_description\":\"The token "
		"SECRETSECRETSECRETSECRETSECRETSECRETSECRETSECRETSECRET is\\u0007 bad\"}");
	refusal_read(&reply, &refusal);
	assert_null(strstr(refusal.text, "SECRET"));
	assert_non_null(strstr(refusal.text, "The token ... is  bad"));
	for (int i = 0; i < 60; i++)
		strcat(words, "w\xc3\xb6rd ");
	snprintf(body, sizeof(body),
		"{\"error\":\"invalid_scope\",\"error_description\":\"%s\"}", words);
	reply = reply_of(400, body);
	refusal_read(&reply, &refusal);
	assert_true(strlen(refusal.text) < 300);
	assert_non_null(strstr(refusal.text, "w\xc3\xb6rd ..."));
	reply = reply_of(
		400, "{\"error\":\"invalid_grant\",\"error_description\":\"Something\"}");
	refusal_read(&reply, &refusal);
	assert_null(strstr(refusal.text, "Something"));
	assert_text("our words alone", refusal.text + refusal.own, "");
}

static void test_set_cuts_whole_characters(void **state)
{
	char text[640] = "";
	struct refusal refusal;

	(void)state;
	for (int i = 0; i < 200; i++)
		strcat(text, "\xe2\x82\xac");
	refusal_set(&refusal, OUTCOME_TERMINAL, "x", "%s", text);
	assert_number("whole characters", (long long)strlen(refusal.text) % 3, 0);
	refusal_set(&refusal, OUTCOME_TERMINAL, "x", "a%s", text);
	assert_number("and one byte before", (long long)strlen(refusal.text) % 3, 1);
	refusal_set(&refusal, OUTCOME_TERMINAL, NULL, "a\nb");
	assert_text("one line", refusal.text, "a b");
	assert_text("no code", refusal.code, "unknown");
}

/* What a browser can come back with: each is a step on, under a code that the page knows. */
static void test_callback(void **state)
{
	static const struct {
		const char *error, *description;
		enum outcome outcome;
		const char *code, *words;
	} rows[] = {
		{"access_denied", NULL, OUTCOME_DECLINED, "access_denied",
			"cancelled or refused"},
		{"access_denied", "AADSTS65004: User declined.", OUTCOME_DECLINED,
			"access_denied", "ask an administrator"},
		{"access_denied", "AADSTS90094: App needs permission.",
			OUTCOME_CONSENT_REQUIRED, REFUSAL_CONSENT, "has to approve"},
		{"access_denied", "AADSTS65001: No consent.", OUTCOME_CONSENT_REQUIRED,
			REFUSAL_CONSENT, "has to approve"},
		{"access_denied", "AADSTS50105: Not assigned.", OUTCOME_DECLINED,
			"not_assigned", "has to assign the account"},
		{"access_denied", "AADSTS53003: Blocked.", OUTCOME_DECLINED, REFUSAL_POLICY,
			"administrator has to allow it (access_denied, AADSTS53003)"},
		{"consent_required", NULL, OUTCOME_CONSENT_REQUIRED, REFUSAL_CONSENT,
			"has to approve"},
		{"interaction_required", "AADSTS90095: Approval.", OUTCOME_CONSENT_REQUIRED,
			REFUSAL_CONSENT, "has to approve"},
		{"interaction_required", "AADSTS530036: Blocked.", OUTCOME_NEEDS_SIGN_IN,
			REFUSAL_POLICY, "has to allow it"},
		{"interaction_required", "AADSTS50076: MFA.", OUTCOME_NEEDS_SIGN_IN,
			"interaction_required", "sign in again"},
		{"login_required", NULL, OUTCOME_NEEDS_SIGN_IN, "login_required",
			"sign in again"},
		{"server_error", NULL, OUTCOME_TEMPORARY, "server_error", "press the button"},
		{"temporarily_unavailable", NULL, OUTCOME_TEMPORARY, "temporarily_unavailable",
			"press the button"},
		{"invalid_request", "AADSTS50011: Redirect URI.", OUTCOME_CONFIGURATION,
			"invalid_request", "wizard_url/callback"},
	};
	struct refusal refusal;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		refusal_from_callback(rows[i].error, rows[i].description, &refusal);
		assert_number(rows[i].error, refusal.outcome, rows[i].outcome);
		assert_text(rows[i].error, refusal.code, rows[i].code);
		if (strstr(refusal.text, rows[i].words) == NULL)
			assert_text(rows[i].error, refusal.text, rows[i].words);
		assert_null(strstr(refusal.text, "tried again"));
	}
	refusal_from_callback("<script>", "Your account was hacked, call us", &refusal);
	assert_number("unknown", refusal.outcome, OUTCOME_TERMINAL);
	assert_text("no words of others", refusal.text,
		"Microsoft refused for a reason that is not known here; start again, or tell "
		"support the "
		"codes (script)");
	refusal_from_callback(NULL, NULL, &refusal);
	assert_number("nothing at all", refusal.outcome, OUTCOME_TERMINAL);
}

static void test_request(void **state)
{
	struct json_object *request = token_request("start", "LINK");

	(void)state;
	assert_text("request", json_text(request), "{\"op\":\"start\",\"link\":\"LINK\"}");
	json_object_put(request);
	request = token_request("ping", NULL);
	assert_text("without link", json_text(request), "{\"op\":\"ping\"}");
	json_object_put(request);
}

static void test_login_hint(void **state)
{
	char longest[300] = "a@";
	static const struct {
		const char *hint;
		bool valid;
	} rows[] = {
		{"ada@customer.test", true},
		{"o'brien+x@customer.co.test", true},
		{"\xc3\xa4@customer.test", true},
		{"", false},
		{"ada", false},
		{"@customer.test", false},
		{"ada@", false},
		{"ada@test", false},
		{"ada@.test", false},
		{"a da@customer.test", false},
		{"ada@customer.test\n", false},
		{"<ada@customer.test>", false},
		{"\"ada\"@customer.test", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_number(rows[i].hint, login_hint_valid(rows[i].hint), rows[i].valid);
	memset(longest + 2, 'x', 252);
	longest[100] = '.';
	assert_number("longest", login_hint_valid(longest), true);
	longest[254] = 'x';
	assert_number("too long", login_hint_valid(longest), false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_form_field),
		cmocka_unit_test(test_guid),
		cmocka_unit_test(test_wipe),
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_set_cuts_whole_characters),
		cmocka_unit_test(test_callback),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_login_hint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
