/*
 * The small modules of lib/base: buffers, encodings, times, JSON, errors, secrets, patterns.
 */
#include "support.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/json.h"
#include "base/pattern.h"
#include "base/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void test_buf(void **state)
{
	struct buf buf;
	char *taken;
	size_t len;

	(void)state;
	buf_init(&buf, 10);
	assert_text("empty", buf.data, "");
	buf_string(&buf, "hello");
	buf_printf(&buf, "%d", 42);
	assert_text("contents", buf.data, "hello42");
	buf_consume(&buf, 5);
	assert_text("consumed", buf.data, "42");
	buf_string(&buf, "12345678");
	assert_false(buf.failed);
	buf_byte(&buf, 'x');
	assert_true(buf.failed);
	assert_text("over the maximum, unchanged", buf.data, "4212345678");
	buf_reset(&buf);
	buf_string(&buf, "again");
	taken = buf_take(&buf, &len);
	assert_text("taken", taken, "again");
	assert_number("taken length", (long long)len, 5);
	free(taken);
	taken = buf_take(&buf, &len);
	assert_text("taken from an empty one", taken, "");
	free(taken);
	buf_init(&buf, 3);
	buf_string(&buf, "toolong");
	assert_null(buf_take(&buf, &len));
	buf_free(&buf);
}

static void test_buf_grows_to_its_maximum(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 100000);
	for (int i = 0; i < 100000; i++)
		buf_byte(&buf, 'a');
	assert_false(buf.failed);
	assert_number("length", (long long)buf.len, 100000);
	buf_byte(&buf, 'a');
	assert_true(buf.failed);
	buf_free(&buf);
}

static void test_encode(void **state)
{
	/* RFC 4648 section 10, without padding where ours have none. */
	static const struct {
		const char *plain, *base64, *base64url, *base32;
	} rows[] = {
		{"", "", "", ""},
		{"f", "Zg==", "Zg", "my"},
		{"fo", "Zm8=", "Zm8", "mzxq"},
		{"foo", "Zm9v", "Zm9v", "mzxw6"},
		{"foob", "Zm9vYg==", "Zm9vYg", "mzxw6yq"},
		{"fooba", "Zm9vYmE=", "Zm9vYmE", "mzxw6ytb"},
		{"foobar", "Zm9vYmFy", "Zm9vYmFy", "mzxw6ytboi"},
		{"\xfb\xff", "+/8=", "-_8", "7p7q"},
	};
	char text[64], bytes[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len = strlen(rows[i].plain);

		base64_encode(rows[i].plain, len, text);
		assert_text("base64", text, rows[i].base64);
		assert_number(
			"base64 back", base64_decode(text, strlen(text), bytes, 64), (int)len);
		assert_memory_equal(bytes, rows[i].plain, len);
		base64url_encode(rows[i].plain, len, text);
		assert_text("base64url", text, rows[i].base64url);
		assert_true(strlen(text) + 1 <= BASE64URL_SIZE(len));
		assert_number("base64url back", base64url_decode(text, strlen(text), bytes, 64),
			(int)len);
		base32_encode(rows[i].plain, len, text);
		assert_text("base32", text, rows[i].base32);
		assert_number(
			"base32 back", base32_decode(text, strlen(text), bytes, 64), (int)len);
	}
}

static void test_decode_is_strict(void **state)
{
	static const char *const bad64[] = {
		"Z", "Zg", "Zg=", "Zh==", "Zg==Zg==", "Z!==", "====", "Zm9v\n"};
	static const char *const bad64url[] = {"Z", "Zh", "Zg==", "Zm+v", "Zm9v "};
	char bytes[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad64); i++)
		assert_number(
			bad64[i], base64_decode(bad64[i], strlen(bad64[i]), bytes, 8), -1);
	for (size_t i = 0; i < ARRAY_SIZE(bad64url); i++)
		assert_number(bad64url[i],
			base64url_decode(bad64url[i], strlen(bad64url[i]), bytes, 8), -1);
	assert_number("too small", base64url_decode("Zm9vYmFy", 8, bytes, 5), -1);
}

