/*
 * What a file holds:
 *
 *	'c', customer id                                  the row's value
 *	'i', kind, hash of the last entry, number         entries in the order of their hashes: 8 bytes of hash, 2 of the id's length,
 *	                                                  the id
 *
 * Rows go in as they come. An index's entries are sorted first and packed into blocks, since a tree that is filled in order
 * costs a fraction of one that is not, and a block a fraction of what its entries would. An entry says no
 * more than where to look: a row that has another value since (a load that replaces, a hash that two values share) is
 * seen when the row is read.
 */
#include "store/table_file.h"

#include "store/sorter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX	   "customers."
#define FILE_CACHE ((size_t)2 * 1024 * 1024)
#define ROW	   'c'
#define INDEX	   'i'
#define HASH_LEN   8
#define BLOCK_MAX  960 /* what fits into a page of the tree four times */
#define PARTS_STEP 2
#define PAUSE_MS   3

static const char kinds[] = {TABLE_MAILBOX, TABLE_TENANT, '\0'};
static const enum row_column kind_column[] = {ROW_MAILBOX, ROW_TENANT};

struct table_draft {
	struct kv *staged;
	struct sorter *sorter;
	struct buf key; /* of whatever is put */
	bool packed;	/* all that is sorted is in the tree */
	char kind;	/* of the block that is being filled */
	struct buf block;
	uint32_t number; /* of the block */
};

static int no_memory(struct error *error)
{
	return error_set(error, ERROR_TEMPORARY, "out of memory");
}

static struct kv_bytes bytes_of(const struct buf *buf)
{
	return (struct kv_bytes){buf->data, buf->len};
}

static void file_name(uint64_t number, char name_r[KV_NAME_MAX + 1])
{
	snprintf(name_r, KV_NAME_MAX + 1, PREFIX "%" PRIu64, number);
}

/* FNV-1a of the text in lower case, its bits mixed once more; big endian, so that it sorts. */
static void put_hash(struct kv_bytes text, unsigned char hash_r[HASH_LEN])
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = ((const unsigned char *)text.data)[i];

		hash = (hash ^ (c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c)) *
		       UINT64_C(0x100000001b3);
	}
	hash = (hash ^ hash >> 32) * UINT64_C(0xd6e8feb86659fd93);
	hash ^= hash >> 32;
	for (int i = 0; i < HASH_LEN; i++)
		hash_r[i] = (unsigned char)(hash >> (56 - 8 * i));
}

/* --- making one --- */

struct table_draft *table_draft_new(struct kv *kv, uint64_t number, struct error *error)
{
	struct table_draft *draft = calloc(1, sizeof(*draft));
	char name[KV_NAME_MAX + 1];
	int scratch;

	if (draft == NULL) {
		no_memory(error);
		return NULL;
	}
	buf_init(&draft->key, KV_KEY_MAX);
	buf_init(&draft->block, KV_VALUE_MAX);
	file_name(number, name);
	draft->staged = kv_stage(kv, name, error);
	scratch = draft->staged != NULL ? kv_scratch(kv, error) : -1;
	if (scratch >= 0 && (draft->sorter = sorter_new(scratch, kinds)) == NULL)
		no_memory(error);
	if (draft->sorter == NULL)
		table_draft_free(&draft);
	return draft;
}

void table_draft_free(struct table_draft **draft)
{
	if (*draft == NULL)
		return;
	kv_close(&(*draft)->staged);
	sorter_free(&(*draft)->sorter);
	buf_free(&(*draft)->key);
	buf_free(&(*draft)->block);
	free(*draft);
	*draft = NULL;
}

static int put_row(
	struct table_draft *draft, const struct row *row, bool replace, struct error *error)
{
	buf_reset(&draft->key);
	buf_byte(&draft->key, ROW);
	buf_append(&draft->key, row->columns[ROW_ID].data, row->columns[ROW_ID].len);
	if (!replace)
		return kv_add(draft->staged, 0, bytes_of(&draft->key), row->value, error);
	return kv_put(draft->staged, 0, bytes_of(&draft->key), row->value, error) != 0 ? -1 : 1;
}

int table_draft_row(
	struct table_draft *draft, const struct row *row, bool replace, struct error *error)
{
	int added = put_row(draft, row, replace, error);
	unsigned char hash[HASH_LEN];

	for (size_t i = 0; added == 1 && kinds[i] != '\0'; i++) {
		struct kv_bytes value = row->columns[kind_column[i]];

		if (value.len == 0)
			continue;
		put_hash(value, hash);
		buf_reset(&draft->key);
		buf_byte(&draft->key, kinds[i]);
		buf_append(&draft->key, hash, sizeof(hash));
		buf_append(&draft->key, row->columns[ROW_ID].data, row->columns[ROW_ID].len);
		if (sorter_add(draft->sorter, draft->key.data, draft->key.len, error) != 0)
			added = -1;
	}
	return added;
}

/* --- sealing it --- */

