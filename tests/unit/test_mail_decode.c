/*
 * Decoding with a way back, and encoding.
 */
#include "mail/charset.h"
#include "mail/decode.h"
#include "mail/encoding.h"

#include "support.h"

#include <stdlib.h>
#include <string.h>

typedef int decode_fn(const char *source, size_t len, struct decoded *view_r);

/* at: for each byte of text, and its end, the source's offset as a letter from "a" on. */
static const struct decode_case {
	const char *label;
	decode_fn *decode;
	const char *source, *text, *at;
} decode_cases[] = {
	{"quoted-printable", decode_quoted_printable, "a=3Db=3dc", "a=b=c", "abefij"},
	{"soft break", decode_quoted_printable, "a=\r\nb=\nc", "abc", "aehi"},
	{"soft break with blanks", decode_quoted_printable, "a= \t\r\nb", "ab", "agh"},
	{"soft break at the end", decode_quoted_printable, "a=", "a", "ac"},
	{"no escape", decode_quoted_printable, "a=zz=3", "a=zz=3", "abcdefg"},
	{"blanks are no break", decode_quoted_printable, "= a", "= a", "abcd"},
	{"bare CR is no break", decode_quoted_printable, "=\ra", "=\ra", "abcd"},
	{"empty", decode_quoted_printable, "", "", "a"},
	{"base64", decode_base64, "YWJj", "abc", "bcde"},
	{"base64 over lines", decode_base64, "YW\r\nJj", "abc", "befg"},
	{"base64 padded", decode_base64, "YQ==\r\nYQ==", "a", "be"},
	{"base64 without padding", decode_base64, "YWI\r\n", "ab", "bcd"},
	{"base64 with foreign bytes", decode_base64, "Y-W!Jj", "abc", "cefg"},
	{"base64 of nothing", decode_base64, "\r\n", "", "a"},
	{"HTML", decode_html, "a&amp;b", "a&b", "abgh"},
	{"HTML by number", decode_html, "&#65;&#x42;&#X43", "ABC", "aflq"},
	{"HTML without its semicolon", decode_html, "&amp=&#65 ", "&=A ", NULL},
	{"HTML that stays", decode_html, "&nbsp;&#0;&#228;&#;&&#x;", "&nbsp;&#0;&#228;&#;&&#x;",
		NULL},
	{"HTML number too large", decode_html, "&#99999999999999999999;",
		"&#99999999999999999999;", NULL},
	{"HTML cut", decode_html, "&", "&", "ab"},
};

static void decodes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(decode_cases); i++) {
		const struct decode_case *row = &decode_cases[i];
		struct decoded decoded;

		assert_number(
			row->label, row->decode(row->source, strlen(row->source), &decoded), 0);
		assert_text(row->label, decoded.text, row->text);
		assert_number(row->label, decoded.len, strlen(row->text));
		for (size_t j = 0; row->at != NULL && j <= decoded.len; j++)
			assert_number(row->label, decoded.at[j], row->at[j] - 'a');
		decoded_free(&decoded);
	}
}

static void refuses_what_is_too_long(void **state)
{
	char *source = calloc(1, DECODE_MAX + 1);
	struct decoded decoded;

	(void)state;
	assert_non_null(source);
	assert_number("max", decode_html(source, DECODE_MAX, &decoded), 0);
	decoded_free(&decoded);
	assert_number("above", decode_html(source, DECODE_MAX + 1, &decoded), -1);
	decoded_free(&decoded);
	free(source);
}

static void writes_quoted_printable(void **state)
{
	static const char sixty[] =
		"123456789012345678901234567890123456789012345678901234567890";
	static const struct {
		const char *label, *text, *want;
		size_t column, want_column;
	} cases[] = {
		{"plain", "abc", "abc", 0, 3},
		{"escapes", "=\xc3\xa4\x01\x7f", "=3D=C3=A4=01=7F", 0, 15},
		{"line ends", "a\r\nb\n\r", "a\r\nb=0A=0D", 0, 7},
		{"blanks", "a b \r\n\t\r\nc ", "a b=20\r\n=09\r\nc=20", 0, 4},
		{"column", "abc", "=\r\nabc", 75, 3},
		{"dash behind a break", "-a", "=\r\n=2Da", 75, 4},
		{"dash", "-a", "-a", 0, 2},
	};
	struct buf out;
	size_t column = 0;

	(void)state;
	buf_init(&out, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		column = cases[i].column;
		buf_reset(&out);
		quoted_printable_put(&out, cases[i].text, strlen(cases[i].text), &column);
		assert_text(cases[i].label, out.data, cases[i].want);
		assert_number(cases[i].label, column, cases[i].want_column);
	}
	buf_reset(&out);
	column = 0;
	quoted_printable_put(&out, sixty, 60, &column);
	quoted_printable_put(&out, sixty, 60, &column);
	assert_number("line", strcspn(out.data, "\r"), 76);
	buf_free(&out);
}

