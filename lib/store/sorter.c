/*
 * Parts by the first byte and the upper bits of the second. Each has a buffer; a full one is
 * written behind what the file holds, and the list of blocks remembers whose it is. A key in a
 * block is two bytes of length and its bytes.
 */
#include "store/sorter.h"

#include "base/background.h"
#include "base/buf.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PART_BITS   7
#define PARTS	    (1u << PART_BITS) /* for each first byte */
#define SPREAD_BITS 10
#define SPREAD	    (1u << SPREAD_BITS)
#define INSERT_MAX  32
#define BLOCK	    4096
#define FIRSTS_MAX  (SORTER_BUFFERS / (PARTS * BLOCK))
#define PART_MAX    (256 * 1024 * 1024)

struct block {
	unsigned part;
	unsigned used;
	long long at; /* in the file */
};

struct place;

struct sorter {
	int fd;
	const char *firsts;
	unsigned parts, next;
	char (*buffers)[BLOCK];
	unsigned *used;
	struct block *blocks;
	size_t blocks_n, blocks_cap;
	long long end; /* of the file */
	struct buf bytes;
	struct place *places, *sorted;
	struct kv_bytes *keys;
	size_t keys_cap;
};

/* A key of `bytes`, and what it begins with as a number. */
struct place {
	uint64_t begin;
	struct kv_bytes key;
};

struct sorter *sorter_new(int fd, const char *firsts)
{
	struct sorter *sorter = calloc(1, sizeof(*sorter));
	size_t n = strlen(firsts);

	if (sorter == NULL || n > FIRSTS_MAX) {
		close(fd);
		free(sorter);
		return NULL;
	}
	sorter->fd = fd;
	sorter->firsts = firsts;
	sorter->parts = (unsigned)n * PARTS;
	buf_init(&sorter->bytes, PART_MAX);
	sorter->buffers = calloc(sorter->parts, sizeof(*sorter->buffers));
	sorter->used = calloc(sorter->parts, sizeof(*sorter->used));
	if (sorter->buffers == NULL || sorter->used == NULL)
		sorter_free(&sorter);
	return sorter;
}

void sorter_free(struct sorter **sorter)
{
	if (*sorter == NULL)
		return;
	background_close((*sorter)->fd);
	free((*sorter)->buffers);
	free((*sorter)->used);
	free((*sorter)->blocks);
	buf_free(&(*sorter)->bytes);
	free((*sorter)->places);
	free((*sorter)->sorted);
	free((*sorter)->keys);
	free(*sorter);
	*sorter = NULL;
}

static int note_block(struct sorter *sorter, struct block block, struct error *error)
{
	if (sorter->blocks_n == sorter->blocks_cap) {
		size_t cap = sorter->blocks_cap > 0 ? sorter->blocks_cap * 2 : 1024;
		struct block *larger = realloc(sorter->blocks, cap * sizeof(*larger));

		if (larger == NULL)
			return error_memory(error);
		sorter->blocks = larger;
		sorter->blocks_cap = cap;
	}
	sorter->blocks[sorter->blocks_n++] = block;
	return 0;
}

static int write_block(struct sorter *sorter, unsigned part, struct error *error)
{
	struct block block = {part, sorter->used[part], sorter->end};
	size_t done = 0;

	while (done < block.used) {
		ssize_t n = pwrite(sorter->fd, sorter->buffers[part] + done, block.used - done,
			sorter->end + (long long)done);

		if (n <= 0)
			return error_errno(
				error, n < 0 ? errno : ENOSPC, "write what is to be sorted");
		done += (size_t)n;
	}
	sorter->end += block.used;
	sorter->used[part] = 0;
	return note_block(sorter, block, error);
}

int sorter_add(struct sorter *sorter, const void *key, size_t len, struct error *error)
{
	const unsigned char *bytes = key;
	const char *first = sorter->firsts;
	unsigned part, used;
	char *to;

	while (*first != '\0' && *first != (char)bytes[0])
		first++;
	if (len < 3 || len > SORTER_KEY_MAX || *first == '\0')
		return error_set(error, ERROR_PERMANENT, "nothing to be sorted");
	part = (unsigned)(first - sorter->firsts) * PARTS + bytes[1] * PARTS / 256;
	if (sorter->used[part] + 2 + len > BLOCK && write_block(sorter, part, error) != 0)
		return -1;
	used = sorter->used[part];
	to = sorter->buffers[part] + used;
	to[0] = (char)(len >> 8);
	to[1] = (char)(len & 0xff);
	memcpy(to + 2, key, len);
	sorter->used[part] = used + 2 + (unsigned)len;
	return 0;
}

static int read_block(struct sorter *sorter, const struct block *block, struct error *error)
{
	char bytes[BLOCK];
	size_t done = 0;

	while (done < block->used) {
		ssize_t n = pread(sorter->fd, bytes + done, block->used - done,
			block->at + (long long)done);

		if (n <= 0)
			return error_errno(
				error, n < 0 ? errno : EIO, "read what is to be sorted");
		done += (size_t)n;
	}
	buf_append(&sorter->bytes, bytes, block->used);
	return 0;
}

