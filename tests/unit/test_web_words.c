/*
 * Catalogs: what is found, what is shown in English, and every fault with its place.
 */
#include "support.h"

#include "web/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct template_name names[] = {{"value", ""}, {0}};
static const struct template_name *const tables[] = {names, NULL};

static void put_file(const char *folder, const char *name, const char *text)
{
	free(support_write(folder, name, text, 0600));
}

static void put_english(const char *folder)
{
	put_file(folder, "words.en",
		"# English\ndirection = ltr\n\nhello = Hello,\n\t{{value}}\nbye=Bye\n");
}

static int set_up(void **state)
{
	char *folder = support_folder();

	put_english(folder);
	*state = folder;
	return 0;
}

static int tear_down(void **state)
{
	char *folder = *state;

	support_remove(&folder);
	return 0;
}

static void note(void *context, const char *text)
{
	strcat(context, strrchr(text, '/') + 1);
	strcat(context, "\n");
}

static struct words *load(const char *folder, char *said, struct error *error)
{
	struct words_source source = {
		.directory = folder, .values = tables, .missing = note, .context = said};

	said[0] = '\0';
	return words_load(&source, error);
}

static void test_languages(void **state)
{
	const char *folder = *state;
	char said[1000];
	const struct catalog *german, *english;
	struct words *words;
	struct error error;

	put_file(folder, "words.de", "hello = Hallo {{value}}\n");
	put_file(folder, "words.he", "direction = rtl\nhello = {{value}} \xd7\xa9\nbye = x\n");
	put_file(folder, "words.de~", "no catalog\n");
	put_file(folder, "words.de.bak", "no catalog\n");
	words = load(folder, said, &error);
	assert_non_null(words);
	assert_text("missing", said,
		"words.de: bye is missing, English is shown for it\n"
		"words.de: direction is missing, English is shown for it\n");
	german = words_choose(words, "de-AT", "en");
	assert_text("language", catalog_language(german), "de");
	assert_text("own", catalog_text(german, "hello"), "Hallo {{value}}");
	assert_text("in English", catalog_text(german, "bye"), "Bye");
	assert_text("by number", catalog_nth(german, words_number(words, "bye")), "Bye");
	assert_text("no such word", catalog_text(german, "nothing"), NULL);
	english = words_choose(words, NULL, "xx");
	assert_text("without a header", catalog_language(english), "en");
	assert_text("several lines", catalog_text(english, "hello"), "Hello, {{value}}");
	assert_text("what the site prefers", catalog_language(words_choose(words, "xx", "he")),
		"he");
	assert_true(words_has_language(words, "HE"));
	assert_false(words_has_language(words, "fr"));
	assert_int_equal(words_require(words, "hello", &error), 0);
	assert_int_equal(words_require(words, "nothing", &error), -1);
	assert_text("required", error.text, "words.en: nothing is missing");
	words_free(&words);
	assert_null(words);
}

static const struct {
	const char *label, *file, *text, *want;
} bad[] = {
	{"no equals sign", "words.de", "direction = ltr\nhello\n",
		"/words.de:2: not of the form"},
	{"unknown name", "words.de", "\nhallo = x\n",
		"/words.de:2: hallo: is no name of words.en"},
	{"twice", "words.de", "bye = a\nbye = b\n", "/words.de:2: bye: comes twice"},
	{"twice in English", "words.en", "direction = ltr\nbye = a\nbye = b\n",
		"/words.en:3: bye: comes twice"},
	{"unknown placeholder", "words.de", "hello = {{valeu}}\n",
		"/words.de:1: hello: has an unknown placeholder"},
	{"section", "words.de", "hello = {{#value}}\n", "hello: has an unknown placeholder"},
	{"long name", "words.de",
		"hello = {{value_value_value_value_value_value_value_value_value_value_value}}\n",
		"hello: has a placeholder that does not end"},
	{"no end", "words.de", "hello = {{value}\n",
		"hello: has a placeholder that does not end"},
	{"one brace", "words.de", "hello = {{value\n",
		"hello: has a placeholder that does not end"},
	{"no UTF-8", "words.de", "hello = \xff\n", "/words.de:1: hello: is no UTF-8 text"},
	{"empty", "words.de", "hello =\n", "/words.de:1: hello: is empty"},
	{"direction", "words.de", "direction = right\n", "direction: is neither ltr nor rtl"},
	{"nothing", "words.en", "", "words.en: direction is missing"},
	{"no direction", "words.en", "hello = x\n", "words.en: direction is missing"},
};

static void test_faults(void **state)
{
	const char *folder = *state;
	char said[1000];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error error = {0};
		struct words *words;

		put_english(folder);
		put_file(folder, "words.de", "direction = ltr\n");
		put_file(folder, bad[i].file, bad[i].text);
		words = load(folder, said, &error);
		if (words != NULL)
			fail_msg("%s: accepted", bad[i].label);
		if (strstr(error.text, bad[i].want) == NULL)
			fail_msg("%s: got \"%s\", want \"%s\"", bad[i].label, error.text,
				bad[i].want);
		assert_int_equal(error.kind, ERROR_CONFIGURATION);
	}
}

static void test_no_english(void **state)
{
	const char *folder = *state;
	char said[1000], path[4096];
	struct error error;

	snprintf(path, sizeof(path), "%s/words.en", folder);
	assert_int_equal(unlink(path), 0);
	assert_null(load(folder, said, &error));
	assert_non_null(strstr(error.text, "/words.en: No such file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_languages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_faults, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_english, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("web words", tests, NULL, NULL);
}
