/*
 * Templates: rendering, escaping, and every fault with its place.
 */
#include "support.h"

#include "web/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const pages[] = {"page", NULL};
static const char *const names[] = {"a", "b", "list", "item", "empty", NULL};

static const struct template_value row_one[] = {{.name = "item", .text = "1"}, {0}};
static const struct template_value row_two[] = {
	{.name = "item", .text = "2"}, {.name = "b", .text = "inner"}, {0}};
static const struct template_value *const rows[] = {row_one, row_two, NULL};
static const struct template_value *const no_rows[] = {NULL};

static const struct template_value values[] = {
	{.name = "a", .text = "<&>\"'"},
	{.name = "b", .text = "outer"},
	{.name = "list", .rows = rows},
	{.name = "empty", .rows = no_rows},
	{0},
};

static void put_file(const char *folder, const char *name, const char *text)
{
	free(support_write(folder, name, text, 0600));
}

static int set_up(void **state)
{
	char *folder = support_folder();

	put_file(folder, "part.html", "[{{b}}]");
	put_file(folder, "loop.html", "{{>loop}}");
	put_file(folder, "open.html", "{{#a}}");
	put_file(folder, "close.html", "{{/a}}");
	*state = folder;
	return 0;
}

static int tear_down(void **state)
{
	char *folder = *state;

	support_remove(&folder);
	return 0;
}

static const struct {
	const char *label, *text, *want;
} good[] = {
	{"plain", "hello", "hello"},
	{"nothing", "", ""},
	{"value is escaped", "{{a}}", "&lt;&amp;&gt;&quot;&#39;"},
	{"twice", "{{b}}{{b}}", "outerouter"},
	{"absent value", "x{{item}}y", "xy"},
	{"list as value", "x{{list}}y", "xy"},
	{"section shown", "{{#b}}yes{{/b}}", "yes"},
	{"section hidden", "{{#item}}yes{{/item}}no", "no"},
	{"inverted shown", "{{^item}}none{{/item}}", "none"},
	{"inverted hidden", "{{^b}}none{{/b}}", ""},
	{"list", "{{#list}}({{item}}{{b}}){{/list}}", "(1outer)(2inner)"},
	{"empty list", "{{#empty}}x{{/empty}}{{^empty}}none{{/empty}}", "none"},
	{"list not empty", "{{^list}}none{{/list}}", ""},
	{"nested", "{{#b}}{{#list}}{{^empty}}{{item}}{{/empty}}{{/list}}{{/b}}!", "12!"},
	{"section in hidden section", "{{#item}}{{#b}}x{{/b}}{{/item}}{{#b}}y{{/b}}", "y"},
	{"included", "{{>part}}{{#list}}{{>part}}{{/list}}", "[outer][outer][inner]"},
	{"single braces", "{b} }} {", "{b} }} {"},
};

static void test_render(void **state)
{
	const char *folder = *state;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct error error = {0};
		struct template_set *set;
		struct buf out;

		put_file(folder, "page.html", good[i].text);
		set = template_set_load(folder, pages, names, &error);
		if (set == NULL)
			fail_msg("%s: %s", good[i].label, error.text);
		buf_init(&out, 1000);
		template_render(set, "page", values, &out);
		assert_text(good[i].label, out.data, good[i].want);
		buf_free(&out);
		template_set_free(&set);
		assert_null(set);
	}
}

static const struct {
	const char *label, *text, *want; /* part of the error, behind the directory */
} bad[] = {
	{"unknown name", "\n\n{{c}}", "/page.html:3: unknown placeholder {{c}}"},
	{"unknown section", "{{#c}}{{/c}}", "/page.html:1: unknown placeholder {{#c}}"},
	{"not closed", "{{#a}}\n",
		"/page.html:2: a section is not closed before the end: {{a}}"},
	{"closed twice", "{{#a}}{{/a}}{{/a}}", "/page.html:1: no section is open at {{/a}}"},
	{"crossed", "{{#a}}{{#b}}{{/a}}{{/b}}", "another section is open at {{/a}}"},
	{"no end", "{{a", "/page.html:1: a placeholder does not end"},
	{"one brace", "{{a}", "a placeholder does not end"},
	{"over lines", "{{a\n}}", "a placeholder does not end"},
	{"raw form", "{{{a}}}", "malformed placeholder"},
	{"empty", "{{}}", "malformed placeholder {{}}"},
	{"only a sign", "{{#}}", "malformed placeholder {{#}}"},
	{"spaces", "{{ a }}", "malformed placeholder"},
	{"path", "{{>../page}}", "malformed placeholder"},
	{"missing file", "{{>nowhere}}", "/nowhere.html: No such file"},
	{"file within itself", "{{>loop}}", "too many files within each other"},
	{"opened by another file", "{{>open}}{{/a}}", "/open.html:1: a section is not closed"},
	{"closed by another file", "{{#a}}{{>close}}{{/a}}",
		"/close.html:1: no section is open at {{/a}}"},
	{"deep", "{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}", "too many sections"},
};

static void test_faults(void **state)
{
	const char *folder = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error error = {0};
		struct template_set *set;

		put_file(folder, "page.html", bad[i].text);
		set = template_set_load(folder, pages, names, &error);
		if (set != NULL)
			fail_msg("%s: accepted", bad[i].label);
		if (strstr(error.text, bad[i].want) == NULL)
			fail_msg("%s: got \"%s\", want \"%s\"", bad[i].label, error.text,
				bad[i].want);
		assert_int_equal(error.kind, ERROR_CONFIGURATION);
	}
}

static void test_limits(void **state)
{
	const char *folder = *state;
	char *big = malloc(TEMPLATE_FILE_MAX + 2);
	struct template_set *set;
	struct error error;
	struct buf out;

	memset(big, 'x', TEMPLATE_FILE_MAX + 1);
	big[TEMPLATE_FILE_MAX + 1] = '\0';
	put_file(folder, "page.html", big);
	assert_null(template_set_load(folder, pages, names, &error));
	assert_non_null(strstr(error.text, "over 65536 bytes"));
	big[TEMPLATE_FILE_MAX] = '\0';
	put_file(folder, "page.html", big);
	set = template_set_load(folder, pages, names, &error);
	assert_non_null(set);
	buf_init(&out, 100);
	template_render(set, "page", values, &out);
	assert_true(out.failed);
	buf_free(&out);
	template_set_free(&set);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_render),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests_name("web template", tests, set_up, tear_down);
}
