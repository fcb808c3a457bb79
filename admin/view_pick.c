/*
 * One page of a sorted list without sorting the list: what stands before the page and what
 * stands behind it is moved to its side (quickselect), and only the page is sorted.
 */
#include "view_internal.h"

#include <stdlib.h>

static bool less(const struct pick *a, const struct pick *b)
{
	return a->key != b->key ? a->key < b->key : a->row < b->row;
}

static int compare_picks(const void *a, const void *b)
{
	return less(a, b) ? -1 : less(b, a);
}

static void swap(struct pick *a, struct pick *b)
{
	struct pick kept = *a;

	*a = *b;
	*b = kept;
}

/* Moves those less than some one of them in front of it, and gives its place. */
static size_t part(struct pick *picks, size_t n, uint32_t *seed)
{
	size_t at = 0;

	/* By chance, so that no order of the rows is a bad one. */
	*seed = *seed * 1664525 + 1013904223;
	swap(&picks[(uint64_t)*seed * n >> 32], &picks[n - 1]);
	for (size_t i = 0; i < n - 1; i++)
		if (less(&picks[i], &picks[n - 1]))
			swap(&picks[i], &picks[at++]);
	swap(&picks[at], &picks[n - 1]);
	return at;
}

/* The `first` least ones come in front. */
static void separate(struct pick *picks, size_t n, size_t first)
{
	uint32_t seed = 1;

	while (first > 0 && first < n) {
		size_t at = part(picks, n, &seed);

		if (at >= first) {
			n = at;
		} else {
			picks += at + 1;
			n -= at + 1;
			first -= at + 1;
		}
	}
}

size_t page_of(size_t total, size_t offset, size_t limit)
{
	size_t left = offset < total ? total - offset : 0;

	return limit < left ? limit : left;
}

void pick_page(struct pick *picks, size_t n, size_t offset, size_t limit)
{
	limit = page_of(n, offset, limit);
	if (limit == 0)
		return;
	separate(picks, n, offset);
	separate(picks + offset, n - offset, limit);
	qsort(picks + offset, limit, sizeof(*picks), compare_picks);
}
