/*
 * Header fields as the milter protocol gives them.
 */
#include "mail/headers.h"

#include "support.h"

#include <stdlib.h>
#include <string.h>

static void keeps_the_wire_form(void **state)
{
	struct headers headers;
	struct header_field field;
	size_t offset = 0;

	(void)state;
	headers_init(&headers);
	headers_add(&headers, "Subject", " one\n two\n\tthree");
	headers_add(&headers, "X-Empty", "");
	headers_add(&headers, "X-Bare", " a\r\n b");
	assert_text("raw", headers.raw.data,
		"Subject: one\r\n two\r\n\tthree\r\nX-Empty:\r\nX-Bare: a\r\n b\r\n");

	assert_true(headers_next(&headers, &offset, &field));
	assert_number("folded line", field.line_len, strlen("Subject: one\r\n two\r\n\tthree"));
	assert_number("name", field.name_len, strlen("Subject"));
	assert_number("value", field.value_len, strlen(" one\r\n two\r\n\tthree"));
	assert_true(header_named(&field, "SUBJECT"));
	assert_false(header_named(&field, "Subjec"));
	assert_true(headers_next(&headers, &offset, &field));
	assert_number("empty value", field.value_len, 0);
	assert_true(headers_next(&headers, &offset, &field));
	assert_false(headers_next(&headers, &offset, &field));
	headers_free(&headers);
}

static void finds_values(void **state)
{
	static const struct {
		const char *name, *want;
		size_t count;
	} cases[] = {
		{"subject", "one two\tthree", 2},
		{"FROM", "a@b.example", 1},
		{"To", "", 1},
		{"Date", "now", 2},
		{"Fro", NULL, 0},
		{"X-Without", NULL, 0},
		{"", NULL, 0},
	};
	struct headers headers;

	(void)state;
	headers_init(&headers);
	headers_add(&headers, "Subject", "  one\n two\n\tthree \t");
	headers_add(&headers, "from", "a@b.example");
	headers_add(&headers, "Subject", " again");
	headers_add(&headers, "To", " \n ");
	headers_add(&headers, "Date \t", " now");
	headers_add(&headers, "Date", " then");
	headers_add(&headers, " ", " nothing");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *value = headers_value(&headers, cases[i].name);

		assert_text(cases[i].name, value, cases[i].want);
		assert_number(
			cases[i].name, headers_count(&headers, cases[i].name), cases[i].count);
		free(value);
	}
	headers_free(&headers);
}

static void keeps_what_says_how_the_body_is_built(void **state)
{
	struct headers headers;
	struct buf out;

	(void)state;
	headers_init(&headers);
	headers_add(&headers, "From", " a@b.example");
	headers_add(&headers, "content-type", " multipart/mixed;\n boundary=b");
	headers_add(&headers, "X-Content-Type", " text/html");
	headers_add(&headers, "Mime-Version", " 1.0");
	buf_init(&out, 1000);
	headers_put_mime(&headers, &out);
	assert_text("mime", out.data,
		"content-type: multipart/mixed;\r\n boundary=b\r\nMime-Version: 1.0\r\n\r\n");
	headers_free(&headers);
	headers_init(&headers);
	buf_reset(&out);
	headers_put_mime(&headers, &out);
	assert_text("nothing", out.data, "\r\n");
	buf_free(&out);
	headers_free(&headers);
}

static void bounds_memory(void **state)
{
	char *value = malloc(60001);
	struct headers headers;

	(void)state;
	assert_non_null(value);
	memset(value, 'a', 60000);
	value[60000] = '\0';
	headers_init(&headers);
	for (int i = 0; i < 20; i++)
		headers_add(&headers, "X-Long", value);
	assert_true(headers.raw.failed);
	assert_true(headers.raw.len <= HEADERS_MAX);
	assert_true(headers_count(&headers, "X-Long") > 10);
	headers_free(&headers);
	free(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_wire_form),
		cmocka_unit_test(finds_values),
		cmocka_unit_test(keeps_what_says_how_the_body_is_built),
		cmocka_unit_test(bounds_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
