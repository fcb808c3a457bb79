/*
 * Forms: what a browser sends, and what nobody should send.
 */
#include "support.h"

#include "web/form.h"

#include <stdbool.h>
#include <string.h>

static const struct {
	const char *label;
	const char *body;
	size_t len; /* 0: strlen */
	const char *name;
	const char *want; /* NULL: no such field */
	bool valid;
} cases[] = {
	{"nothing", "", 0, "a", NULL, true},
	{"one field", "a=1", 0, "a", "1", true},
	{"second field", "a=1&b=2", 0, "b", "2", true},
	{"first of two", "a=1&a=2", 0, "a", "1", true},
	{"no value", "a&b=2", 0, "a", "", true},
	{"empty value", "a=&b=2", 0, "a", "", true},
	{"empty name", "=1", 0, "", "1", true},
	{"value with equals", "a=b=c", 0, "a", "b=c", true},
	{"plus is space", "a=x+y", 0, "a", "x y", true},
	{"escapes, either case", "a=%41%c3%A9", 0, "a", "A\xc3\xa9", true},
	{"escaped ampersand", "a=1%26b%3d2", 0, "a", "1&b=2", true},
	{"escaped name", "%61=1", 0, "a", "1", true},
	{"empty fields", "&&a=1&&", 0, "a", "1", true},
	{"line breaks", "a=1%0D%0A%092", 0, "a", "1\r\n\t2", true},
	{"four bytes", "a=%F0%9F%98%80", 0, "a", "\xf0\x9f\x98\x80", true},
	{"cut escape", "a=%4", 0, NULL, NULL, false},
	{"lone percent", "a=%", 0, NULL, NULL, false},
	{"not hexadecimal", "a=%4g", 0, NULL, NULL, false},
	{"escape over the next field", "a=%4&b=1", 0, NULL, NULL, false},
	{"escaped NUL", "a=%00", 0, NULL, NULL, false},
	{"bare NUL", "a=\0b", 4, NULL, NULL, false},
	{"control character", "a=%1b", 0, NULL, NULL, false},
	{"delete", "a=%7f", 0, NULL, NULL, false},
	{"lone continuation", "a=%80", 0, NULL, NULL, false},
	{"overlong slash", "a=%c0%af", 0, NULL, NULL, false},
	{"overlong, three bytes", "a=%e0%80%af", 0, NULL, NULL, false},
	{"surrogate", "a=%ed%a0%80", 0, NULL, NULL, false},
	{"beyond Unicode", "a=%f4%90%80%80", 0, NULL, NULL, false},
	{"cut sequence", "a=%c3", 0, NULL, NULL, false},
	{"cut long sequence", "a=%f0%9f%98", 0, NULL, NULL, false},
	{"bad name", "%ff=1", 0, NULL, NULL, false},
};

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error error = {0};
		size_t len = cases[i].len != 0 ? cases[i].len : strlen(cases[i].body);
		struct form *form = form_parse(cases[i].body, len, &error);
		const char *got =
			cases[i].name != NULL ? form_value(form, cases[i].name) : NULL;

		assert_number(cases[i].label, form != NULL, cases[i].valid);
		assert_text(cases[i].label, got, cases[i].want);
		if (form == NULL)
			assert_int_equal(error.kind, ERROR_PERMANENT);
		form_free(&form);
		assert_null(form);
	}
}

/* Every prefix of a form is parsed or refused, and never read beyond. */
static void test_prefixes(void **state)
{
	static const char body[] = "csrf=a%2Bb&name=J%C3%BCrgen+M%F0%9F%98%80&x";

	(void)state;
	for (size_t len = 0; len < sizeof(body); len++) {
		struct error error;
		char *copy = test_malloc(len + 1);
		struct form *form;

		memcpy(copy, body, len);
		form = form_parse(copy, len, &error);
		if (form != NULL && len >= strlen("csrf=a%2Bb"))
			assert_text("prefix", form_value(form, "csrf"), "a+b");
		form_free(&form);
		test_free(copy);
	}
}

static void test_field_limit(void **state)
{
	char body[4 * (FORM_MAX_FIELDS + 1) + 1] = "";
	struct error error;
	struct form *form;

	(void)state;
	for (int i = 0; i < FORM_MAX_FIELDS; i++)
		strcat(body, "a=1&");
	form = form_parse(body, strlen(body), &error);
	assert_non_null(form);
	form_free(&form);
	strcat(body, "a=1");
	form = form_parse(body, strlen(body), &error);
	assert_null(form);
	assert_null(strstr(error.text, "a=1"));
	assert_null(form_value(NULL, "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_field_limit),
	};

	return cmocka_run_group_tests_name("web form", tests, NULL, NULL);
}