static void test_clock(void **state)
{
	static const struct {
		const char *text;
		long long want;
	} rows[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2026-03-01T12:00:00Z", 1772366400},
		{"2026-03-01T12:00:00.999Z", 1772366400},
		{"2026-03-01t14:00:00+02:00", 1772366400},
		{"2026-03-01T06:30:00-05:30", 1772366400},
		{"2026-03-01", -1},
		{"2026-03-01T12:00:00", -1},
		{"2026-13-01T12:00:00Z", -1},
		{"2026-03-01T24:00:00Z", -1},
		{"2026-03-01T12:00:00.Z", -1},
		{"2026-03-01T12:00:00Zx", -1},
		{"", -1},
	};
	char text[CLOCK_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		time_t when = -1;
		int result = clock_parse(rows[i].text, &when);

		assert_number(rows[i].text, result == 0 ? (long long)when : -1, rows[i].want);
	}
	assert_number("NULL", clock_parse(NULL, &(time_t){0}), -1);
	assert_text("format", clock_format(1772366400, text), "2026-03-01T12:00:00Z");
}

/* json-c 0.18, strict, refuses each of these: what is beyond ASCII must not make it lenient. */
static void test_json_beyond_ascii(void **state)
{
	static const struct {
		const char *text;
		const char *string; /* NULL: refused */
	} rows[] = {
		{"{\"s\":\"\xc3\xbc\"}", "\xc3\xbc"},
		{"{\"s\":\"M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x93\x9e\",\"a\":[\"\xc3\xa9\"]}",
			"M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x93\x9e"},
		{"{\"s\":\"\xc3\xbc \\u00e9\"} ", "\xc3\xbc \xc3\xa9"},
		{"{\"s\":\"\xc3\xbc\",\"\xc3\xbc\":1}", "\xc3\xbc"},
		{"{\"s\":\"\xc3\"}", NULL},
		{"{\"s\":\"\xc3\xbc\xff\"}", NULL},
		{"{\"s\":\"\xc3\xbc\"} x", NULL},
		{"{\"s\":\"\xc3\xbc\"} \xc3\xbc", NULL},
		{"{\"s\":\"\xc3\xbc\",}", NULL},
		{"{'s':'\xc3\xbc'}", NULL},
		{"{\"s\":\"\xc3\xbc\" /* \xc3\xbc */}", NULL},
		{"{\"s\":\"\\\xc3\xbc\"}", NULL},
		{"{\"s\":\"\xc3\xbc\"", NULL},
		{"[\"\xc3\xbc\"]", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json_object *value;
		struct error error;
		int result = json_parse(rows[i].text, strlen(rows[i].text), &value, &error);

		assert_number(rows[i].text, result, rows[i].string != NULL ? 0 : -1);
		assert_text(rows[i].text, json_string(value, "s", NULL), rows[i].string);
		json_object_put(value);
	}
}

static void test_json(void **state)
{
	static const char *const bad[] = {"", "{", "{}}", "{} x", "[1,]", "[1]", "42", "\"x\"",
		"null", "\"\xff\"", "{\"a\":1}{", "[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]"};
	static const char good[] = "{\"s\":\"x\",\"n\":7,\"b\":true,\"a\":[1,2]} \n";
	struct json_object *value;
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_number(bad[i], json_parse(bad[i], strlen(bad[i]), &value, &error), -1);
		assert_null(value);
		assert_int_equal(error.kind, ERROR_PERMANENT);
	}
	assert_int_equal(json_parse(good, strlen(good), &value, &error), 0);
	assert_text("string", json_string(value, "s", "-"), "x");
	assert_text("other type", json_string(value, "n", "-"), "-");
	assert_number("number", json_int(value, "n", 0), 7);
	assert_number("missing", json_int(value, "m", 9), 9);
	assert_true(json_flag(value, "b", false));
	assert_number("elements", (long)json_count(json_member(value, "a")), 2);
	assert_number("no array", (long)json_count(value), 0);
	assert_number("nothing", (long)json_count(NULL), 0);
	assert_int_equal(json_set_string(value, "s", NULL), 0);
	assert_null(json_member(value, "s"));
	json_object_put(value);
	assert_text("no object", json_string(NULL, "s", "-"), "-");
}

