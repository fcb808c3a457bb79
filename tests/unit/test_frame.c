/*
 * Frames: whole, in pieces, and what is none.
 */
#include "support.h"

#include "base/frame.h"

#include <stdlib.h>
#include <string.h>

#define BYTES(text) text, sizeof(text) - 1

static void test_bytes(void **state)
{
	static const char want[] = "\0\0\0\x07\x01\x02\x03\x04R{}";
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	frame_put(&out, 0x01020304, FRAME_REPLY, "{}", 2);
	assert_number("length", (long long)out.len, sizeof(want) - 1);
	assert_memory_equal(out.data, want, sizeof(want) - 1);
	buf_free(&out);
}

static const struct {
	uint32_t call;
	enum frame_type type;
	const char *body;
} frames[] = {
	{0, FRAME_REQUEST, "{\"op\":\"ping\"}"},
	{UINT32_MAX, FRAME_REPLY, "{}"},
	{7, FRAME_EVENT, ""},
	{7, FRAME_ERROR, "{\"kind\":\"policy\",\"text\":\"no\"}"},
};

/* However many bytes are there: nothing, or the first frame whole. */
static void test_split(void **state)
{
	struct frame frame;
	struct error error;
	struct buf out;
	size_t used = 0;

	(void)state;
	buf_init(&out, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(frames); i++)
		frame_put(&out, frames[i].call, frames[i].type, frames[i].body,
			strlen(frames[i].body));
	for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
		size_t size = FRAME_HEADER + strlen(frames[i].body);

		for (size_t len = 0; len < size; len++)
			assert_number("too few bytes",
				frame_get(out.data + used, len, &frame, &error), 0);
		assert_number("just enough", frame_get(out.data + used, size, &frame, &error),
			(long long)size);
		assert_number("more",
			frame_get(out.data + used, out.len - used, &frame, &error),
			(long long)size);
		assert_number("call", frame.call, frames[i].call);
		assert_number("type", frame.type, frames[i].type);
		assert_number(
			"body", (long long)frame.body_len, (long long)strlen(frames[i].body));
		assert_memory_equal(frame.body, frames[i].body, frame.body_len);
		used += size;
	}
	assert_number("all", (long long)used, (long long)out.len);
	buf_free(&out);
}

static const struct {
	const char *label, *bytes;
	size_t len;
	int want;
} bad[] = {
	{"no length yet", BYTES("\0\0\0"), 0},
	{"too short for a header", BYTES("\0\0\0\x04"), -1},
	{"empty", BYTES("\0\0\0\0"), -1},
	{"longest", BYTES("\0\x40\0\0"), 0},
	{"one longer", BYTES("\0\x40\0\x01"), -1},
	{"very long", BYTES("\xff\xff\xff\xff"), -1},
	{"HTTP", BYTES("GET / HTTP/1.1\r\n\r\n"), -1},
	{"unknown type", BYTES("\0\0\0\x05\0\0\0\x01X"), -1},
	{"unknown type, seen before the body", BYTES("\0\0\0\x10\0\0\0\x01\0"), -1},
};

static void test_bad(void **state)
{
	struct frame frame;
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		error.kind = ERROR_NONE;
		assert_number(bad[i].label, frame_get(bad[i].bytes, bad[i].len, &frame, &error),
			bad[i].want);
		assert_number(bad[i].label, error.kind,
			bad[i].want < 0 ? ERROR_PERMANENT : ERROR_NONE);
	}
}

static void test_limits(void **state)
{
	char *body = calloc(1, FRAME_BODY_MAX + 1);
	struct frame frame;
	struct error error;
	struct buf out;

	(void)state;
	buf_init(&out, FRAME_MAX + FRAME_HEADER);
	frame_put(&out, 1, FRAME_REPLY, body, FRAME_BODY_MAX);
	assert_false(out.failed);
	assert_number("longest", frame_get(out.data, out.len, &frame, &error), FRAME_MAX + 4);
	assert_number("its body", (long long)frame.body_len, FRAME_BODY_MAX);
	buf_reset(&out);
	frame_put(&out, 1, FRAME_REPLY, body, FRAME_BODY_MAX + 1);
	assert_true(out.failed);
	assert_number("nothing of the one too long", (long long)out.len, 0);
	buf_free(&out);

	buf_init(&out, 3 * FRAME_HEADER);
	frame_put(&out, 1, FRAME_REPLY, "{}", 2);
	frame_put(&out, 2, FRAME_REPLY, "{\"a\":1234}", 10);
	assert_true(out.failed);
	assert_number("nothing of the one without room", (long long)out.len, FRAME_HEADER + 2);
	assert_text("the one before", out.data + FRAME_HEADER, "{}");
	buf_free(&out);
	free(body);
}

static const struct {
	const char *label;
	struct error put;
	enum error_kind kind;
	const char *text;
} errors[] = {
	{"plain", {ERROR_NOT_FOUND, "no such \"invitation\""}, ERROR_NOT_FOUND,
		"no such \"invitation\""},
	{"UTF-8", {ERROR_POLICY, "M\xc3\xbcller"}, ERROR_POLICY, "M\xc3\xbcller"},
	{"not UTF-8", {ERROR_TEMPORARY, "M\xfcller \xc3"}, ERROR_TEMPORARY, "M?ller ?"},
	{"none is no error", {ERROR_NONE, "x"}, ERROR_PERMANENT, "x"},
};

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct error error, got;
		struct frame frame;
		struct buf out;

		buf_init(&out, 2000);
		frame_put_error(&out, 5, &errors[i].put);
		assert_number(errors[i].label, frame_get(out.data, out.len, &frame, &error),
			(long long)out.len);
		assert_number(errors[i].label, frame.type, FRAME_ERROR);
		frame_error(&frame, &got);
		assert_number(errors[i].label, got.kind, errors[i].kind);
		assert_text(errors[i].label, got.text, errors[i].text);
		buf_free(&out);
	}
}

static const char *const unreadable[] = {
	"", "[]", "{", "{\"kind\":\"future\"}", "{\"kind\":7,\"text\":7}"};

static void test_unreadable_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(unreadable); i++) {
		struct frame frame = {1, FRAME_ERROR, unreadable[i], strlen(unreadable[i])};
		struct error got = {ERROR_NONE, ""};

		frame_error(&frame, &got);
		assert_number(unreadable[i], got.kind, ERROR_PERMANENT);
		assert_true(strlen(got.text) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_unreadable_errors),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
