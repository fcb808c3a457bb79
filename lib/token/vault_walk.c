/*
 * Walks over the vault. Each takes names first and then looks at record by record, so that
 * whoever is called may write and remove; and each can be done in steps, since a vault may be
 * large and its owner has other things to do.
 */
#include "token/vault_internal.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

#define IDS_MAX (64 * 1024 * 1024)

/* Appends the ids of that kind, each with its NUL. Returns 0 or -1. */
static int collect_ids(
	struct vault *vault, const char *kind, struct buf *ids, struct error *error)
{
	char prefix[VAULT_KIND_MAX + 2];
	size_t len = (size_t)(stpcpy(stpcpy(prefix, kind), "/") - prefix);
	struct kv_cursor *cursor =
		kv_scan(vault->kv, TREE_RECORD, (struct kv_bytes){prefix, len}, len, error);
	struct kv_bytes key;
	int found = -1;

	while (cursor != NULL && (found = kv_next(cursor, &key, NULL, error)) == 1) {
		buf_append(ids, (const char *)key.data + len, key.len - len);
		buf_byte(ids, '\0');
	}
	kv_cursor_close(&cursor);
	if (found == 0 && ids->failed)
		return error_memory(error);
	return found;
}

int vault_each(struct vault *vault, const char *kind, vault_each_fn *each, void *context,
	struct error *error)
{
	struct vault_record record;
	struct buf ids;
	int result = 0;

	if (!vault_kind_valid(kind))
		return 0;
	buf_init(&ids, IDS_MAX);
	if (collect_ids(vault, kind, &ids, error) != 0)
		result = -1;
	for (size_t at = 0; result == 0 && at < ids.len; at += strlen(ids.data + at) + 1) {
		struct error fault;
		bool good = vault_get(vault, kind, ids.data + at, &record, &fault) == 0;

		if (good || fault.kind != ERROR_NOT_FOUND)
			result = each(context, &record, good ? NULL : &fault);
		vault_record_clear(&record);
	}
	buf_free(&ids);
	return result;
}

/* The first key behind the position is that one with a NUL behind it. */
static struct kv_bytes from_position(const struct vault_position *position,
	struct kv_bytes beginning, char bytes[sizeof(position->bytes) + 1])
{
	if (position == NULL || position->len == 0)
		return beginning;
	memcpy(bytes, position->bytes, position->len);
	bytes[position->len] = '\0';
	return (struct kv_bytes){bytes, position->len + 1};
}

static void set_position(struct vault_position *position, struct kv_bytes key)
{
	if (position == NULL || key.len > sizeof(position->bytes))
		return;
	memcpy(position->bytes, key.data, key.len);
	position->len = key.len;
}

/* Appends the ids, each with its NUL. Returns how many, or -1. */
static int collect_due(struct vault *vault, const struct vault_due_query *query,
	struct buf *ids, struct error *error)
{
	char begin[VAULT_KIND_MAX + 1 + VAULT_TIME_LEN + 1];
	char bytes[sizeof(query->position->bytes) + 1];
	size_t len = (size_t)(stpcpy(stpcpy(begin, query->kind), "/") - begin);
	unsigned char until[VAULT_TIME_LEN];
	struct kv_cursor *cursor;
	struct kv_bytes key;
	int found, n = 0;

	vault_time((unsigned char *)begin + len, query->from);
	vault_time(until, query->until);
	key = (struct kv_bytes){begin, len + VAULT_TIME_LEN};
	cursor = kv_scan(
		vault->kv, TREE_DUE, from_position(query->position, key, bytes), len, error);
	found = cursor != NULL ? 0 : -1;
	while (cursor != NULL && n < (int)query->max &&
		(found = kv_next(cursor, &key, NULL, error)) == 1) {
		const char *at = (const char *)key.data + len;

		if (key.len <= len + VAULT_TIME_LEN || memcmp(at, until, VAULT_TIME_LEN) > 0)
			break;
		buf_append(ids, at + VAULT_TIME_LEN, key.len - len - VAULT_TIME_LEN);
		buf_byte(ids, '\0');
		set_position(query->position, key);
		n++;
	}
	kv_cursor_close(&cursor);
	if (found >= 0 && ids->failed)
		return error_memory(error);
	return found < 0 ? -1 : n;
}

