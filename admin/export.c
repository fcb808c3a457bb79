/*
 * The view gives all ids at once; the records behind them are asked for a piece at a time, when
 * the client has taken the one before. The first piece is fetched before the answer begins, so
 * that a store that is away gets its page.
 */
#include "export.h"

#include "csv.h"
#include "filling.h"
#include "page.h"
#include "query.h"
#include "rows.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_ROWS  200
#define PIECE_MAX   (4 * 1024 * 1024)
#define EXPORTS_MAX 4 /* at once: each keeps its ids */

struct export
{
	struct admin *admin;
	const struct format *format;
	struct view_result found;
	size_t at;	  /* ids asked for */
	struct buf piece; /* the first one, until the answer begins */
	bool begun;
};

/* The file's columns: their titles are the list's. */
static const struct column {
	const char *word;
	const char *member;
} columns[] = {
	{"column_id", "id"},
	{"column_full_name", "full_name"},
	{"column_invitation_email", "invitation_email"},
	{"column_m365_admin_email", "m365_admin_email"},
	{"column_email_sent", "email_sent_at"},
	{"column_email_sent_count", "email_sent_count"},
	{"column_delivery", "delivery"},
	{"column_link_opened", "link_opened_at"},
	{"column_consent", "consent"},
	{"column_device_authenticated", "device_authenticated_at"},
	{"column_status", "status"},
	{"column_created_at", "created_at"},
	{"column_expires_at", "expires_at"},
	{"column_auth_url", "auth_url"},
	{"column_consent_address", "consent_address"},
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static bool shown(const struct visit *visit, const struct column *column)
{
	return strcmp(column->member, "consent_address") != 0 ||
	       visit->generation->settings->consent_address[0] != '\0';
}

static void csv_head(const struct visit *visit, struct buf *out)
{
	for (size_t i = 0; i < COLUMNS; i++)
		if (shown(visit, &columns[i]))
			csv_value(out, catalog_text(visit->catalog, columns[i].word), i == 0);
	csv_end(out);
}

static void csv_row(const struct visit *visit, struct json_object *record, struct buf *out)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		struct json_object *value = json_member(record, columns[i].member);

		if (shown(visit, &columns[i]))
			csv_value(out, value != NULL ? json_object_get_string(value) : "",
				i == 0);
	}
	csv_end(out);
}

static void json_head(const struct visit *visit, struct buf *out)
{
	(void)visit;
	(void)out;
}

static void json_row(const struct visit *visit, struct json_object *record, struct buf *out)
{
	(void)visit;
	buf_string(out, json_text(record));
	buf_byte(out, '\n');
}

static const struct format {
	const char *type;
	const char *disposition;
	void (*head)(const struct visit *visit, struct buf *out);
	void (*row)(const struct visit *visit, struct json_object *record, struct buf *out);
} csv_format = {"text/csv; charset=utf-8; header=present",
	"attachment; filename=\"invitations.csv\"", csv_head, csv_row},
  json_format = {"application/x-ndjson", "attachment; filename=\"invitations.jsonl\"",
	  json_head, json_row};

static void export_free(void *own)
{
	struct export *export = own;

	export->admin->exports--;
	view_result_free(&export->found);
	buf_free(&export->piece);
	free(export);
}

static void put_rows(const struct visit *visit, struct json_object *reply, struct buf *out)
{
	const struct export *export = visit->own;
	struct json_object *records = json_member(reply, "invitations");
	size_t n = records != NULL ? json_object_array_length(records) : 0;

	for (size_t i = 0; i < n; i++) {
		struct json_object *record = json_object_array_get_idx(records, i);

		if (record != NULL)
			export->format->row(visit, record, out);
	}
}

static void ask_more(struct visit *visit, visit_next_fn *next)
{
	struct export *export = visit->own;
	size_t left = export->found.n - export->at;
	size_t n = left < PIECE_ROWS ? left : PIECE_ROWS;
	size_t at = export->at;

	export->at += n;
	rows_ask(visit, (const char(*)[INVITATION_ID_LEN + 1]) export->found.ids + at, n, next);
}

/* Hands a piece over; the last one ends the visit. */
static void give(struct visit *visit, struct buf *piece)
{
	const struct export *export = visit->own;
	struct web_request *request = visit->request;
	bool last = export->at == export->found.n || piece == NULL;

	if (last)
		visit_end(&visit);
	web_piece(request, piece, last);
}

static void got_rows(struct visit *visit, struct json_object *reply, const struct error *error)
{
	struct buf piece;

	if (error != NULL) {
		log_warning("%s: operator=%s broken_off error=%s",
			web_request_route(visit->request)->name, visit->visitor.name,
			error->text);
		give(visit, NULL);
		return;
	}
	buf_init(&piece, PIECE_MAX);
	put_rows(visit, reply, &piece);
	give(visit, &piece);
	buf_free(&piece);
}

/* The client can take more. */
static void more(void *context)
{
	struct visit *visit = context;
	struct export *export = visit->own;
	struct buf first = export->piece;

	if (export->begun) {
		ask_more(visit, got_rows);
		return;
	}
	export->begun = true;
	buf_init(&export->piece, 0);
	give(visit, &first);
	buf_free(&first);
}

static void got_first(struct visit *visit, struct json_object *reply, const struct error *error)
{
	struct export *export = visit->own;

	if (error != NULL) {
		page_error(&visit, error);
		return;
	}
	export->format->head(visit, &export->piece);
	put_rows(visit, reply, &export->piece);
	web_header(visit->request, "Content-Disposition", export->format->disposition);
	visit_pieces(visit, export->format->type, more);
}

static const char *query_value(const void *context, const char *name)
{
	return web_request_query(context, name);
}

static void begin(void *context, struct web_request *request, const struct format *format)
{
	const struct error busy = {
		ERROR_TEMPORARY, "too many exports at once; wait for one to end"};
	struct visit *visit = visit_begin(context, request, ROLE_VIEW);
	const struct view *view = visit != NULL ? filling_view(&visit) : NULL;
	struct export *export;
	struct view_query ask;
	struct query query;

	if (view == NULL)
		return;
	export = visit->admin->exports < EXPORTS_MAX ? calloc(1, sizeof(*export)) : NULL;
	if (export == NULL) {
		page_error(&visit, &busy);
		return;
	}
	export->admin = visit->admin;
	export->admin->exports++;
	export->format = format;
	buf_init(&export->piece, PIECE_MAX);
	visit->own = export;
	visit->own_free = export_free;
	query_read(query_value, request, &query);
	query_ask(&query, true, &ask);
	if (view_find(view, &ask, visit->now, &export->found) != 0)
		page_error(&visit, &busy);
	else
		ask_more(visit, got_first);
}

void get_csv(void *context, struct web_request *request)
{
	begin(context, request, &csv_format);
}

void get_json(void *context, struct web_request *request)
{
	begin(context, request, &json_format);
}

int export_require_words(const struct words *words, struct error *error)
{
	for (size_t i = 0; i < COLUMNS; i++)
		if (words_require(words, columns[i].word, error) != 0)
			return -1;
	return 0;
}
