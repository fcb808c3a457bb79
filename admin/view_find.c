/*
 * Asking the view. One pass over the rows decides which of them fit, and counts them; a search
 * has marked its rows before. Sorted by a text, the order is then walked up to the page; sorted
 * by a number, the page is picked out of those that fit. Either takes some 30 ms for a million
 * rows, wherever the page is.
 */
#include "view_internal.h"

#include <stdlib.h>
#include <string.h>

#define DAY_S (24 * 3600)

/* A column's value as a number; larger ones come later. */
static uint32_t by_sent(const struct row *row, time_t now)
{
	(void)now;
	return row->sent;
}

static uint32_t by_count(const struct row *row, time_t now)
{
	(void)now;
	return row->count;
}

static uint32_t by_delivery(const struct row *row, time_t now)
{
	(void)now;
	return row->delivery;
}

static uint32_t by_opened(const struct row *row, time_t now)
{
	(void)now;
	return row->opened;
}

static uint32_t by_consent(const struct row *row, time_t now)
{
	(void)now;
	return row->consent;
}

static uint32_t by_authenticated(const struct row *row, time_t now)
{
	(void)now;
	return row->authenticated;
}

static uint32_t by_status(const struct row *row, time_t now)
{
	return STATUS_COUNT - 1 - row_status(row, now);
}

static uint32_t by_created(const struct row *row, time_t now)
{
	(void)now;
	return row->created;
}

static uint32_t by_expires(const struct row *row, time_t now)
{
	(void)now;
	return row->expires;
}

typedef uint32_t value_fn(const struct row *row, time_t now);

static const struct {
	const char *name;
	enum field field; /* without value */
	value_fn *value;
} columns[VIEW_COLUMNS] = {
	[VIEW_ID] = {"id", FIELD_ID, NULL},
	[VIEW_CUSTOMER_ID] = {"customer_id", FIELD_CUSTOMER_ID, NULL},
	[VIEW_FULL_NAME] = {"full_name", FIELD_FULL_NAME, NULL},
	[VIEW_INVITATION_EMAIL] = {"invitation_email", FIELD_INVITATION_EMAIL, NULL},
	[VIEW_ADMIN_EMAIL] = {"m365_admin_email", FIELD_ADMIN_EMAIL, NULL},
	[VIEW_EMAIL_SENT] = {"email_sent", FIELDS, by_sent},
	[VIEW_EMAIL_SENT_COUNT] = {"email_sent_count", FIELDS, by_count},
	[VIEW_DELIVERY] = {"delivery", FIELDS, by_delivery},
	[VIEW_LINK_OPENED] = {"link_opened", FIELDS, by_opened},
	[VIEW_CONSENT] = {"consent", FIELDS, by_consent},
	[VIEW_DEVICE_AUTHENTICATED] = {"device_authenticated", FIELDS, by_authenticated},
	[VIEW_STATUS] = {"status", FIELDS, by_status},
	[VIEW_CREATED_AT] = {"created_at", FIELDS, by_created},
	[VIEW_EXPIRES_AT] = {"expires_at", FIELDS, by_expires},
};

const char *view_column_name(enum view_column column)
{
	return columns[column].name;
}

bool view_column_find(const char *name, enum view_column *column_r)
{
	for (size_t i = 0; i < VIEW_COLUMNS; i++) {
		if (strcmp(columns[i].name, name) != 0)
			continue;
		*column_r = (enum view_column)i;
		return true;
	}
	return false;
}

/* One question under way. */
struct finding {
	const struct view *view;
	const struct view_query *query;
	time_t now;
	uint64_t *marks; /* a bit for each row: the search found it, and then: it fits */
	struct view_result *result;
};

static bool marked(const struct finding *finding, size_t row)
{
	return finding->marks[row / 64] >> (row % 64) & 1;
}

static void mark(void *context, uint32_t row)
{
	struct finding *finding = context;

	finding->marks[row / 64] |= (uint64_t)1 << (row % 64);
}

static int search(struct finding *finding)
{
	size_t bytes = (finding->view->rows_n / 64 + 1) * sizeof(uint64_t);
	const char *what = finding->query->search;
	struct buf folded;
	bool failed;

	finding->marks = calloc(1, bytes);
	if (finding->marks == NULL)
		return -1;
	buf_init(&folded, finding->view->texts.max);
	if (what != NULL)
		text_fold(what, &folded);
	failed = folded.failed;
	if (folded.len > 0 && finding->view->texts.len > 0)
		texts_search(finding->view, &folded, mark, finding);
	else if (folded.len == 0)
		memset(finding->marks, 0xff, bytes);
	buf_free(&folded);
	return failed ? -1 : 0;
}

static bool happened_then(const struct view_query *query, const struct row *row)
{
	const time_t when = query->happened == VIEW_SENT ? row->sent : row->completed;

	return query->happened == VIEW_ANY_TIME ||
	       (when != 0 && when >= query->from && when < query->until);
}

