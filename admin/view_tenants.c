/*
 * Tenants and their tokens: the rows that have one are brought together by the hash of their
 * tenant, each tenant keeping its best, and the page is picked out of these.
 */
#include "view_internal.h"

#include <stdlib.h>

/* A hash table: a tenant stands at its hash's place or the next free one behind it. */
struct tenant {
	uint64_t hash; /* 0: nobody stands here */
	uint32_t row;  /* its best */
};
struct tenants {
	struct tenant *list;
	size_t n; /* a power of two */
};

static bool has_token(const struct row *row)
{
	return row->text != 0 && row->token != TOKEN_NONE && row->tenant != 0 &&
	       row->revoked == 0;
}

static bool better(const struct row *a, const struct row *b)
{
	if (a->token != b->token)
		return a->token == TOKEN_VALID;
	return a->used != b->used ? a->used > b->used : a->created > b->created;
}

static void meet(const struct view *view, struct tenants *tenants, uint32_t row)
{
	const uint64_t hash = view->rows[row].tenant;
	size_t at = hash & (tenants->n - 1);

	while (tenants->list[at].hash != 0 && tenants->list[at].hash != hash)
		at = (at + 1) & (tenants->n - 1);
	if (tenants->list[at].hash == 0 ||
		better(&view->rows[row], &view->rows[tenants->list[at].row]))
		tenants->list[at] = (struct tenant){hash, row};
}

static int gather(const struct view *view, struct tenants *tenants)
{
	size_t n = 0;

	for (size_t i = 0; i < view->rows_n; i++)
		n += has_token(&view->rows[i]);
	tenants->n = 64;
	while (tenants->n < 2 * n)
		tenants->n *= 2;
	tenants->list = calloc(tenants->n, sizeof(*tenants->list));
	if (tenants->list == NULL)
		return -1;
	for (size_t i = 0; i < view->rows_n; i++)
		if (has_token(&view->rows[i]))
			meet(view, tenants, (uint32_t)i);
	return 0;
}

/* Puts the tenants' rows in order of what is to be done, and counts them. */
static struct pick *rate(const struct view *view, const struct view_tenants *query,
	const struct tenants *tenants, struct view_tenants_result *result)
{
	struct pick *picks = malloc(tenants->n * sizeof(*picks));

	for (size_t i = 0; picks != NULL && i < tenants->n; i++) {
		const struct row *row;
		bool valid;

		if (tenants->list[i].hash == 0)
			continue;
		row = &view->rows[tenants->list[i].row];
		valid = row->token == TOKEN_VALID;
		result->needs_sign_in += !valid;
		result->near_end += valid && (time_t)row->used < query->unused_since;
		picks[result->total++] =
			(struct pick){(uint64_t)valid << 32 | row->used, tenants->list[i].row};
	}
	return picks;
}

int view_find_tenants(const struct view *view, const struct view_tenants *query,
	struct view_tenants_result *result_r)
{
	struct tenants tenants = {0};
	struct pick *picks = NULL;
	size_t n;

	*result_r = (struct view_tenants_result){0};
	if (view_ready(view) && gather(view, &tenants) == 0)
		picks = rate(view, query, &tenants, result_r);
	free(tenants.list);
	n = page_of(result_r->total, query->offset, query->limit);
	result_r->ids = malloc((n + 1) * sizeof(*result_r->ids));
	if (picks == NULL || result_r->ids == NULL) {
		free(picks);
		view_tenants_result_free(result_r);
		return -1;
	}
	pick_page(picks, result_r->total, query->offset, n);
	for (; result_r->n < n; result_r->n++)
		row_id(view, picks[query->offset + result_r->n].row,
			result_r->ids[result_r->n]);
	free(picks);
	return 0;
}

void view_tenants_result_free(struct view_tenants_result *result)
{
	free(result->ids);
	*result = (struct view_tenants_result){0};
}
