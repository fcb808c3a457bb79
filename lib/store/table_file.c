/*
 * Look-ups in a table's file. The filter is read once many values were looked for: then it pays.
 */
#include "store/table_file.h"

#include "store/filter.h"
#include "store/table_format.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX	     "customers."
#define CACHE_LEAST  ((size_t)4 * 1024 * 1024)
#define FILTER_WORTH 50 /* look-ups from which on the filter is worth its reading */

struct table_file {
	struct kv *kv;
	unsigned looked_up; /* in indexes, while there is no filter */
	struct filter *filter;
};

static int damaged(struct error *error)
{
	return error_set(
		error, ERROR_TEMPORARY, "the customers table's file is damaged: load it again");
}

void table_name(uint64_t number, char name_r[KV_NAME_MAX + 1])
{
	snprintf(name_r, KV_NAME_MAX + 1, PREFIX "%" PRIu64, number);
}

/* FNV-1a of the text in lower case, its bits mixed once more. */
uint64_t table_hash(struct kv_bytes text)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = ((const unsigned char *)text.data)[i];

		hash = (hash ^ (c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c)) *
		       UINT64_C(0x100000001b3);
	}
	hash = (hash ^ hash >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return hash ^ hash >> 32;
}

/* Big endian, so that it sorts. */
void table_put_hash(uint64_t hash, unsigned char hash_r[HASH_LEN])
{
	for (int i = 0; i < HASH_LEN; i++)
		hash_r[i] = (unsigned char)(hash >> (56 - 8 * i));
}

uint64_t table_get_hash(const unsigned char hash[HASH_LEN])
{
	uint64_t number = 0;

	for (int i = 0; i < HASH_LEN; i++)
		number = number << 8 | hash[i];
	return number;
}

/* In the filter values of one kind are others than those of the other. */
uint64_t table_filter_hash(char kind, uint64_t hash)
{
	return hash + (unsigned char)kind * UINT64_C(0x9e3779b97f4a7c15);
}

struct table_file *table_file_open(
	struct kv *kv, uint64_t number, size_t cache, struct error *error)
{
	struct table_file *file = calloc(1, sizeof(*file));
	char name[KV_NAME_MAX + 1];

	if (file == NULL) {
		error_memory(error);
		return NULL;
	}
	table_name(number, name);
	file->kv = kv_sealed(kv, name, cache > CACHE_LEAST ? cache : CACHE_LEAST, error);
	if (file->kv == NULL) {
		error_prefix(error,
			"the customers table (load it again, or put its file back from "
			"a backup)");
		error->kind = ERROR_TEMPORARY;
		table_file_close(&file);
	}
	return file;
}

void table_file_close(struct table_file **file)
{
	if (*file == NULL)
		return;
	kv_close(&(*file)->kv);
	filter_free(&(*file)->filter);
	free(*file);
	*file = NULL;
}

int table_file_get(struct table_file *file, struct kv_bytes id, struct kv_bytes *value_r,
	struct error *error)
{
	char key[1 + TEXT_MAX] = {TABLE_ROW};

	if (id.len > TEXT_MAX)
		return 0;
	memcpy(key + 1, id.data, id.len);
	return kv_get(file->kv, 0, (struct kv_bytes){key, 1 + id.len}, value_r, error);
}

/* Fills the filter from the parts that `cursor` gives. Returns 0 or -1. */
static int fill_filter(
	struct table_file *file, struct kv_cursor *cursor, size_t size, struct error *error)
{
	struct kv_bytes key, part;
	unsigned char *bytes;
	size_t at = 0, len;
	int found;

	file->filter = filter_new(size);
	if (file->filter == NULL)
		return error_memory(error);
	bytes = filter_bytes(file->filter, &len);
	while ((found = kv_next(cursor, &key, &part, error)) == 1 && part.len <= len - at) {
		memcpy(bytes + at, part.data, part.len);
		at += part.len;
	}
	if (found == 0 && at == len)
		return 0;
	filter_free(&file->filter);
	return found < 0 ? -1 : damaged(error);
}

/* How many bytes the filter's parts have together. */
static int filter_size(struct table_file *file, size_t *size_r, struct error *error)
{
	static const unsigned char from[1] = {TABLE_FILTER};
	struct kv_cursor *cursor = kv_scan(file->kv, 0, (struct kv_bytes){from, 1}, 1, error);
	struct kv_bytes key, part;
	int found;

	*size_r = 0;
	if (cursor == NULL)
		return -1;
	while ((found = kv_next(cursor, &key, &part, error)) == 1)
		*size_r += part.len;
	kv_cursor_close(&cursor);
	return found;
}

