/*
 * Sorted lists of rows by their texts. Each is built in one go once the view has been filled;
 * from then on a row is put in or taken out by two binary searches and moving the rest of one
 * small block, some microseconds.
 */
#include "view_internal.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define FILL (ORDER_BLOCK * 7 / 8) /* of a block that is built: there is room for some more */

static int compare_texts(const char *a, const char *b)
{
	while (*a == *b && *a != FIELD_END) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

/* Rows with the same text: the older one first. */
static int compare_ages(const struct view *view, uint32_t a, uint32_t b)
{
	uint32_t one = view->rows[a].created, other = view->rows[b].created;

	return one != other ? (one > other) - (one < other) : (a > b) - (a < b);
}

static int compare_rows(const struct view *view, enum field field, uint32_t a, uint32_t b)
{
	int result = compare_texts(row_field(view, a, field), row_field(view, b, field));

	return result != 0 ? result : compare_ages(view, a, b);
}

/* What is sorted: most texts are told apart by their first bytes, without looking them up. */
struct sorted {
	uint64_t first;
	const char *rest; /* behind those, or NULL: the text ends among them */
	uint32_t row;
};

static struct sorted sorted_of(const struct view *view, enum field field, uint32_t row)
{
	const char *text = row_field(view, row, field);
	struct sorted sorted = {.row = row, .rest = text};
	unsigned char bytes[8] = {0};

	for (size_t i = 0; i < sizeof(bytes) && sorted.rest != NULL; i++) {
		bytes[i] = (unsigned char)text[i];
		if (text[i] == FIELD_END)
			sorted.rest = NULL;
	}
	if (sorted.rest != NULL)
		sorted.rest += sizeof(bytes);
	memcpy(&sorted.first, bytes, sizeof(bytes));
	sorted.first = be64toh(sorted.first);
	return sorted;
}

static int compare_sorted(const void *a, const void *b, void *context)
{
	const struct sorted *one = a, *other = b;
	int result = 0;

	if (one->first != other->first)
		return one->first < other->first ? -1 : 1;
	if (one->rest != NULL)
		result = compare_texts(one->rest, other->rest);
	return result != 0 ? result : compare_ages(context, one->row, other->row);
}

static struct order_block *add_block(struct order *order, size_t at)
{
	struct order_block *block;

	if (order->n == order->cap) {
		size_t cap = order->cap > 0 ? order->cap * 2 : 64;
		struct order_block **larger =
			realloc(order->blocks, cap * sizeof(struct order_block *));

		if (larger == NULL)
			return NULL;
		order->blocks = larger;
		order->cap = cap;
	}
	block = malloc(sizeof(*block));
	if (block == NULL)
		return NULL;
	block->n = 0;
	memmove(order->blocks + at + 1, order->blocks + at,
		(order->n - at) * sizeof(struct order_block *));
	order->blocks[at] = block;
	order->n++;
	return block;
}

static int build(struct view *view, enum field field, struct sorted *sorted)
{
	struct order *order = &view->orders[field];
	struct order_block *block = NULL;
	size_t n = 0;

	for (size_t row = 0; row < view->rows_n; row++)
		if (view->rows[row].text != 0)
			sorted[n++] = sorted_of(view, field, (uint32_t)row);
	qsort_r(sorted, n, sizeof(*sorted), compare_sorted, view);
	for (size_t i = 0; i < n; i++) {
		if (i % FILL == 0)
			block = add_block(order, order->n);
		if (block == NULL)
			return -1;
		block->rows[block->n++] = sorted[i].row;
	}
	return 0;
}

static void order_clear(struct order *order)
{
	for (size_t i = 0; i < order->n; i++)
		free(order->blocks[i]);
	free(order->blocks);
	*order = (struct order){0};
}

int orders_build_next(struct view *view)
{
	struct sorted *sorted = malloc((view->size + 1) * sizeof(*sorted));
	int result = sorted != NULL ? build(view, view->sorted, sorted) : -1;

	if (result == 0)
		view->sorted++;
	else
		order_clear(&view->orders[view->sorted]);
	free(sorted);
	return result;
}

void orders_clear(struct view *view)
{
	for (size_t i = 0; i < SORTED_FIELDS; i++)
		order_clear(&view->orders[i]);
	view->sorted = 0;
}

/* The last block whose first row is not behind this one. */
static size_t find_block(const struct view *view, enum field field, uint32_t row)
{
	const struct order *order = &view->orders[field];
	size_t low = 0, high = order->n;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (compare_rows(view, field, order->blocks[middle]->rows[0], row) <= 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The first place in the block whose row is not before this one. */
static uint32_t find_place(const struct view *view, enum field field,
	const struct order_block *block, uint32_t row)
{
	uint32_t low = 0, high = block->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (compare_rows(view, field, block->rows[middle], row) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Moves the second half of a full block into a new one behind it. */
static int split(struct order *order, size_t at)
{
	struct order_block *fresh = add_block(order, at + 1), *full = order->blocks[at];
	uint32_t kept = ORDER_BLOCK / 2;

	if (fresh == NULL)
		return -1;
	fresh->n = full->n - kept;
	memcpy(fresh->rows, full->rows + kept, fresh->n * sizeof(*fresh->rows));
	full->n = kept;
	return 0;
}

static int order_put(struct view *view, enum field field, uint32_t row)
{
	struct order *order = &view->orders[field];
	struct order_block *block;
	uint32_t place;
	size_t at;

	if (order->n == 0 && add_block(order, 0) == NULL)
		return -1;
	at = order->blocks[0]->n > 0 ? find_block(view, field, row) : 0;
	if (order->blocks[at]->n == ORDER_BLOCK) {
		if (split(order, at) != 0)
			return -1;
		at = find_block(view, field, row);
	}
	block = order->blocks[at];
	place = find_place(view, field, block, row);
	memmove(block->rows + place + 1, block->rows + place,
		(block->n - place) * sizeof(*block->rows));
	block->rows[place] = row;
	block->n++;
	return 0;
}

static void order_remove(struct view *view, enum field field, uint32_t row)
{
	struct order *order = &view->orders[field];
	size_t at = find_block(view, field, row);
	struct order_block *block = order->blocks[at];
	uint32_t place = find_place(view, field, block, row);

	block->n--;
	memmove(block->rows + place, block->rows + place + 1,
		(block->n - place) * sizeof(*block->rows));
	if (block->n > 0)
		return;
	free(block);
	order->n--;
	memmove(order->blocks + at, order->blocks + at + 1,
		(order->n - at) * sizeof(struct order_block *));
}

int orders_put(struct view *view, uint32_t row)
{
	for (int field = 0; field < (int)view->sorted; field++) {
		if (order_put(view, (enum field)field, row) == 0)
			continue;
		while (field-- > 0)
			order_remove(view, (enum field)field, row);
		return -1;
	}
	return 0;
}

void orders_remove(struct view *view, uint32_t row)
{
	for (int field = 0; field < (int)view->sorted; field++)
		order_remove(view, (enum field)field, row);
}
