/*
 * Log lines: whatever a value says, it can be taken for nothing but a value.
 */
#include "support.h"

#include "base/log_text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE 2048

static char line[LINE_SIZE];

__attribute__((format(printf, 1, 2))) static const char *text(const char *format, ...)
{
	va_list args;

	memset(line, 'x', sizeof(line));
	va_start(args, format);
	log_text(line, sizeof(line), format, args);
	va_end(args);
	return line;
}

static void test_values(void **state)
{
	static const struct {
		const char *value, *written;
	} cases[] = {
		{"platform@provider.example", "platform@provider.example"},
		{"o'neil+tag@[192.0.2.1]", "o'neil+tag@[192.0.2.1]"},
		{"<id@mx.example>", "<id@mx.example>"},
		{"5.1.1", "5.1.1"},
		{"", ""},
		{"-", "-"},
		{"\"a action=injected\"@x.example",
			"\"\\\"a action\\=injected\\\"@x.example\""},
		{"action=injected@x.example", "\"action\\=injected@x.example\""},
		{"a b", "\"a b\""},
		{"a\\", "\"a\\\\\""},
		{"\"", "\"\\\"\""},
		{"a\r\nb\tc\x7f", "\"a\\x0d\\x0ab\\x09c\\x7f\""},
		{"\xc3\xbc@x.example", "\"\xc3\xbc@x.example\""},
		{"\xc2\x9b"
		 "2J",
			"\"\\xc2\\x9b2J\""},
		{"\xff\xc3", "\"\\xff\\xc3\""},
		{"\xe2\x80", "\"\\xe2\\x80\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char want[256], quoted[256];

		snprintf(want, sizeof(want), "ID: welcome from=%s action=none",
			cases[i].written);
		assert_text(cases[i].value,
			text("%s: welcome from=%s action=none", "ID", cases[i].value), want);
		/* Between a format's own quotes it is the same, without more of them. */
		snprintf(quoted, sizeof(quoted), "reason=%s%s%s x=1",
			cases[i].written[0] == '"' ? "" : "\"", cases[i].written,
			cases[i].written[0] == '"' ? "" : "\"");
		assert_text(
			cases[i].value, text("reason=\"%s\" x=%d", cases[i].value, 1), quoted);
	}
}

static void test_places(void **state)
{
	char *volatile none = NULL;

	(void)state;
	assert_text("anywhere else", text("%s: \"%s\"", "a b=\nc", "d=e"), "a b= c: \"d\\=e\"");
	assert_text("within a format's quotes",
		text("x=\"two %s and %s\" y=%s", "a\"", "b", "c d"),
		"x=\"two a\\\" and b\" y=\"c d\"");
	assert_text("nothing", text("x=%s", none), "x=(null)");
	assert_text("a part",
		text("x=%.*s y=%.*s z=%.*s", 3, "abcdef", 9, "a b", 2, "\xc3\xbc\xbc"),
		"x=abc y=\"a b\" z=\"\xc3\xbc\"");
	assert_text("a part of a text", text("at %.*s.", 4, "RCPT TO"), "at RCPT.");
}

static void test_numbers(void **state)
{
	(void)state;
	assert_text("signed", text("%d %ld %lld", INT_MIN, LONG_MIN, LLONG_MAX),
		"-2147483648 -9223372036854775808 9223372036854775807");
	assert_text("unsigned",
		text("n=%u %lu %llu %zu%%", UINT_MAX, ULONG_MAX, 0ULL, (size_t)7),
		"n=4294967295 18446744073709551615 0 7%");
}

static void test_long_values(void **state)
{
	char *large = malloc(100001);
	const char *got;

	(void)state;
	memset(large, 'a', 100000);
	large[100000] = '\0';
	got = text("from=%s to=%s action=%s", large, large, "none");
	assert_non_null(strstr(got, "aaa...\" to=\"aaa"));
	assert_text("the field behind", strrchr(got, ' '), " action=none");
	memset(large, '\x01', 100000);
	got = text("from=%s to=%s action=%s", large, large, "none");
	assert_non_null(strstr(got, "\\x01...\" to=\"\\x01"));
	assert_text("the field behind", strrchr(got, ' '), " action=none");
	got = text("%s x=%s", large, "a b");
	assert_number("cut", strlen(got), LINE_SIZE - 1);
	large[LINE_SIZE - 6] = '\0';
	got = text("%s x=%s", large, "ab");
	assert_text("a value is there whole, or nothing of it", got + LINE_SIZE - 6, " x=ab");
	got = text("%s x=%s\"y\"", large, "a b");
	assert_text("and nothing behind it", got + LINE_SIZE - 6, " x=\"a");
	free(large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_long_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