static int read_filter(struct table_file *file, struct error *error)
{
	static const unsigned char from[1] = {TABLE_FILTER};
	struct kv_cursor *cursor;
	size_t size;
	int result;

	if (filter_size(file, &size, error) != 0)
		return -1;
	cursor = kv_scan(file->kv, 0, (struct kv_bytes){from, 1}, 1, error);
	result = cursor != NULL ? fill_filter(file, cursor, size, error) : -1;
	kv_cursor_close(&cursor);
	return result;
}

/* Is it worth looking for it? Returns 1, 0, -1. */
static int may_have(struct table_file *file, char kind, uint64_t hash, struct error *error)
{
	if (file->filter == NULL && ++file->looked_up > FILTER_WORTH &&
		read_filter(file, error) != 0)
		return -1;
	return file->filter == NULL ||
	       filter_may_have(file->filter, table_filter_hash(kind, hash));
}

/* Takes the entry at *at: its id. Returns whether it ends within the block. */
static bool take_entry(
	const unsigned char **at, const unsigned char *end, struct kv_bytes *id_r)
{
	const unsigned char *id;
	size_t len;

	if ((size_t)(end - *at) < HASH_LEN + 2)
		return false;
	id = *at + HASH_LEN + 2;
	len = (size_t)id[-2] << 8 | id[-1];
	if (len > (size_t)(end - id))
		return false;
	*id_r = (struct kv_bytes){id, len};
	*at = id + len;
	return true;
}

/* Calls each for the block's entries of that hash. Returns as `each`, 0 when more may follow in
 * the next block, 2 when none does. */
static int each_of_block(struct kv_bytes block, const unsigned char hash[HASH_LEN],
	table_id_fn *each, void *context, struct error *error)
{
	const unsigned char *at = block.data, *end = at + block.len;

	while (at < end) {
		const unsigned char *entry = at;
		struct kv_bytes id;
		int order, result;

		if (!take_entry(&at, end, &id))
			return damaged(error);
		order = memcmp(entry, hash, HASH_LEN);
		if (order > 0)
			return 2;
		if (order == 0 && (result = each(context, id, error)) != 0)
			return result;
	}
	return 0;
}

int table_file_each(struct table_file *file, const struct table_query *query, table_id_fn *each,
	void *context, struct error *error)
{
	unsigned char from[2 + HASH_LEN] = {TABLE_INDEX, (unsigned char)query->kind};
	struct kv_cursor *cursor;
	uint64_t hash = table_hash(query->value);
	struct kv_bytes key, block;
	int result = may_have(file, query->kind, hash, error);

	if (result != 1)
		return result;
	table_put_hash(hash, from + 2);
	cursor = kv_scan(file->kv, 0, (struct kv_bytes){from, sizeof(from)}, 2, error);
	if (cursor == NULL)
		return -1;
	while ((result = kv_next(cursor, &key, &block, error)) == 1) {
		result = each_of_block(block, from + 2, each, context, error);
		if (result != 0)
			break;
	}
	kv_cursor_close(&cursor);
	return result == 2 ? 0 : result;
}

struct kv_cursor *table_file_scan(
	struct table_file *file, struct kv_bytes from, struct error *error)
{
	char key[1 + TEXT_MAX] = {TABLE_ROW};

	if (from.len > TEXT_MAX)
		from.len = TEXT_MAX;
	memcpy(key + 1, from.data, from.len);
	return kv_scan(file->kv, 0, (struct kv_bytes){key, 1 + from.len}, 1, error);
}

/* The number in a file's name; 0: it is no table's. */
static uint64_t number_of(const char *name)
{
	return strncmp(name, PREFIX, strlen(PREFIX)) == 0
		       ? strtoull(name + strlen(PREFIX), NULL, 10)
		       : 0;
}

static int take_greater(void *context, const char *name, struct error *error)
{
	uint64_t *last = context, number = number_of(name);

	(void)error;
	if (number > *last)
		*last = number;
	return 0;
}

int table_file_last(struct kv *kv, uint64_t *number_r, struct error *error)
{
	*number_r = 0;
	return kv_names(kv, take_greater, number_r, error);
}

struct sweep {
	struct kv *kv;
	table_needed_fn *needed;
	void *context;
};

static int remove_other(void *context, const char *name, struct error *error)
{
	struct sweep *sweep = context;

	if (sweep->needed(sweep->context, number_of(name)))
		return 0;
	return kv_discard(sweep->kv, name, error);
}

int table_file_sweep(struct kv *kv, table_needed_fn *needed, void *context, struct error *error)
{
	struct sweep sweep = {kv, needed, context};

	return kv_names(kv, remove_other, &sweep, error);
}
