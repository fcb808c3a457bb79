/*
 * Where a text holds the placeholder or a link of the platform.
 */
#include "mail/links.h"

#include "base/buf.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define P "https://p.example/authenticate"

/* Hits are marked in want by "<" and ">". */
static const struct link_case {
	const char *label, *text, *want, *platform_id;
} link_cases[] = {
	{"nothing", "Hello", "Hello", ""},
	{"empty", "", "", ""},
	{"placeholder", "a {{Link}} b", "a <{{Link}}> b", ""},
	{"twice, touching", "{{Link}}{{Link}}", "<{{Link}}><{{Link}}>", ""},
	{"cut", "{{Link}", "{{Link}", ""},
	{"other case", "{{link}}", "{{link}}", ""},
	{"percent-encoded", "%7b%7BLink%7d}", "<%7b%7BLink%7d}>", ""},
	{"percent-encoded, cut", "{{Link%7D%7", "{{Link%7D%7", ""},
	{"scheme belongs to it", "href=http://{{Link}}", "href=<http://{{Link}}>", ""},
	{"scheme of the hit before does not", "{{Link}}https://{{Link}}",
		"<{{Link}}><https://{{Link}}>", ""},
	{"platform", "x " P "/12-a_b.~ y", "x <" P "/12-a_b.~> y", "12-a_b.~"},
	{"full stop is the sentence's", P "/12. " P "/12...", "<" P "/12>. <" P "/12>...",
		"12"},
	{"slash behind", P "/12/ ", "<" P "/12/> ", "12"},
	{"longer path", P "/12/a", P "/12/a", ""},
	{"query and fragment", P "/12?a=1&b=%20#c, d", "<" P "/12?a=1&b=%20#c>, d", "12"},
	{"no identifier", P "/ " P "/. " P, P "/ " P "/. " P, ""},
	{"return address", P "/oauth2callback?code=1", P "/oauth2callback?code=1", ""},
	{"name that begins like it", P "/OAuth2Callback2", "<" P "/OAuth2Callback2>",
		"OAuth2Callback2"},
	{"behind another path", "https://r.example/" P "/12", "https://r.example/" P "/12", ""},
	{"other path's case", "https://p.example/Authenticate/12",
		"https://p.example/Authenticate/12", ""},
	{"percent behind", P "/12%20a", P "/12%20a", ""},
	{"several", P "/1 " P "/2 " P "/1", "<" P "/1> <" P "/2> <" P "/1>", "1"},
	{"over seams", "{{\1Li\1\1nk}}", "<{{\1Li\1\1nk}}>", ""},
	{"a seam ends a link", P "/1\0012", "<" P "/1>\0012", "1"},
	{"within another address", "https://s.example/?u=" P "/1",
		"https://s.example/?u=" P "/1", ""},
	{"behind an equals sign", "href=" P "/1", "href=<" P "/1>", "1"},
	{"tail of a text", P "/1", "<" P "/1>", "1"},
};

static char *marked(const char *text, const struct links *links)
{
	char *out = calloc(2, strlen(text) + 1 + links->count);
	size_t done = 0, len = 0;

	assert_non_null(out);
	for (size_t i = 0; i < links->count; i++) {
		const struct link_hit *hit = &links->hits[i];

		assert_true(hit->start >= done && hit->end > hit->start &&
			    hit->end <= strlen(text));
		len += (size_t)sprintf(out + len, "%.*s<%.*s>", (int)(hit->start - done),
			text + done, (int)(hit->end - hit->start), text + hit->start);
		done = hit->end;
	}
	strcpy(out + len, text + done);
	return out;
}

static const char *first_id(const struct links *links)
{
	for (size_t i = 0; i < links->count; i++)
		if (*links->hits[i].platform_id != '\0')
			return links->hits[i].platform_id;
	return "";
}

static void finds(void **state)
{
	static const struct link_rules rules = {"{{Link}}", P, "", "https://i.example/i/"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(link_cases); i++) {
		const struct link_case *row = &link_cases[i];
		struct links links;
		char *got;

		assert_number(row->label,
			links_find(row->text, strlen(row->text), &rules, &links, NULL), 0);
		got = marked(row->text, &links);
		assert_text(row->label, got, row->want);
		assert_text(row->label, first_id(&links), row->platform_id);
		free(got);
		links_free(&links);
	}
}

