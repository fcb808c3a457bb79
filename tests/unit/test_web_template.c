/*
 * Templates: rendering, escaping, and every fault with its place.
 */
#include "support.h"

#include "web/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const pages[] = {"page.html", NULL};
static const struct template_name names[] = {
	{"a", ""}, {"b", ""}, {"list", ""}, {"item", ""}, {"empty", ""}, {"said", ""}, {0}};
static const struct template_name *const tables[] = {names, NULL};

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

static struct template_set *load(const char *folder, const char *const *files,
	const struct words *words, struct error *error)
{
	struct template_source source = {
		.directory = folder, .pages = files, .names = names, .words = words};

	return template_set_load(&source, error);
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
		set = load(folder, pages, NULL, &error);
		if (set == NULL)
			fail_msg("%s: %s", good[i].label, error.text);
		buf_init(&out, 1000);
		template_render(set, "page.html", NULL, values, &out);
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
	{"word without a catalog", "\n{{@hello}}",
		"/page.html:2: words.en has no word for {{@hello}}"},
	{"deep", "{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}", "too many sections"},
};

static void test_faults(void **state)
{
	const char *folder = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error error = {0};
		struct template_set *set;

		put_file(folder, "page.html", bad[i].text);
		set = load(folder, pages, NULL, &error);
		if (set != NULL)
			fail_msg("%s: accepted", bad[i].label);
		if (strstr(error.text, bad[i].want) == NULL)
			fail_msg("%s: got \"%s\", want \"%s\"", bad[i].label, error.text,
				bad[i].want);
		assert_int_equal(error.kind, ERROR_CONFIGURATION);
	}
}

static const struct template_value spoken[] = {
	{.name = "a", .text = "a@b\r\nBcc: <c>"},
	{.name = "b", .word = "inner"},
	{.name = "item", .text = "it"},
	{.name = "said", .word = "circle"},
	{0},
};

static const struct {
	const char *label, *page, *text, *want;
} worded[] = {
	{"word is escaped", "page.html", "{{@plain}}", "a &lt; b &amp; c"},
	{"value within", "page.html", "<p>{{@with}}</p>",
		"<p>To <bdi>a@b\r\nBcc: &lt;c&gt;</bdi>.</p>"},
	{"in a tag", "page.html", "<p title=\"{{@nested}}\">{{@nested}}",
		"<p title=\"[x it]\">[<bdi>x it</bdi>]"},
	{"in title", "page.html", "<TITLE>{{@nested}}</TITLE><p>{{@nested}}",
		"<TITLE>[x it]</TITLE><p>[<bdi>x it</bdi>]"},
	{"value that is a word", "page.html", "{{#b}}{{b}}{{/b}}", "x <bdi>it</bdi>"},
	{"empty value within", "page.html", "{{@gap}}", "()"},
	{"circle ends", "page.html", "{{said}}", "o<bdi></bdi>"},
	{"text is not escaped", "page.txt", "<{{@plain}}> \n{{@with}}\n",
		"<a < b & c> \nTo a@b  Bcc: <c>.\n"},
	{"value in text", "page.txt", "Subject: {{a}}\n", "Subject: a@b  Bcc: <c>\n"},
	{"text included", "page.txt", "{{>foot}}", "-- \nfoot"},
};

static void test_words(void **state)
{
	const char *folder = *state;
	struct words_source source = {.directory = folder, .values = tables};
	struct words *words;
	struct error error;

	put_file(folder, "words.en",
		"direction = ltr\nplain = a < b & c\nwith = To\n {{a}}.\n"
		"nested = [{{b}}]\ninner = x {{item}}\ngap = ({{empty}})\n"
		"circle = o{{said}}\n");
	put_file(folder, "foot.txt", "-- \nfoot");
	words = words_load(&source, &error);
	assert_non_null(words);
	for (size_t i = 0; i < ARRAY_SIZE(worded); i++) {
		const char *const files[] = {worded[i].page, NULL};
		const struct catalog *catalog = words_choose(words, NULL, "en");
		struct template_set *set;
		struct buf out;

		put_file(folder, worded[i].page, worded[i].text);
		set = load(folder, files, words, &error);
		if (set == NULL)
			fail_msg("%s: %s", worded[i].label, error.text);
		buf_init(&out, 1000);
		template_render(set, worded[i].page, catalog, spoken, &out);
		assert_text(worded[i].label, out.data, worded[i].want);
		buf_reset(&out);
		template_words(catalog, "with", spoken, &out);
		assert_text("one line", out.data, "To a@b  Bcc: <c>.");
		buf_free(&out);
		template_set_free(&set);
	}
	words_free(&words);
	assert_null(words);
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
	assert_null(load(folder, pages, NULL, &error));
	assert_non_null(strstr(error.text, "over 65536 bytes"));
	big[TEMPLATE_FILE_MAX] = '\0';
	put_file(folder, "page.html", big);
	set = load(folder, pages, NULL, &error);
	assert_non_null(set);
	buf_init(&out, 100);
	template_render(set, "page.html", NULL, values, &out);
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
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests_name("web template", tests, set_up, tear_down);
}
