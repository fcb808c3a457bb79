/*
 * Four bits a value, whose places are a walk that the hash's halves decide: start and step.
 */
#include "store/filter.h"

#include <stdlib.h>

#define BITS 4

struct filter {
	size_t len;
	unsigned char bytes[];
};

struct filter *filter_new(size_t values)
{
	size_t len = values > 0 ? values : 1;
	struct filter *filter = calloc(1, sizeof(*filter) + len);

	if (filter != NULL)
		filter->len = len;
	return filter;
}

void filter_free(struct filter **filter)
{
	free(*filter);
	*filter = NULL;
}

/* The place of the hash's n-th bit. */
static uint64_t place(const struct filter *filter, uint64_t hash, unsigned n)
{
	uint32_t at = (uint32_t)hash + n * ((uint32_t)(hash >> 32) | 1);

	return (uint64_t)(((unsigned __int128)at * filter->len * 8) >> 32);
}

void filter_add(struct filter *filter, uint64_t hash)
{
	for (unsigned n = 0; n < BITS; n++) {
		uint64_t at = place(filter, hash, n);

		filter->bytes[at / 8] |= (unsigned char)(1u << at % 8);
	}
}

bool filter_may_have(const struct filter *filter, uint64_t hash)
{
	for (unsigned n = 0; n < BITS; n++) {
		uint64_t at = place(filter, hash, n);

		if ((filter->bytes[at / 8] & 1u << at % 8) == 0)
			return false;
	}
	return true;
}

unsigned char *filter_bytes(struct filter *filter, size_t *len_r)
{
	*len_r = filter->len;
	return filter->bytes;
}