static void test_error(void **state)
{
	struct error error;

	(void)state;
	assert_int_equal(error_set(&error, ERROR_POLICY, "a\r\nb\xc2\x9b %s", "c"), -1);
	assert_text("one line", error.text, "a  b   c");
	error_prefix(&error, "x:%d", 3);
	assert_text("prefix", error.text, "x:3: a  b   c");
	assert_int_equal(error.kind, ERROR_POLICY);
	error_errno(&error, ENOSPC, "write");
	assert_int_equal(error.kind, ERROR_TEMPORARY);
	assert_text("errno", error.text, "write: No space left on device");
	error_errno(&error, EACCES, "open");
	assert_int_equal(error.kind, ERROR_CONFIGURATION);
	error_open(&error, ENOENT, "/x", "make one");
	assert_text("not there", error.text, "open /x: No such file or directory: make one");
	assert_int_equal(error.kind, ERROR_CONFIGURATION);
	error_open(&error, ENOENT, "/x", "");
	assert_text("no remedy", error.text, "open /x: No such file or directory");
	error_open(&error, EACCES, "/x", "make one");
	assert_true(strncmp(error.text, "open /x: Permission denied: user ", 33) == 0);
	for (int kind = ERROR_NONE; kind <= ERROR_UNCERTAIN; kind++)
		assert_int_equal(
			error_kind_named(error_answer((enum error_kind)kind)->name), kind);
	assert_int_equal(error_kind_named("nonsense"), ERROR_PERMANENT);
	for (int kind = ERROR_NONE; kind <= ERROR_UNCERTAIN; kind++) {
		const struct error any = {.kind = (enum error_kind)kind};

		assert_int_equal(error_is_passing(&any),
			kind == ERROR_TEMPORARY || kind == ERROR_UNCERTAIN);
	}
}

static void test_secret(void **state)
{
	struct secret *a = secret_from_string("token"), *b = secret_new("token", 5),
		      *c = secret_random(32);

	(void)state;
	assert_int_equal(secret_len(a), 5);
	assert_int_equal(secret_len(b), 5);
	assert_text("bytes", (const char *)secret_bytes(a), (const char *)secret_bytes(b));
	assert_int_equal(secret_len(c), 32);
	secret_free(&a);
	assert_null(a);
	secret_free(&a);
	secret_free(&b);
	secret_free(&c);
}

static void test_pattern(void **state)
{
	struct error error;
	struct pattern *pattern = pattern_new("^Welcome (\\w+)", &error);
	char *group;

	(void)state;
	assert_true(pattern_match(pattern, "welcome ADA you", 15, &group));
	assert_text("group", group, "ADA");
	free(group);
	assert_false(pattern_match(pattern, "not welcome ADA", 15, &group));
	assert_null(group);
	assert_false(pattern_match(pattern, "\xff\xfe", 2, NULL));
	pattern_free(&pattern);
	assert_null(pattern_new("a(b", &error));
	assert_int_equal(error.kind, ERROR_CONFIGURATION);
	pattern = pattern_new("(a+)+$", &error);
	assert_false(
		pattern_match(pattern, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 42, NULL));
	pattern_free(&pattern);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buf),
		cmocka_unit_test(test_buf_grows_to_its_maximum),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_decode_is_strict),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_beyond_ascii),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
