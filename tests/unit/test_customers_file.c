/*
 * The customers file: each kind of line, its numbers, and the same rows however the bytes arrive.
 */
#include "support.h"

#include "base/buf.h"
#include "store/customers_file.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BOM "\xef\xbb\xbf"

static void write_item(enum customers_item item, const struct customers_row *row,
	const struct error *fault, struct buf *out)
{
	if (item == CUSTOMERS_FAULT) {
		buf_printf(out, "%lu! %s\n", row->line, fault->text);
		return;
	}
	buf_printf(out, "%lu: ", row->line);
	for (size_t i = 0; i < CUSTOMERS_COLUMNS; i++)
		buf_printf(
			out, "%s%c", row->columns[i], i + 1 < CUSTOMERS_COLUMNS ? '|' : '\n');
}

/* Parses the text, fed in pieces of that size, into "line: id|mailbox|..." and "line! fault"
 * lines. */
static char *parse(const char *text, size_t len, size_t piece)
{
	struct customers_file *file = customers_file_new();
	struct customers_row row;
	struct error fault;
	struct buf out;
	bool ended = false;

	assert_non_null(file);
	buf_init(&out, 1024 * 1024);
	for (;;) {
		enum customers_item item = customers_file_next(file, &row, &fault);
		size_t part = len < piece ? len : piece;

		if (item != CUSTOMERS_MORE) {
			write_item(item, &row, &fault, &out);
			continue;
		}
		if (ended)
			break;
		if (part == 0)
			customers_file_end(file);
		else
			customers_file_feed(file, text, part);
		ended = part == 0;
		text += part;
		len -= part;
	}
	customers_file_free(&file);
	assert_null(file);
	return buf_take(&out, NULL);
}

static const struct {
	const char *label, *text, *want;
} rows[] = {
	{"nothing", "", ""},
	{"only comments", "# a\n\n   # b\n \t \n", ""},
	{"plain", "contoso voice@contoso.example\n", "1: contoso|voice@contoso.example|||\n"},
	{"no newline at the end", "a a@a.example\nb b@b.example",
		"1: a|a@a.example|||\n2: b|b@b.example|||\n"},
	{"all names, any order",
		"a a@a.example m365_admin_email=it@a.example tenant=a.example full_name=A\n",
		"1: a|a@a.example|A|a.example|it@a.example\n"},
	{"quotes",
		"\"Contoso Ltd\" a@a.example full_name=\"Contoso \\\"C\\\" \\\\ Ltd\" "
		"\"tenant=a.example\"\n",
		"1: Contoso Ltd|a@a.example|Contoso \"C\" \\ Ltd|a.example|\n"},
	{"equals sign in a value", "a a@a.example full_name=x=y\n", "1: a|a@a.example|x=y||\n"},
	{"an empty value", "a a@a.example tenant=\n", "1: a|a@a.example|||\n"},
	{"backslash outside quotes", "a\\b a@a.example\n", "1: a\\b|a@a.example|||\n"},
	{"tabs and spaces", "a\t \ta@a.example \t \n", "1: a|a@a.example|||\n"},
	{"carriage returns", "a a@a.example\r\nb b@b.example\r\n",
		"1: a|a@a.example|||\n2: b|b@b.example|||\n"},
	{"byte order mark", BOM "a a@a.example\n", "1: a|a@a.example|||\n"},
	{"mark and comment", BOM "# x\na a@a.example\n", "2: a|a@a.example|||\n"},
	{"continued", "a\n  a@a.example\n\ttenant=a.example\nb b@b.example\n",
		"1: a|a@a.example||a.example|\n4: b|b@b.example|||\n"},
	{"continued over comments", "a\n# comment\n\n  # another\n a@a.example\n",
		"1: a|a@a.example|||\n"},
	{"continued in quotes", "a a@a.example full_name=\"A\r\n B\"\n",
		"1: a|a@a.example|A  B||\n"},
	{"nothing to continue", "\n a a@a.example\nb b@b.example\n",
		"2! begins with white space, but there is no line before to continue\n"
		"3: b|b@b.example|||\n"},
	{"mailbox missing", "a\nb b@b.example\n",
		"1! expected format: customer_id mailbox [name=value ...]\n2: "
		"b|b@b.example|||\n"},
	{"no mailbox", "a a.example\n", "1! \"a.example\" is not a mailbox (name@domain)\n"},
	{"two mailboxes", "a a@a.example,b@b.example\n",
		"1! \"a@a.example,b@b.example\" is not a mailbox (name@domain)\n"},
	{"bracketed", "a <a@a.example>\n",
		"1! \"<a@a.example>\" is not a mailbox (name@domain)\n"},
	{"no local part", "a @a.example\n",
		"1! \"@a.example\" is not a mailbox (name@domain)\n"},
	{"no domain", "a a@\n", "1! \"a@\" is not a mailbox (name@domain)\n"},
	{"no name", "a a@a.example Contoso\n",
		"1! \"Contoso\" is not of the form name=value (quote values with spaces)\n"},
	{"unknown name", "a a@a.example tennant=x\n",
		"1! unknown name \"tennant\" (known: full_name, tenant, m365_admin_email)\n"},
	{"given twice", "a a@a.example tenant=x tenant=y\n", "1! tenant is given twice\n"},
	{"bad tenant", "a a@a.example tenant=a/b\n",
		"1! tenant: \"a/b\" is neither a domain nor an id\n"},
	{"bad administrator", "a a@a.example m365_admin_email=it\n",
		"1! m365_admin_email: \"it\" is not a mailbox (name@domain)\n"},
	{"open quote", "a a@a.example full_name=\"x\nb b@b.example\n",
		"1! a \" is not closed\n2: b|b@b.example|||\n"},
	{"empty id", "\"\" a@a.example\n",
		"1! a customer id can be neither empty nor \"-\" alone\n"},
	{"a dash", "- a@a.example\n",
		"1! a customer id can be neither empty nor \"-\" alone\n"},
	{"tab in a value", "\"a\tb\" a@a.example\n",
		"1! a value has a tab or the like in it\n"},
	{"control character", "a\033 a@a.example\n", "1! holds a control character\n"},
	{"Latin-1", "a a@a.example full_name=Caf\xe9\n", "1! is not UTF-8 text\n"},
	{"overlong UTF-8", "a a@a.example full_name=\xc0\xaf\n", "1! is not UTF-8 text\n"},
	{"surrogate", "a a@a.example full_name=\xed\xa0\x80\n", "1! is not UTF-8 text\n"},
	{"cut UTF-8", "a a@a.example full_name=\xe2\x82\n", "1! is not UTF-8 text\n"},
	{"UTF-8", "a a@a.example full_name=\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\n",
		"1: a|a@a.example|\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9||\n"},
};