/* `last` has the hash of the block's last entry behind its first byte. */
static int put_block(struct table_draft *draft, const unsigned char *last, struct error *error)
{
	int result;

	if (draft->block.len == 0)
		return 0;
	draft->number++;
	buf_reset(&draft->key);
	buf_byte(&draft->key, INDEX);
	buf_byte(&draft->key, draft->kind);
	buf_append(&draft->key, last + 1, HASH_LEN);
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_byte(&draft->key, (char)(draft->number >> shift));
	result =
		kv_put(draft->staged, 0, bytes_of(&draft->key), bytes_of(&draft->block), error);
	buf_reset(&draft->block);
	return result;
}

/* Packs sorted keys of one kind: kind, hash, id. */
static int pack(
	struct table_draft *draft, const struct kv_bytes *keys, size_t n, struct error *error)
{
	const unsigned char *last = NULL;

	for (size_t i = 0; i < n; i++) {
		const unsigned char *key = keys[i].data;
		size_t id_len = keys[i].len - 1 - HASH_LEN;

		if (last != NULL && keys[i].len == keys[i - 1].len &&
			memcmp(key, last, keys[i].len) == 0)
			continue;
		if (draft->block.len + HASH_LEN + 2 + id_len > BLOCK_MAX && last != NULL &&
			put_block(draft, last, error) != 0)
			return -1;
		draft->kind = (char)key[0];
		buf_append(&draft->block, key + 1, HASH_LEN);
		buf_byte(&draft->block, (char)(id_len >> 8));
		buf_byte(&draft->block, (char)(id_len & 0xff));
		buf_append(&draft->block, key + 1 + HASH_LEN, id_len);
		last = key;
	}
	return last != NULL ? put_block(draft, last, error) : 0;
}

/* Packs the next parts. Returns 1 behind the last, 0, -1. */
static int pack_some(struct table_draft *draft, struct error *error)
{
	for (int i = 0; i < PARTS_STEP; i++) {
		const struct kv_bytes *keys;
		size_t n;
		int more = sorter_part(draft->sorter, &keys, &n, error);

		if (more != 1)
			return more == 0 ? 1 : -1;
		if (pack(draft, keys, n, error) != 0)
			return -1;
	}
	return 0;
}

int table_draft_seal(struct table_draft *draft, int *pause_r, struct error *error)
{
	int result;

	*pause_r = 0;
	if (!draft->packed) {
		result = pack_some(draft, error);
		draft->packed = result == 1;
		return result < 0 ? -1 : 0;
	}
	sorter_free(&draft->sorter);
	*pause_r = PAUSE_MS;
	return kv_seal(draft->staged, error);
}

/* --- reading it --- */

struct kv *table_file_open(struct kv *kv, uint64_t number, struct error *error)
{
	char name[KV_NAME_MAX + 1];
	struct kv *file;

	file_name(number, name);
	file = kv_sealed(kv, name, FILE_CACHE, error);
	if (file == NULL) {
		error_prefix(error,
			"the customers table (load it again, or put its file back from "
			"a backup)");
		error->kind = ERROR_TEMPORARY;
	}
	return file;
}

int table_file_get(
	struct kv *file, struct kv_bytes id, struct kv_bytes *value_r, struct error *error)
{
	char key[1 + TEXT_MAX] = {ROW};

	if (id.len > TEXT_MAX)
		return 0;
	memcpy(key + 1, id.data, id.len);
	return kv_get(file, 0, (struct kv_bytes){key, 1 + id.len}, value_r, error);
}

/* Calls each for the block's entries of that hash. Returns as `each`, 0 when more may follow in the next block, 2
 * when none does. */
static int each_of_block(struct kv_bytes block, const unsigned char hash[HASH_LEN],
	table_id_fn *each, void *context, struct error *error)
{
	const unsigned char *at = block.data, *end = at + block.len;

	while (at < end) {
		size_t len = (size_t)at[HASH_LEN] << 8 | at[HASH_LEN + 1];
		struct kv_bytes id = {at + HASH_LEN + 2, len};
		int order = memcmp(at, hash, HASH_LEN), result;

		if (order > 0)
			return 2;
		if (order == 0 && (result = each(context, id, error)) != 0)
			return result;
		at += HASH_LEN + 2 + len;
	}
	return 0;
}

int table_file_each(struct kv *file, const struct table_query *query, table_id_fn *each,
	void *context, struct error *error)
{
	unsigned char from[2 + HASH_LEN] = {INDEX, (unsigned char)query->kind};
	struct kv_cursor *cursor;
	struct kv_bytes key, block;
	int result;

	put_hash(query->value, from + 2);
	cursor = kv_scan(file, 0, (struct kv_bytes){from, sizeof(from)}, 2, error);
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

struct kv_cursor *table_file_scan(struct kv *file, struct kv_bytes from, struct error *error)
{
	char key[1 + TEXT_MAX] = {ROW};

	if (from.len > TEXT_MAX)
		from.len = TEXT_MAX;
	memcpy(key + 1, from.data, from.len);
	return kv_scan(file, 0, (struct kv_bytes){key, 1 + from.len}, 1, error);
}

/* --- those that are not needed any more --- */

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