static void knows_white_space(void **state)
{
	static const struct link_rules rules = {"{{ My Link }}", "", "", ""};
	static const struct {
		const char *text;
		size_t len; /* of the hit at the start, 0 without one */
	} cases[] = {
		{"{{ My Link }}", 13},
		{"{{  My\r\n\tLink }}", 16},
		{"{{&nbsp;My&#160;Link &NBSP;}} x", 29},
		{"{{\xc2\xa0My\xa0Link\xc2\xa0}}", 15},
		{"%7B%7B%20My%20%20Link%20%7D%7D", 30},
		{"{{ My\1 \1Link }}", 15},
		{"{{ \1 My \1\1 Link\1 }}", 19},
		{"{{\1My Link }}", 0},
		{"{{My Link }}", 0},
		{"{{ My &nbsp", 0},
		{"{{ My", 0},
		{"{{ MyLink }}", 0},
	};
	struct links links;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(
			links_find(cases[i].text, strlen(cases[i].text), &rules, &links, NULL),
			0);
		assert_number(cases[i].text, links.count, cases[i].len > 0);
		if (links.count > 0) {
			assert_number(cases[i].text, links.hits[0].start, 0);
			assert_number(cases[i].text, links.hits[0].end, cases[i].len);
		}
		links_free(&links);
	}
}

static void follows_its_rules(void **state)
{
	static const struct link_rules none = {"", "", "", ""};
	static const char text[] = "{{Link}} " P "/1 https://i.example/i/x";
	struct link_tokens tokens = {.count = 0};
	struct links links;

	(void)state;
	assert_number("none", links_find(text, strlen(text), &none, &links, &tokens), 0);
	assert_number("none", links.count, 0);
	assert_number("none", tokens.count, 0);
	links_free(&links);
}

static void knows_a_whole_address(void **state)
{
	char id[PLATFORM_ID_MAX + 1];

	(void)state;
	assert_true(links_are(P "/47?a=b", P, id));
	assert_text("id", id, "47");
	assert_false(links_are(P "/47 ", P, id));
	assert_false(links_are(P "/47/x", P, id));
	assert_false(links_are("", P, id));
}

/* Each of them asks what stands before it. */
static void ends_soon(void **state)
{
	static const struct link_rules rules = {"", P, "", ""};
	struct links links;
	struct buf text;

	(void)state;
	buf_init(&text, 4 * 1024 * 1024);
	while (text.len < 3 * 1024 * 1024)
		buf_string(&text, P "/1,");
	assert_number("ends", links_find(text.data, text.len, &rules, &links, NULL), 0);
	assert_number("all but one are within an address", links.count, 1);
	links_free(&links);
	buf_free(&text);
}

static void notices_our_own(void **state)
{
	static const struct link_rules rules = {
		"{{Link}}", "", "", "https://I.example:8443/i/"};
	static const struct {
		const char *text;
		const char *first, *second; /* tokens; NULL: none */
	} cases[] = {
		{"<https://i.example:8443/i/AQ>", "AQ", NULL},
		{"HTTPS://i.example:8443/i/A-_z.", "A-_z", NULL},
		{"https://i.example:8443/i/AQ https://i.example:8443/i/BQ "
		 "https://i.example:8443/i/AQ",
			"AQ", "BQ"},
		{"https://s.example/?url=https%3A%2F%2Fi.example%3a8443%2fi%2FAQ&data=1", "AQ",
			NULL},
		{"https://i.example:8443/i/", NULL, NULL},
		{"https://i.example:8443/i/ x", NULL, NULL},
		{"https://i.example:8443/i/"
		 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
			NULL, NULL},
		{"https://i.example/i/AQ", NULL, NULL},
		{"https://i.example:8443/I/AQ", NULL, NULL},
		{"https://i.example:8443/static", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct link_tokens tokens = {.count = 0};
		struct links links;

		assert_number(cases[i].text,
			links_find(
				cases[i].text, strlen(cases[i].text), &rules, &links, &tokens),
			0);
		assert_text(cases[i].text, tokens.count > 0 ? tokens.text[0] : NULL,
			cases[i].first);
		assert_text(cases[i].text, tokens.count > 1 ? tokens.text[1] : NULL,
			cases[i].second);
		links_free(&links);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds),
		cmocka_unit_test(knows_white_space),
		cmocka_unit_test(follows_its_rules),
		cmocka_unit_test(knows_a_whole_address),
		cmocka_unit_test(ends_soon),
		cmocka_unit_test(notices_our_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