static void knows_base64(void **state)
{
	static const struct {
		const char *source;
		bool clean;
	} cases[] = {
		{"", true},
		{"YWJj", true},
		{"YW\r\nJj", true},
		{" YW \t\r\n\tJj ", true},
		{"YQ== \r\n = \r\n", true},
		{"YW Jj", false},
		{"YWJ-", false},
		{"YW\xc3\xa9", false},
		{"YQ==\r\nYQ==", false},
		{"YQ==\r\n-- \r\nfooter", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_number(cases[i].source,
			base64_is_clean(cases[i].source, strlen(cases[i].source)),
			cases[i].clean);
	assert_false(base64_is_clean("YW\0Jj", 5));
	assert_false(base64_is_clean("YQ=\0", 4));
}

static void writes_base64(void **state)
{
	static const struct base64_lines usual = {76, "\r\n"}, short_lines = {8, "\n"};
	char bytes[115] = {0};
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	base64_put(&out, "", 0, &usual);
	assert_text("nothing", out.data, "");
	base64_put(&out, "abcd", 4, &usual);
	assert_text("short", out.data, "YWJjZA==");
	buf_reset(&out);
	base64_put(&out, bytes, 114, &usual);
	assert_number("two lines", out.len, 76 + 2 + 76);
	assert_memory_equal(out.data + 76, "\r\n", 2);
	buf_reset(&out);
	base64_put(&out, bytes, 115, &usual);
	assert_text("third line", out.data + 156, "AA==");
	buf_reset(&out);
	base64_put(&out, "abcdefgh", 8, &short_lines);
	assert_text("as it was", out.data, "YWJjZGVm\nZ2g=");
	buf_free(&out);
}

static void converts(void **state)
{
	static const struct {
		const char *label, *from, *to, *in, *want;
	} cases[] = {
		{"Latin-1", "iso-8859-1", "UTF-8", "\xe4", "\xc3\xa4"},
		{"back", "UTF-8", "iso-8859-1", "\xc3\xa4", "\xe4"},
		{"ISO-2022-JP resets its state", "UTF-8", "iso-2022-jp", "\xe3\x81\x82",
			"\x1b$B$\"\x1b(B"},
		{"would lose", "UTF-8", "us-ascii", "\xc3\xa4", NULL},
		{"cut in a character", "UTF-8", "iso-8859-1", "a\xc3", NULL},
		{"unknown", "x-none", "UTF-8", "a", NULL},
	};
	struct buf out;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int result;

		buf_init(&out, 100000);
		result = charset_convert(
			cases[i].from, cases[i].to, cases[i].in, strlen(cases[i].in), &out);
		assert_number(cases[i].label, result, cases[i].want == NULL ? -1 : 0);
		if (cases[i].want != NULL)
			assert_text(cases[i].label, out.data, cases[i].want);
		buf_free(&out);
	}
}

static void converts_more_than_a_chunk(void **state)
{
	char *in = malloc(10000);
	struct buf out;

	(void)state;
	assert_non_null(in);
	memset(in, 0xe4, 10000);
	buf_init(&out, 20000);
	assert_number("fits", charset_convert("iso-8859-1", "UTF-8", in, 10000, &out), 0);
	assert_number("length", out.len, 20000);
	buf_free(&out);
	buf_init(&out, 19999);
	assert_number("too much", charset_convert("iso-8859-1", "UTF-8", in, 10000, &out), -1);
	buf_free(&out);
	free(in);
}

static void knows_charsets(void **state)
{
	(void)state;
	assert_true(charset_is_ascii_based(""));
	assert_true(charset_is_ascii_based("utf-8"));
	assert_true(charset_is_ascii_based("windows-1252"));
	assert_true(charset_is_ascii_based("x-none"));
	assert_false(charset_is_ascii_based("UTF-16LE"));
	assert_false(charset_is_ascii_based("ISO-2022-JP"));
	assert_false(charset_is_ascii_based("utf-7"));
}

static void knows_the_order_of_bytes(void **state)
{
	static const struct {
		const char *named, *bytes;
		size_t len;
		const char *want;
	} cases[] = {
		{"UTF-16", "\xfe\xff\0a", 4, "UTF-16BE"},
		{"utf-16",
			"\xff\xfe"
			"a\0",
			4, "UTF-16LE"},
		{"utf-16", "\0a", 2, "UTF-16BE"},
		{"utf-16", "a\0", 2, "UTF-16LE"},
		{"utf-16", "", 0, "UTF-16BE"},
		{"utf-16le", "\0a", 2, "utf-16le"},
		{"UTF-32", "\xff\xfe\0\0", 4, "UTF-32LE"},
		{"UTF-32", "\0\0\xfe\xff", 4, "UTF-32BE"},
		{"UTF-32", "a\0\0\0", 4, "UTF-32LE"},
		{"iso-8859-1", "\xff\xfe", 2, "iso-8859-1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_text(cases[i].named,
			charset_of(cases[i].named, cases[i].bytes, cases[i].len),
			cases[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes),
		cmocka_unit_test(refuses_what_is_too_long),
		cmocka_unit_test(writes_quoted_printable),
		cmocka_unit_test(knows_base64),
		cmocka_unit_test(writes_base64),
		cmocka_unit_test(converts),
		cmocka_unit_test(converts_more_than_a_chunk),
		cmocka_unit_test(knows_charsets),
		cmocka_unit_test(knows_the_order_of_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
