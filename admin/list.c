/*
 * The view says which invitations stand on the page, the store what they are. All that leads to
 * another part of the list is put in before the store is asked.
 */
#include "list.h"

#include "cell.h"
#include "filling.h"
#include "live.h"
#include "query.h"
#include "rows.h"

#include <stdio.h>
#include <string.h>

#define URI_MAX 16384

/* The columns, in order. What has no name in the view is not sorted by. */
static const struct column {
	const char *word;
	enum view_column column; /* VIEW_COLUMNS: none */
} columns[] = {
	{"column_id", VIEW_ID},
	{"column_full_name", VIEW_FULL_NAME},
	{"column_invitation_email", VIEW_INVITATION_EMAIL},
	{"column_m365_admin_email", VIEW_ADMIN_EMAIL},
	{"column_email_sent", VIEW_EMAIL_SENT},
	{"column_email_sent_count", VIEW_EMAIL_SENT_COUNT},
	{"column_delivery", VIEW_DELIVERY},
	{"column_link_opened", VIEW_LINK_OPENED},
	{"column_consent", VIEW_CONSENT},
	{"column_device_authenticated", VIEW_DEVICE_AUTHENTICATED},
	{"column_status", VIEW_STATUS},
	{"column_created_at", VIEW_CREATED_AT},
	{"column_expires_at", VIEW_EXPIRES_AT},
	{"column_auth_url", VIEW_COLUMNS},
	{"column_consent_address", VIEW_COLUMNS},
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void put_uri(
	struct values *values, const char *name, const struct query *query, const char *path)
{
	struct buf uri;

	buf_init(&uri, URI_MAX);
	query_uri(query, path, &uri);
	values_text(values, name, uri.data);
	buf_free(&uri);
}

static void put_column(
	struct values *row, const struct query *query, const struct column *column)
{
	struct query sorted = *query;
	bool now = query->sort == column->column;

	values_word(row, "column", column->word);
	if (column->column == VIEW_COLUMNS)
		return;
	sorted.page = 1;
	sorted.sort = column->column;
	sorted.descending = now ? !query->descending : query_descends(column->column);
	put_uri(row, "sort_uri", &sorted, "/");
	if (now)
		values_text(row, "sorted", query->descending ? "descending" : "ascending");
}

static void put_columns(
	const struct visit *visit, struct values *values, const struct query *query)
{
	bool consent = visit->generation->settings->consent_address[0] != '\0';

	for (size_t i = 0; i < COLUMNS; i++)
		if (consent || strcmp(columns[i].word, "column_consent_address") != 0)
			put_column(values_row(values, "columns"), query, &columns[i]);
}

static void put_choice(
	struct values *values, const char *value, const char *word, size_t count, bool selected)
{
	struct values *row = values_row(values, "choices");

	values_text(row, "choice", value);
	values_word(row, "choice_word", word);
	values_int(row, "count", (long long)count);
	values_flag(row, "selected", selected);
}

static void put_choices(
	struct values *values, const struct query *query, const size_t counts[STATUS_COUNT])
{
	size_t all = 0, open = 0;
	char word[64];

	for (int i = 0; i < STATUS_COUNT; i++) {
		all += counts[i];
		open += (VIEW_PENDING & VIEW_STATUS_BIT(i)) != 0 ? counts[i] : 0;
	}
	put_choice(values, "", "status_all", all, query->statuses == 0);
	put_choice(values, QUERY_OPEN, "status_open", open, query->statuses == VIEW_PENDING);
	for (int i = STATUS_COUNT - 1; i >= 0; i--) {
		snprintf(word, sizeof(word), "status_%s", status_name((enum status)i));
		put_choice(values, status_name((enum status)i), word, counts[i],
			query->statuses == VIEW_STATUS_BIT(i));
	}
}

/* What the form keeps of the address besides its own fields. */
static void put_kept(struct values *values, const struct query *query)
{
	struct query other = *query;
	char day[QUERY_DAY_SIZE];

	if (query->happened != VIEW_ANY_TIME) {
		query_day(query->day, day);
		values_text(values, query->happened == VIEW_SENT ? "sent_day" : "completed_day",
			day);
		other.happened = VIEW_ANY_TIME;
		other.page = 1;
		put_uri(values, "any_day_uri", &other, "/");
	}
	values_text(values, "sort", view_column_name(query->sort));
	values_text(values, "order", query->descending ? "desc" : "asc");
	values_text(values, "search", query->search);
}

static void put_page(
	struct values *values, const char *name, const struct query *query, size_t page)
{
	struct query other = *query;

	other.page = page;
	put_uri(values, name, &other, "/");
}

static void put_pages(struct values *values, const struct query *query, size_t total, size_t n)
{
	size_t last = total > 0 ? (total - 1) / QUERY_PAGE_ROWS + 1 : 1;
	size_t from = (query->page - 1) * QUERY_PAGE_ROWS;

	values_int(values, "total", (long long)total);
	values_int(values, "from", (long long)(n > 0 ? from + 1 : 0));
	values_int(values, "until", (long long)(n > 0 ? from + n : 0));
	if (query->page > 1) {
		put_page(values, "first_uri", query, 1);
		put_page(values, "previous_uri", query,
			query->page > last ? last : query->page - 1);
	}
	if (query->page < last) {
		put_page(values, "next_uri", query, query->page + 1);
		put_page(values, "last_uri", query, last);
	}
}

static struct values *begin_page(
	const struct visit *visit, const struct query *query, const struct view_result *found)
{
	struct values *values = values_new();

	if (values == NULL)
		return NULL;
	values_word(values, "heading",
		query->statuses == VIEW_PENDING ? "status_open" : "list_heading");
	put_columns(visit, values, query);
	put_choices(values, query, found->counts);
	put_kept(values, query);
	put_pages(values, query, found->total, found->n);
	put_uri(values, "csv_uri", query, "/export.csv");
	put_uri(values, "json_uri", query, "/export.jsonl");
	live_put(visit, values, NULL);
	return values;
}

static void free_values(void *own)
{
	struct values *values = own;

	values_free(&values);
}

static void show(struct visit *visit, struct json_object *reply, const struct error *error)
{
	struct json_object *records = json_member(reply, "invitations");
	size_t n = records != NULL ? json_object_array_length(records) : 0;
	struct values *values = visit->own;

	if (error != NULL) {
		page_error(&visit, error);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct json_object *record = json_object_array_get_idx(records, i);

		if (record != NULL)
			cell_put(visit, values_row(values, "invitations"), record);
	}
	visit->own = NULL;
	page_answer(&visit, 200, "admin_list.html", &values);
}

static const char *query_value(const void *context, const char *name)
{
	return web_request_query(context, name);
}

void get_list(void *context, struct web_request *request)
{
	const struct error no_memory = {ERROR_TEMPORARY, "out of memory"};
	struct visit *visit = visit_begin(context, request, ROLE_VIEW);
	const struct view *view = visit != NULL ? filling_view(&visit) : NULL;
	struct view_result found;
	struct view_query ask;
	struct query query;

	if (view == NULL)
		return;
	query_read(query_value, request, &query);
	query_ask(&query, false, &ask);
	if (view_find(view, &ask, visit->now, &found) != 0) {
		page_error(&visit, &no_memory);
		return;
	}
	visit->own = begin_page(visit, &query, &found);
	visit->own_free = free_values;
	if (visit->own != NULL)
		rows_ask(
			visit, (const char(*)[INVITATION_ID_LEN + 1]) found.ids, found.n, show);
	else
		page_error(&visit, &no_memory);
	view_result_free(&found);
}

int list_require_words(const struct words *words, struct error *error)
{
	for (size_t i = 0; i < COLUMNS; i++)
		if (words_require(words, columns[i].word, error) != 0)
			return -1;
	return words_require(words, "list_heading", error) |
	       words_require(words, "status_all", error) |
	       words_require(words, "status_open", error);
}