static void test_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len = strlen(rows[i].text);

		for (size_t piece = 1; piece <= len + 1; piece++) {
			char *got = parse(rows[i].text, len, piece);

			assert_text(rows[i].label, got, rows[i].want);
			free(got);
		}
	}
}

static void test_nul(void **state)
{
	static const char text[] = "a a@a.example\0 tenant=x\nb b@b.example\n";
	char *got = parse(text, sizeof(text) - 1, 7);

	(void)state;
	assert_text("NUL", got, "1! holds a control character\n2: b|b@b.example|||\n");
	free(got);
}

/* `first` and `len` times x make a line; `tail` is the next one; customer b has to come through. */
static void check_long(
	const char *label, const char *first, size_t len, const char *tail, const char *want)
{
	static const size_t pieces[] = {1, 1000, CUSTOMERS_LINE_MAX, 10 * CUSTOMERS_LINE_MAX};
	struct buf text;

	buf_init(&text, 1024 * 1024);
	buf_string(&text, first);
	for (size_t i = 0; i < len; i++)
		buf_byte(&text, 'x');
	buf_printf(&text, "\n%s\nb b@b.example\n", tail);
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		char *got = parse(text.data, text.len, pieces[i]);

		assert_text(label, got, want);
		free(got);
	}
	buf_free(&text);
}

static void test_long(void **state)
{
	(void)state;
	check_long("a long line", "a a@a.example full_name=", 3 * CUSTOMERS_LINE_MAX,
		" tenant=x", "1! longer than 16384 bytes\n3: b|b@b.example|||\n");
	check_long("a long comment", "c c@c.example\n#", 3 * CUSTOMERS_LINE_MAX, " tenant=x",
		"1: c|c@c.example||x|\n4: b|b@b.example|||\n");
	check_long("a long continuation", "a a@a.example\n full_name=", CUSTOMERS_LINE_MAX - 20,
		"", "1! longer than 16384 bytes\n4: b|b@b.example|||\n");
	check_long("a long value", "a a@a.example full_name=", CUSTOMERS_VALUE_MAX + 1, "",
		"1! \"xxxxxxxxxxxxxxxxxxxx...\" is longer than 1024 bytes\n"
		"3: b|b@b.example|||\n");
}

static void test_longest_keys(void **state)
{
	(void)state;
	check_long("a long mailbox", "a a@", 319, "",
		"1! \"a@xxxxxxxxxxxxxxxxxx...\" is longer than 320 bytes\n3: "
		"b|b@b.example|||\n");
	check_long("a long tenant", "a a@a.example tenant=", 256, "",
		"1! \"xxxxxxxxxxxxxxxxxxxx...\" is longer than 255 bytes\n3: "
		"b|b@b.example|||\n");
	check_long("a long administrator", "a a@a.example m365_admin_email=a@", 319, "",
		"1! \"a@xxxxxxxxxxxxxxxxxx...\" is longer than 320 bytes\n3: "
		"b|b@b.example|||\n");
}

static void test_free_nothing(void **state)
{
	struct customers_file *file = NULL;

	(void)state;
	customers_file_free(NULL);
	customers_file_free(&file);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_longest_keys),
		cmocka_unit_test(test_free_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
