/*
 * Entra ends a refresh token that nobody uses for 90 days. tokend uses each one every
 * refresh_interval; a token that comes near that end is one that tokend cannot refresh.
 */
#include "authentication.h"

#include "cell.h"
#include "filling.h"
#include "live.h"
#include "rows.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_ROWS 50
#define DAY_S	  (24 * 3600)
#define UNUSED_S  (90 * DAY_S)
#define NEAR_S	  (14 * DAY_S)

static const struct time_names used_names = {
	"token_used_at", "token_used_at_exact", "token_used_at_ago"};
static const struct time_names ends_names = {
	"token_ends_at", "token_ends_at_exact", "token_ends_at_ago"};

/* What a token's state is called, what it looks like, what to do. */
static const struct state {
	const char *word, *tone, *advice;
} needs_sign_in = {"token_needs_sign_in", "bad", "token_needs_sign_in_advice"},
  near_end = {"token_near_end", "wait", "token_near_end_advice"},
  valid = {"token_valid", "good", "token_valid_advice"};

static const struct state *state_of(struct json_object *record, time_t now)
{
	if (strcmp(json_string(record, "token_state", ""), "valid") != 0)
		return &needs_sign_in;
	return record_token_used_at(record) < now - UNUSED_S + NEAR_S ? &near_end : &valid;
}

static void put_time(const struct visit *visit, struct values *row,
	const struct time_names *names, time_t when)
{
	char text[CLOCK_TEXT_SIZE];

	page_time(visit, row, names, clock_format(when, text));
}

static void put_tenant(struct visit *visit, struct values *row, struct json_object *record)
{
	const struct state *state = state_of(record, visit->now);
	const time_t used = record_token_used_at(record);

	cell_put(visit, row, record);
	values_word(row, "token_word", state->word);
	values_text(row, "token_tone", state->tone);
	values_word(row, "advice", state->advice);
	values_text(row, "last_error_text",
		state == &needs_sign_in
			? json_string(json_member(record, "last_error"), "text", "")
			: "");
	if (used != 0)
		put_time(visit, row, &used_names, used);
	if (used != 0 && state != &needs_sign_in)
		put_time(visit, row, &ends_names, used + UNUSED_S);
}

static void show(struct visit *visit, struct json_object *reply, const struct error *error)
{
	struct json_object *records = json_member(reply, "invitations");
	struct values *values = visit->own;

	if (error != NULL) {
		page_error(&visit, error);
		return;
	}
	for (size_t i = 0; i < json_count(records); i++) {
		struct json_object *record = json_object_array_get_idx(records, i);

		if (record != NULL)
			put_tenant(visit, values_row(values, "tenants"), record);
	}
	visit->own = NULL;
	page_answer(&visit, 200, "admin_authentication.html", &values);
}

/* Of the query's "page": 1 and more. */
static size_t page_number(const struct visit *visit)
{
	const char *text = web_request_query(visit->request, "page");
	const unsigned long page = text != NULL ? strtoul(text, NULL, 10) : 1;

	return page >= 1 && page < 1000000 ? page : 1;
}

static struct values *begin_page(
	const struct visit *visit, const struct view_tenants_result *found, size_t page)
{
	struct values *values = values_new();

	if (values == NULL)
		return NULL;
	values_word(values, "heading", "auth_heading");
	values_int(values, "total", (long long)found->total);
	values_int(values, "needs_total", (long long)found->needs_sign_in);
	values_int(values, "near_total", (long long)found->near_end);
	if (page > 1)
		values_printf(values, "previous_uri", "/authentication?page=%zu", page - 1);
	if (page * PAGE_ROWS < found->total)
		values_printf(values, "next_uri", "/authentication?page=%zu", page + 1);
	live_put(visit, values, NULL);
	return values;
}

static void free_values(void *own)
{
	struct values *values = own;

	values_free(&values);
}

void get_authentication(void *context, struct web_request *request)
{
	struct visit *visit = visit_begin(context, request, ROLE_VIEW);
	const struct view *view = visit != NULL ? filling_view(&visit) : NULL;
	struct view_tenants query = {.limit = PAGE_ROWS};
	struct view_tenants_result found;
	const struct error no_memory = {ERROR_TEMPORARY, "out of memory"};
	size_t page;

	if (view == NULL)
		return;
	page = page_number(visit);
	query.offset = (page - 1) * PAGE_ROWS;
	query.unused_since = visit->now - UNUSED_S + NEAR_S;
	if (view_find_tenants(view, &query, &found) != 0) {
		page_error(&visit, &no_memory);
		return;
	}
	visit->own = begin_page(visit, &found, page);
	visit->own_free = free_values;
	if (visit->own != NULL)
		rows_ask(visit, found.ids, found.n, show);
	else
		page_error(&visit, &no_memory);
	view_tenants_result_free(&found);
}
