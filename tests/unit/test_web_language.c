/*
 * Which language a browser gets.
 */
#include "support.h"

#include "web/language.h"

#include <stdio.h>
#include <string.h>

static const char *const available[] = {"en", "de", "es", "fr", "he", "pt-BR", "zh-Hant"};

static const struct {
	const char *header, *want;
} cases[] = {
	{NULL, "en"},
	{"", "en"},
	{"de", "de"},
	{"DE", "de"},
	{"de-AT", "de"},
	{"de-AT-1996", "de"},
	{"da, en-gb;q=0.8, en;q=0.7", "en"},
	{"fr;q=0.5, de;q=0.9", "de"},
	{"fr;q=0.5,de;q=0.5", "fr"},
	{"fr ; q=0.1 , es ; Q=0.2", "es"},
	{"he-IL,he;q=0.9,en-US;q=0.8", "he"},
	{"iw", "he"},
	{"iw-IL", "en"},
	{"pt", "en"},
	{"pt-br", "pt-BR"},
	{"zh-Hant-TW", "zh-Hant"},
	{"zh-Hans", "en"},
	{"*", "en"},
	{"xx, *;q=0.5, de;q=0.1", "en"},
	{"en;q=0, *;q=0.5, de;q=0.1", "de"},
	{"de;q=0", "en"},
	{"de;q=0, fr;q=0.001", "fr"},
	{"fr;q=1.000, de;q=1.001", "fr"},
	{"de;q=2, fr;q=0.1", "fr"},
	{"de;q=, fr;q=0.1", "fr"},
	{"de;q=0.1234, fr;q=0.1", "fr"},
	{"de;q=-1, fr;q=0.1", "fr"},
	{"de;level=1, fr;q=0.1", "fr"},
	{"d, germany!, -, de-, fr", "fr"},
	{",,, ,de", "de"},
	{";q=1, es", "es"},
	{"deutschland", "en"},
};

static void test_choose(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t got =
			language_choose(cases[i].header, available, ARRAY_SIZE(available), 0);

		assert_text(cases[i].header, available[got], cases[i].want);
	}
	assert_number("what the site prefers", language_choose("xx", available, 7, 4), 4);
	assert_number("any is that", language_choose("*", available, 7, 4), 4);
	assert_number("nothing available", language_choose("de", available, 0, 0), 0);
}

static void test_many(void **state)
{
	char header[4096] = "";

	(void)state;
	for (int i = 0; i < LANGUAGE_RANGES_MAX; i++)
		strcat(header, "xx,");
	strcat(header, "de");
	assert_text(
		"beyond the limit", available[language_choose(header, available, 7, 0)], "en");
	assert_text("within", available[language_choose(header + 3, available, 7, 0)], "de");
}

static void test_valid(void **state)
{
	static const char *const good[] = {"de", "pt-BR", "zh-Hant-TW", "nds", "de-1996"};
	static const char *const bad[] = {"", "d", "deut", "de-", "-de", "de--at", "de_AT",
		"d1", "de-123456789", "de.bak", "de~", "../x",
		"aa-bbbbbbbb-cccccccc-dddddddd-eeeeeeee"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_number(good[i], language_valid(good[i], strlen(good[i])), 1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_number(bad[i], language_valid(bad[i], strlen(bad[i])), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choose),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_valid),
	};

	return cmocka_run_group_tests_name("web language", tests, NULL, NULL);
}