static int read_part(struct sorter *sorter, unsigned part, struct error *error)
{
	buf_reset(&sorter->bytes);
	for (size_t i = 0; i < sorter->blocks_n; i++)
		if (sorter->blocks[i].part == part &&
			read_block(sorter, &sorter->blocks[i], error) != 0)
			return -1;
	buf_append(&sorter->bytes, sorter->buffers[part], sorter->used[part]);
	return sorter->bytes.failed ? error_memory(error) : 0;
}

static int by_bytes(const void *a, const void *b)
{
	const struct place *one = a, *other = b;
	size_t len = one->key.len < other->key.len ? one->key.len : other->key.len;
	int order;

	if (one->begin != other->begin)
		return one->begin < other->begin ? -1 : 1;
	order = memcmp(one->key.data, other->key.data, len);
	return order != 0 ? order
			  : (one->key.len > other->key.len) - (one->key.len < other->key.len);
}

/* Behind the first byte, and behind the bits that all of a part have in common. */
static unsigned spread_of(const struct place *place)
{
	return (unsigned)(place->begin << (8 + PART_BITS) >> (64 - SPREAD_BITS));
}

/* The first eight bytes; a shorter key as if zeros followed. */
static uint64_t begin_of(const unsigned char *key, size_t len)
{
	uint64_t begin = 0;

	for (size_t i = 0; i < 8; i++)
		begin = begin << 8 | (i < len ? key[i] : 0);
	return begin;
}

/* Sorts few places that are nearly in order. */
static void insert_sort(struct place *places, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct place place = places[i];
		size_t at = i;

		for (; at > 0 && by_bytes(&places[at - 1], &place) > 0; at--)
			places[at] = places[at - 1];
		places[at] = place;
	}
}

/* Spreads the places by the bits of `begin` that differ within a part, which are as even as a
 * hash's, so that few are left to be compared with each other. */
static void sort_places(struct sorter *sorter, size_t n)
{
	size_t starts[SPREAD + 1] = {0};

	for (size_t i = 0; i < n; i++)
		starts[spread_of(&sorter->places[i]) + 1]++;
	for (size_t i = 0; i < SPREAD; i++)
		starts[i + 1] += starts[i];
	for (size_t i = 0; i < n; i++)
		sorter->sorted[starts[spread_of(&sorter->places[i])]++] = sorter->places[i];
	for (size_t i = 0, from = 0; i < SPREAD; from = starts[i++]) {
		if (starts[i] - from > INSERT_MAX)
			qsort(sorter->sorted + from, starts[i] - from, sizeof(*sorter->sorted),
				by_bytes);
		else
			insert_sort(sorter->sorted + from, starts[i] - from);
	}
}

static int grow_keys(struct sorter *sorter, struct error *error)
{
	size_t cap = sorter->keys_cap > 0 ? sorter->keys_cap * 2 : 4096;
	struct place *places = realloc(sorter->places, cap * sizeof(*places));
	struct place *sorted = realloc(sorter->sorted, cap * sizeof(*sorted));
	struct kv_bytes *keys = realloc(sorter->keys, cap * sizeof(*keys));

	if (places != NULL)
		sorter->places = places;
	if (sorted != NULL)
		sorter->sorted = sorted;
	if (keys != NULL)
		sorter->keys = keys;
	if (places == NULL || sorted == NULL || keys == NULL)
		return error_memory(error);
	sorter->keys_cap = cap;
	return 0;
}

/* Finds the keys of `bytes`, in their order there. */
static int find_keys(struct sorter *sorter, size_t *n_r, struct error *error)
{
	const unsigned char *at = (const unsigned char *)sorter->bytes.data;
	const unsigned char *end = at + sorter->bytes.len;
	size_t n = 0;

	while (at < end) {
		size_t len = (size_t)at[0] << 8 | at[1];

		if (n == sorter->keys_cap && grow_keys(sorter, error) != 0)
			return -1;
		sorter->places[n++] = (struct place){begin_of(at + 2, len), {at + 2, len}};
		at += 2 + len;
	}
	*n_r = n;
	return 0;
}

int sorter_part(
	struct sorter *sorter, const struct kv_bytes **keys_r, size_t *n_r, struct error *error)
{
	if (sorter->next == sorter->parts)
		return 0;
	if (read_part(sorter, sorter->next++, error) != 0 || find_keys(sorter, n_r, error) != 0)
		return -1;
	if (*n_r > 0)
		sort_places(sorter, *n_r);
	for (size_t i = 0; i < *n_r; i++)
		sorter->keys[i] = sorter->sorted[i].key;
	*keys_r = sorter->keys;
	return 1;
}
