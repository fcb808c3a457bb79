/*
 * Names of statuses and columns are those of records and of the view.
 */
#include "query.h"

#include "cell.h"
#include "uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S	 (24 * 3600)
#define PAGE_MAX 100000000

static unsigned read_statuses(const char *text)
{
	unsigned statuses = 0;

	while (text != NULL && *text != '\0') {
		size_t len = strcspn(text, ",");
		char name[64];
		enum status status;

		snprintf(name, sizeof(name), "%.*s", (int)len, text);
		status = cell_status_named(name);
		if (strcmp(name, QUERY_OPEN) == 0)
			statuses |= VIEW_PENDING;
		else if (status != STATUS_COUNT)
			statuses |= VIEW_STATUS_BIT(status);
		text += len + (text[len] == ',');
	}
	return statuses;
}

/* Returns 0 with the day's begin, or -1. */
static int read_day(const char *text, time_t *day_r)
{
	struct tm tm = {0}, back;
	int used = 0;

	if (text == NULL || strlen(text) != QUERY_DAY_SIZE - 1 ||
		sscanf(text, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &used) !=
			3 ||
		used != QUERY_DAY_SIZE - 1)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	back = tm;
	*day_r = timegm(&back);
	return back.tm_mon == tm.tm_mon && back.tm_mday == tm.tm_mday && *day_r > 0 ? 0 : -1;
}

void query_read(query_value_fn *value, const void *context, struct query *query_r)
{
	const char *sort = value(context, "sort"), *order = value(context, "order");
	const char *page = value(context, "page");
	unsigned long number = page != NULL ? strtoul(page, NULL, 10) : 1;

	*query_r = (struct query){.search = value(context, "q"),
		.statuses = read_statuses(value(context, "status")),
		.page = number >= 1 && number < PAGE_MAX ? number : 1};
	if (read_day(value(context, "sent"), &query_r->day) == 0)
		query_r->happened = VIEW_SENT;
	else if (read_day(value(context, "completed"), &query_r->day) == 0)
		query_r->happened = VIEW_COMPLETED;
	if (sort == NULL || !view_column_find(sort, &query_r->sort))
		query_r->sort = VIEW_CREATED_AT;
	query_r->descending = query_descends(query_r->sort);
	if (order != NULL && (strcmp(order, "asc") == 0 || strcmp(order, "desc") == 0))
		query_r->descending = order[0] == 'd';
}

void query_ask(const struct query *query, bool whole, struct view_query *view_r)
{
	*view_r = (struct view_query){.search = query->search,
		.statuses = query->statuses,
		.happened = query->happened,
		.from = query->day,
		.until = query->day + DAY_S,
		.sort = query->sort,
		.descending = query->descending,
		.offset = whole ? 0 : (query->page - 1) * QUERY_PAGE_ROWS,
		.limit = whole ? SIZE_MAX : QUERY_PAGE_ROWS};
}

static void name_statuses(unsigned statuses, struct buf *out)
{
	if (statuses == VIEW_PENDING) {
		buf_string(out, QUERY_OPEN);
		return;
	}
	for (enum status status = 0; status < STATUS_COUNT; status++) {
		if ((statuses & VIEW_STATUS_BIT(status)) == 0)
			continue;
		if (out->len > 0)
			buf_byte(out, ',');
		buf_string(out, status_name(status));
	}
}

void query_day(time_t day, char text_r[QUERY_DAY_SIZE])
{
	struct tm tm;

	if (gmtime_r(&day, &tm) == NULL ||
		strftime(text_r, QUERY_DAY_SIZE, "%Y-%m-%d", &tm) == 0)
		text_r[0] = '\0';
}

void query_uri(const struct query *query, const char *path, struct buf *out)
{
	bool usual = query->sort == VIEW_CREATED_AT;
	struct buf arguments, statuses;
	char text[24];

	buf_init(&arguments, 8192);
	buf_init(&statuses, 1024);
	uri_add(&arguments, "q", query->search);
	name_statuses(query->statuses, &statuses);
	uri_add(&arguments, "status", statuses.data);
	if (query->happened != VIEW_ANY_TIME) {
		query_day(query->day, text);
		uri_add(&arguments, query->happened == VIEW_SENT ? "sent" : "completed", text);
	}
	if (!usual)
		uri_add(&arguments, "sort", view_column_name(query->sort));
	if (query->descending != query_descends(query->sort))
		uri_add(&arguments, "order", query->descending ? "desc" : "asc");
	snprintf(text, sizeof(text), "%zu", query->page);
	if (query->page > 1)
		uri_add(&arguments, "page", text);
	buf_string(out, path);
	if (!arguments.failed)
		buf_string(out, arguments.data);
	buf_free(&statuses);
	buf_free(&arguments);
}

bool query_descends(enum view_column column)
{
	switch (column) {
	case VIEW_EMAIL_SENT:
	case VIEW_EMAIL_SENT_COUNT:
	case VIEW_LINK_OPENED:
	case VIEW_DEVICE_AUTHENTICATED:
	case VIEW_CREATED_AT:
		return true;
	default:
		return false;
	}
}
