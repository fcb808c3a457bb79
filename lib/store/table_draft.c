/*
 * Rows go into the file as they come. Its indexes' entries are sorted first and packed into
 * blocks, since a tree that is filled in order costs a fraction of one that is not, and a block
 * a fraction of what its entries would.
 */
#include "store/filter.h"
#include "store/sorter.h"
#include "store/table_file.h"
#include "store/table_format.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_MAX   960 /* what fits into a page of the tree four times */
#define SEEN_LEN    ((size_t)4 * 1024 * 1024)
#define PARTS_STEP  2
#define PAUSE_MS    3
#define FILTER_PART 65536 /* bytes */

static const char kinds[] = {TABLE_MAILBOX, TABLE_TENANT, '\0'};
static const enum row_column kind_column[] = {ROW_MAILBOX, ROW_TENANT};

struct table_draft {
	struct kv *staged;
	struct sorter *sorter;
	struct filter *seen; /* customers that are in it */
	struct buf key;	     /* of whatever is put */
	bool packed;	     /* all that is sorted is in the tree */
	char kind;	     /* of the block that is being filled */
	struct buf block;
	uint32_t number; /* of the block */
	size_t values;	 /* indexed */
	struct filter *filter;
	size_t filter_put; /* bytes of it that are in the tree */
};

static struct kv_bytes bytes_of(const struct buf *buf)
{
	return (struct kv_bytes){buf->data, buf->len};
}

struct table_draft *table_draft_new(struct kv *kv, uint64_t number, struct error *error)
{
	struct table_draft *draft = calloc(1, sizeof(*draft));
	char name[KV_NAME_MAX + 1];
	int scratch;

	if (draft == NULL) {
		error_memory(error);
		return NULL;
	}
	buf_init(&draft->key, KV_KEY_MAX);
	buf_init(&draft->block, KV_VALUE_MAX);
	table_name(number, name);
	draft->staged = kv_stage(kv, name, error);
	scratch = draft->staged != NULL ? kv_scratch(kv, error) : -1;
	if (scratch >= 0 && (draft->sorter = sorter_new(scratch, kinds)) == NULL)
		error_memory(error);
	if (draft->sorter != NULL && (draft->seen = filter_new(SEEN_LEN)) == NULL)
		error_memory(error);
	if (draft->seen == NULL)
		table_draft_free(&draft);
	return draft;
}

void table_draft_free(struct table_draft **draft)
{
	if (*draft == NULL)
		return;
	kv_close(&(*draft)->staged);
	sorter_free(&(*draft)->sorter);
	filter_free(&(*draft)->seen);
	filter_free(&(*draft)->filter);
	buf_free(&(*draft)->key);
	buf_free(&(*draft)->block);
	free(*draft);
	*draft = NULL;
}

/* To put a row without looking whether there is one costs half, and mostly there is none. */
static int put_row(
	struct table_draft *draft, const struct row *row, bool replace, struct error *error)
{
	uint64_t hash = table_hash(row->columns[ROW_ID]);
	bool seen = filter_may_have(draft->seen, hash);

	filter_add(draft->seen, hash);
	buf_reset(&draft->key);
	buf_byte(&draft->key, TABLE_ROW);
	buf_append(&draft->key, row->columns[ROW_ID].data, row->columns[ROW_ID].len);
	if (draft->key.failed)
		return error_memory(error);
	if (seen && !replace)
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
		table_put_hash(table_hash(value), hash);
		buf_reset(&draft->key);
		buf_byte(&draft->key, kinds[i]);
		buf_append(&draft->key, hash, sizeof(hash));
		buf_append(&draft->key, row->columns[ROW_ID].data, row->columns[ROW_ID].len);
		if (draft->key.failed)
			return error_memory(error);
		if (sorter_add(draft->sorter, draft->key.data, draft->key.len, error) != 0)
			added = -1;
		draft->values++;
	}
	return added;
}

/* `last` has the hash of the block's last entry behind its first byte. */
static int put_block(struct table_draft *draft, const unsigned char *last, struct error *error)
{
	int result;

	if (draft->block.len == 0)
		return 0;
	draft->number++;
	buf_reset(&draft->key);
	buf_byte(&draft->key, TABLE_INDEX);
	buf_byte(&draft->key, draft->kind);
	buf_append(&draft->key, last + 1, HASH_LEN);
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_byte(&draft->key, (char)(draft->number >> shift));
	if (draft->key.failed || draft->block.failed)
		return error_memory(error);
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
		filter_add(
			draft->filter, table_filter_hash(draft->kind, table_get_hash(key + 1)));
		buf_append(&draft->block, key + 1, HASH_LEN);
		buf_byte(&draft->block, (char)(id_len >> 8));
		buf_byte(&draft->block, (char)(id_len & 0xff));
		buf_append(&draft->block, key + 1 + HASH_LEN, id_len);
		last = key;
	}
	return last != NULL ? put_block(draft, last, error) : 0;
}

static void filter_key(unsigned char key_r[3], size_t at)
{
	key_r[0] = TABLE_FILTER;
	key_r[1] = (unsigned char)(at / FILTER_PART >> 8);
	key_r[2] = (unsigned char)(at / FILTER_PART & 0xff);
}

/* Puts the next part of the filter. Returns 1 behind the last, 0, -1. */
static int put_filter(struct table_draft *draft, struct error *error)
{
	unsigned char key[3], *bytes;
	size_t len, part;

	bytes = filter_bytes(draft->filter, &len);
	if (draft->filter_put == len)
		return 1;
	part = len - draft->filter_put < FILTER_PART ? len - draft->filter_put : FILTER_PART;
	filter_key(key, draft->filter_put);
	if (kv_put(draft->staged, 0, (struct kv_bytes){key, sizeof(key)},
		    (struct kv_bytes){bytes + draft->filter_put, part}, error) != 0)
		return -1;
	draft->filter_put += part;
	return 0;
}

/* Packs the next parts, and puts the filter in the end. Returns 1 when all is done, 0, -1. */
static int pack_some(struct table_draft *draft, struct error *error)
{
	filter_free(&draft->seen);
	if (draft->filter == NULL)
		draft->filter = filter_new(draft->values);
	if (draft->filter == NULL)
		return error_memory(error);
	for (int i = 0; i < PARTS_STEP; i++) {
		const struct kv_bytes *keys;
		size_t n;
		int more = sorter_part(draft->sorter, &keys, &n, error);

		if (more != 1)
			return more == 0 ? put_filter(draft, error) : -1;
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
	filter_free(&draft->filter);
	*pause_r = PAUSE_MS;
	return kv_seal(draft->staged, error);
}
