/*
 * Addresses of the list, and rows of its files.
 */
#include "support.h"

#include "../../admin/csv.c"
#include "../../admin/query.c"
#include "../../admin/uri.c"
#include "../../admin/values.c"

/* What the pages would know of statuses and the view of columns. */
enum status cell_status_named(const char *name)
{
	enum status status = 0;

	while (status < STATUS_COUNT && strcmp(status_name(status), name) != 0)
		status++;
	return status;
}

const char *view_column_name(enum view_column column)
{
	return column == VIEW_FULL_NAME ? "full_name"
	       : column == VIEW_STATUS	? "status"
					: "created_at";
}

bool view_column_find(const char *name, enum view_column *column_r)
{
	*column_r = strcmp(name, "full_name") == 0 ? VIEW_FULL_NAME
		    : strcmp(name, "status") == 0  ? VIEW_STATUS
						   : VIEW_CREATED_AT;
	return strcmp(name, "full_name") == 0 || strcmp(name, "status") == 0 ||
	       strcmp(name, "created_at") == 0;
}

/* context: pairs of name and value. */
static const char *value_of(const void *context, const char *name)
{
	for (const char *const *pair = context; *pair != NULL; pair += 2)
		if (strcmp(pair[0], name) == 0)
			return pair[1];
	return NULL;
}

static void test_addresses(void **state)
{
	static const struct {
		const char *label;
		const char *given[9];
		const char *want;
	} rows[] = {
		{"usual", {NULL}, "/"},
		{"usual, said",
			{"sort", "created_at", "order", "desc", "page", "1", "status", ""},
			"/"},
		{"search", {"q", "a b&c=\xc3\xa4"}, "/?q=a%20b%26c%3D%C3%A4"},
		{"status", {"status", "email_sent"}, "/?status=email_sent"},
		{"several", {"status", "pending,email_sent,nonsense,"},
			"/?status=email_sent%2Cpending"},
		{"pending invitations", {"status", "pending_invitations"},
			"/?status=pending_invitations"},
		{"sorted", {"sort", "full_name"}, "/?sort=full_name"},
		{"other way round", {"sort", "full_name", "order", "desc"},
			"/?sort=full_name&order=desc"},
		{"oldest first", {"order", "asc"}, "/?order=asc"},
		{"no order", {"order", "sideways", "sort", "x"}, "/"},
		{"page", {"page", "7"}, "/?page=7"},
		{"no page", {"page", "-7"}, "/"},
		{"no page", {"page", "0"}, "/"},
		{"no page", {"page", "99999999999999999999999"}, "/"},
		{"day", {"sent", "2026-02-28"}, "/?sent=2026-02-28"},
		{"completed", {"completed", "2024-02-29"}, "/?completed=2024-02-29"},
		{"no day", {"sent", "2026-02-29"}, "/"},
		{"no day", {"sent", "2026-13-01"}, "/"},
		{"no day", {"sent", "2026-1-1"}, "/"},
		{"no day", {"sent", "2026-02-2x"}, "/"},
		{"before time began", {"sent", "0001-01-01"}, "/"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct query query;
		struct buf uri;

		buf_init(&uri, 1024);
		query_read(value_of, rows[i].given, &query);
		query_uri(&query, "/", &uri);
		assert_text(rows[i].label, uri.data, rows[i].want);
		buf_free(&uri);
	}
}

static void test_asked(void **state)
{
	static const char *const given[] = {"page", "3", "sent", "1970-01-02", "q", "x", NULL};
	struct view_query ask;
	struct query query;

	(void)state;
	query_read(value_of, given, &query);
	query_ask(&query, false, &ask);
	assert_number("offset", (long long)ask.offset, 100);
	assert_number("limit", (long long)ask.limit, 50);
	assert_number("from", ask.from, 86400);
	assert_number("until", ask.until, 2 * 86400);
	assert_true(ask.descending);
	query_ask(&query, true, &ask);
	assert_number("all of it", (long long)ask.offset, 0);
	assert_true(ask.limit > 1000000);
}

static void test_csv(void **state)
{
	static const struct {
		const char *given, *want;
	} rows[] = {
		{"plain", "plain"},
		{"", ""},
		{"a,b", "\"a,b\""},
		{"say \"x\"", "\"say \"\"x\"\"\""},
		{"two\r\nlines", "\"two\r\nlines\""},
		{"=1+2", "'=1+2"},
		{"+1", "'+1"},
		{"-1", "'-1"},
		{"@SUM(A1)", "'@SUM(A1)"},
		{"\tx", "'\tx"},
		{"\rx", "\"'\rx\""},
		{"=HYPERLINK(\"http://x\",\"y\")",
			"\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""},
		{"a=b", "a=b"},
	};
	struct buf row;

	(void)state;
	buf_init(&row, 1024);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_reset(&row);
		csv_value(&row, rows[i].given, true);
		assert_text(rows[i].given, row.data, rows[i].want);
	}
	buf_reset(&row);
	csv_value(&row, "", true);
	csv_value(&row, "b", false);
	csv_end(&row);
	assert_text("row", row.data, ",b\r\n");
	buf_free(&row);
}

static void test_values(void **state)
{
	struct values *values = values_new();
	const struct template_value *table;

	(void)state;
	values_text(values, "a", "1");
	values_text(values, "none", NULL);
	for (int i = 0; i < 20; i++)
		values_int(values_row(values, "list"), "n", i);
	values_word(values_row(values, "other"), "w", "word");
	table = values_table(values);
	assert_text("text", table[0].text, "1");
	assert_text("empty", table[1].text, "");
	assert_text("list", table[2].name, "list");
	assert_text("row", table[2].rows[19][0].text, "19");
	assert_null(table[2].rows[20]);
	assert_text("word", table[3].rows[0][0].word, "word");
	assert_null(table[4].name);
	values_text(values, "later", "x");
	assert_text("later", values_table(values)[2].text, "x");
	values_free(&values);
	assert_null(values);
	values_free(&values);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests_name("admin query", tests, NULL, NULL);
}
