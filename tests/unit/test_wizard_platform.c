/*
 * Where wizard_mode = redirect leads: made of the setting and an id that came by mail.
 */
#include "support.h"

#include "../../wizard/platform.c"

#include <json-c/json.h>
#include <stdlib.h>

static const struct {
	const char *label;
	enum wizard_mode mode;
	const char *url, *id, *want; /* NULL: it does not lead there */
} cases[] = {
	{"an id", WIZARD_REDIRECT, "https://ump.example/authenticate", "4f0a-12_b.c~d",
		"https://ump.example/authenticate/4f0a-12_b.c~d"},
	{"our own pages", WIZARD_BUILTIN, "https://ump.example/authenticate", "4f0a", NULL},
	{"a mail without such a link", WIZARD_REDIRECT, "https://ump.example/a", NULL, NULL},
	{"an empty id", WIZARD_REDIRECT, "https://ump.example/a", "", NULL},
	{"the folder itself", WIZARD_REDIRECT, "https://ump.example/a", ".", NULL},
	{"another folder", WIZARD_REDIRECT, "https://ump.example/a", "..", NULL},
	{"no platform", WIZARD_REDIRECT, "", "4f0a", NULL},
	{"stays one segment", WIZARD_REDIRECT, "https://ump.example/a", "../x?y#z@w\\v%2f\r\n",
		"https://ump.example/a/..%2Fx%3Fy%23z%40w%5Cv%252f%0D%0A"},
	{"no plain text", WIZARD_REDIRECT, "https://ump.example/a", "\xc3\xa4 b",
		"https://ump.example/a/%C3%A4%20b"},
};

static void test_link(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct settings settings = {
			.wizard_mode = cases[i].mode, .platform_url = cases[i].url};
		struct json_object *invitation = json_object_new_object();
		char *link;

		json_set_string(invitation, "platform_invitation_id", cases[i].id);
		assert_number(cases[i].label, platform_leads(&settings, invitation),
			cases[i].want != NULL);
		if (cases[i].want != NULL) {
			link = platform_link(&settings, invitation);
			assert_text(cases[i].label, link, cases[i].want);
			free(link);
		}
		json_object_put(invitation);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