int vault_earliest(struct vault *vault, const char *kind, time_t *due_r, struct error *error)
{
	char prefix[VAULT_KIND_MAX + 2];
	size_t len = (size_t)(stpcpy(stpcpy(prefix, kind), "/") - prefix);
	struct kv_cursor *cursor =
		kv_scan(vault->kv, TREE_DUE, (struct kv_bytes){prefix, len}, len, error);
	struct kv_bytes key;
	int found = cursor != NULL ? kv_next(cursor, &key, NULL, error) : -1;

	*due_r = 0;
	for (size_t i = 0; found == 1 && i < VAULT_TIME_LEN && len + i < key.len; i++)
		*due_r = *due_r << 8 | ((const unsigned char *)key.data)[len + i];
	kv_cursor_close(&cursor);
	return found;
}

int vault_due(struct vault *vault, const struct vault_due_query *query, vault_due_fn *each,
	void *context, struct error *error)
{
	struct buf ids;
	int n;

	if (!vault_kind_valid(query->kind) || query->max < 1 || query->max > VAULT_DUE_AT_ONCE)
		return error_set(error, ERROR_PERMANENT, "vault: not a query");
	buf_init(&ids, VAULT_DUE_AT_ONCE * (VAULT_ID_MAX + 1));
	n = collect_due(vault, query, &ids, error);
	for (size_t at = 0; n > 0 && at < ids.len; at += strlen(ids.data + at) + 1)
		each(context, ids.data + at);
	buf_free(&ids);
	return n;
}

/* Within a transaction: the record of that key (kind/id) under the current key. Returns 0, 1
 * when it cannot be read, or -1. */
static int reseal_one(
	struct vault *vault, struct kv_bytes key, struct kv_bytes value, struct error *error)
{
	char kind[VAULT_KEY_MAX + 1];
	struct vault_record record = {.kind = kind};
	struct kv_bytes fresh;
	unsigned char *bytes;
	int result = -1;
	char *slash;

	memcpy(kind, key.data, key.len);
	kind[key.len] = '\0';
	slash = strchr(kind, '/');
	if (slash == NULL)
		return 1;
	*slash = '\0';
	record.id = slash + 1;
	if (unseal_record(vault->keys, value.data, value.len, &record, error) != 0)
		return 1;
	bytes = seal_record(vault->keys, &record, &fresh.len, error);
	fresh.data = bytes;
	if (bytes != NULL)
		result = kv_put(vault->kv, TREE_RECORD, key, fresh, error);
	vault_record_clear(&record);
	free(bytes);
	return result;
}

struct resealing {
	struct vault_position position;
	struct vault_reseal_report report;
	size_t looked_at;
};

/* The record behind the position. Returns 1, 0 behind the last, -1. */
static int reseal_next(struct vault *vault, struct resealing *work, struct error *error)
{
	char bytes[sizeof(work->position.bytes) + 1], text[VAULT_KEY_MAX];
	struct kv_bytes from = from_position(&work->position, (struct kv_bytes){"", 0}, bytes);
	struct kv_cursor *cursor = kv_scan(vault->kv, TREE_RECORD, from, 0, error);
	struct kv_bytes key, value;
	int found = cursor != NULL ? kv_next(cursor, &key, &value, error) : -1;
	unsigned char id = found == 1 ? seal_key_of(value.data, value.len) : 0;
	struct error unreadable;
	int result = 0;

	if (found == 1 && key.len <= sizeof(text)) {
		memcpy(text, key.data, key.len);
		key.data = text;
		set_position(&work->position, key);
		if (id != seal_current(vault->keys)) {
			result = reseal_one(vault, key, value, &unreadable);
			work->report.resealed += result == 0;
			work->report.unreadable += result == 1;
			work->report.needed[id] |= result == 1;
		}
	}
	kv_cursor_close(&cursor);
	if (result < 0) {
		*error = unreadable;
		return -1;
	}
	return found;
}

int vault_reseal(struct vault *vault, struct vault_position *position, size_t max,
	struct vault_reseal_report *report, struct error *error)
{
	struct resealing work = {.position = *position, .report = *report};
	int found = 1;

	if (kv_begin(vault->kv, error) != 0)
		return -1;
	while (found == 1 && work.looked_at++ < max)
		found = reseal_next(vault, &work, error);
	if (found < 0) {
		kv_abort(vault->kv);
		return -1;
	}
	if (work.report.resealed == report->resealed)
		kv_abort(vault->kv);
	else if (vault_commit(vault, error) != 0)
		return -1;
	*position = work.position;
	*report = work.report;
	return found;
}