/* Takes the mark from those that do not fit, and counts. */
static void sift(struct finding *finding)
{
	const struct view_query *query = finding->query;
	struct view_result *result = finding->result;

	for (size_t i = 0; i < finding->view->rows_n; i++) {
		const struct row *row = &finding->view->rows[i];
		bool fits = marked(finding, i) && row->text != 0 && happened_then(query, row);

		if (fits) {
			enum status status = row_status(row, finding->now);

			result->counts[status]++;
			fits = query->statuses == 0 ||
			       (query->statuses & VIEW_STATUS_BIT(status)) != 0;
			result->total += fits;
		}
		if (!fits)
			finding->marks[i / 64] &= ~((uint64_t)1 << (i % 64));
	}
}

static void show(struct finding *finding, uint32_t row)
{
	row_id(finding->view, row, finding->result->ids[finding->result->n++]);
}

static size_t page_len(const struct finding *finding)
{
	return page_of(finding->result->total, finding->query->offset, finding->query->limit);
}

/* Walks a block forwards or backwards; false once the page is full. */
static bool walk_block(struct finding *finding, const struct order_block *block, size_t *skip)
{
	const size_t limit = page_len(finding);

	for (uint32_t i = 0; i < block->n; i++) {
		uint32_t row = block->rows[finding->query->descending ? block->n - 1 - i : i];

		if (!marked(finding, row))
			continue;
		if (*skip > 0) {
			--*skip;
			continue;
		}
		show(finding, row);
		if (finding->result->n == limit)
			return false;
	}
	return true;
}

static int page_by_text(struct finding *finding)
{
	const struct view_query *query = finding->query;
	const struct order *order = &finding->view->orders[columns[query->sort].field];
	size_t skip = query->offset;

	for (size_t i = 0; i < order->n; i++)
		if (!walk_block(finding,
			    order->blocks[query->descending ? order->n - 1 - i : i], &skip))
			break;
	return 0;
}

static int page_by_number(struct finding *finding)
{
	const struct view_query *query = finding->query;
	value_fn *value = columns[query->sort].value;
	const uint64_t flip = query->descending ? UINT64_MAX : 0;
	struct pick *picks = malloc(finding->result->total * sizeof(*picks));
	size_t n = 0;

	if (picks == NULL)
		return -1;
	for (size_t i = 0; i < finding->view->rows_n; i++) {
		const struct row *row = &finding->view->rows[i];

		if (marked(finding, i))
			picks[n++] = (struct pick){
				((uint64_t)value(row, finding->now) << 32 | row->created) ^
					flip,
				(uint32_t)(i ^ flip)};
	}
	pick_page(picks, n, query->offset, page_len(finding));
	for (size_t i = query->offset, end = i + page_len(finding); i < end; i++)
		show(finding, picks[i].row ^ (uint32_t)flip);
	free(picks);
	return 0;
}

static int find_page(struct finding *finding)
{
	size_t n = page_len(finding);

	if (n == 0)
		return 0;
	finding->result->ids = malloc(n * sizeof(*finding->result->ids));
	if (finding->result->ids == NULL)
		return -1;
	return columns[finding->query->sort].value != NULL ? page_by_number(finding)
							   : page_by_text(finding);
}

int view_find(const struct view *view, const struct view_query *query, time_t now,
	struct view_result *result_r)
{
	struct finding finding = {.view = view, .query = query, .now = now, .result = result_r};
	int result = -1;

	*result_r = (struct view_result){0};
	if (view_ready(view) && search(&finding) == 0) {
		sift(&finding);
		result = find_page(&finding);
	}
	free(finding.marks);
	if (result != 0)
		view_result_free(result_r);
	return result;
}

void view_result_free(struct view_result *result)
{
	free(result->ids);
	*result = (struct view_result){0};
}

void view_counts(const struct view *view, time_t now, size_t counts_r[STATUS_COUNT])
{
	memset(counts_r, 0, STATUS_COUNT * sizeof(*counts_r));
	for (size_t i = 0; i < view->rows_n; i++)
		if (view->rows[i].text != 0)
			counts_r[row_status(&view->rows[i], now)]++;
}

/* The day of those that `when` is in, or NULL. */
static struct view_day *day_of(struct view_day *days, uint32_t when)
{
	if (when < days[0].begin || when >= days[VIEW_DAYS - 1].begin + DAY_S)
		return NULL;
	return &days[(when - days[0].begin) / DAY_S];
}

void view_days(const struct view *view, time_t now, struct view_day days_r[VIEW_DAYS])
{
	const time_t today = now - now % DAY_S;

	for (int i = 0; i < VIEW_DAYS; i++)
		days_r[i] =
			(struct view_day){.begin = today - (time_t)(VIEW_DAYS - 1 - i) * DAY_S};
	for (size_t i = 0; i < view->rows_n; i++) {
		struct view_day *sent = day_of(days_r, view->rows[i].sent);
		struct view_day *completed = day_of(days_r, view->rows[i].completed);

		if (sent != NULL)
			sent->sent++;
		if (completed != NULL)
			completed->completed++;
	}
}
