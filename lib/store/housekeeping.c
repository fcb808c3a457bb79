/*
 * Keeping house in small steps, so that nobody waits: old change ids, files of customers tables
 * that are not in force and changes to them, ended invitations beyond their retention. And
 * customers' tags, which are found out in steps, too.
 */
#include "store/engine_internal.h"

#include <string.h>

#define CHANGES_STEP 500
#define ROWS_STEP    500
#define SWEEP_STEP   500  /* invitations looked at */
#define SWEEP_REMOVE 20	  /* and removed */
#define SWEEP_PAUSE  3600 /* seconds between two passes over all invitations */

/* Keys to be deleted, each as two bytes of length and the key. */
static void keep_key(struct buf *keys, struct kv_bytes key)
{
	buf_byte(keys, (char)(key.len >> 8));
	buf_byte(keys, (char)(key.len & 0xff));
	buf_append(keys, key.data, key.len);
}

static int delete_keys(
	struct engine *engine, enum tree tree, const struct buf *keys, struct error *error)
{
	const unsigned char *at = (const unsigned char *)keys->data;
	const unsigned char *end = at + keys->len;

	if (keys->failed)
		return error_memory(error);
	if (keys->len == 0)
		return 0;
	if (engine_begin(engine, error) != 0)
		return -1;
	while (at < end) {
		struct kv_bytes key = {at + 2, (size_t)at[0] << 8 | at[1]};

		if (kv_delete(engine->kv, tree, key, error) < 0) {
			engine_abort(engine);
			return -1;
		}
		at += 2 + key.len;
	}
	return engine_commit(engine, error);
}

/* Milliseconds of the first six bytes: RFC 9562 section 5.7. */
static time_t change_time(struct kv_bytes key)
{
	return (time_t)((read_number(key.data) >> 16) / 1000);
}

static int forget_changes(struct engine *engine, time_t now, struct error *error)
{
	struct kv_cursor *cursor =
		kv_scan(engine->kv, TREE_CHANGE, (struct kv_bytes){"", 0}, 0, error);
	struct kv_bytes key;
	struct buf old;
	int result, n = 0;

	if (cursor == NULL)
		return -1;
	buf_init(&old, CHANGES_STEP * (CHANGE_BYTES + 2));
	while (n < CHANGES_STEP && (result = kv_next(cursor, &key, NULL, error)) == 1) {
		if (key.len == CHANGE_BYTES && change_time(key) >= now - CHANGE_RETENTION)
			break;
		keep_key(&old, key);
		n++;
	}
	kv_cursor_close(&cursor);
	if (n > 0)
		result = delete_keys(engine, TREE_CHANGE, &old, error);
	buf_free(&old);
	return result < 0 ? -1 : n == CHANGES_STEP;
}

static bool table_needed(void *context, uint64_t number)
{
	const struct engine *engine = context;

	/* 0: what is no table's, such as a file that was given its name only halfway */
	return number != 0 && (number == engine->table || load_active(engine, number));
}

/* The first table from *table on that is not in force and to which there were changes. Returns
 * 1, 0 when there is none, -1. */
static int find_rubbish(struct engine *engine, uint64_t *table, struct error *error)
{
	for (;;) {
		struct kv_cursor *cursor;
		struct kv_bytes key;
		struct buf from;
		int found;

		buf_init(&from, 8);
		key_number(&from, *table);
		cursor = kv_scan(engine->kv, TREE_CUSTOMER, kv_buf(&from), 0, error);
		buf_free(&from);
		if (cursor == NULL)
			return -1;
		found = kv_next(cursor, &key, NULL, error);
		if (found == 1)
			*table = read_number(key.data);
		kv_cursor_close(&cursor);
		if (found != 1 || *table != engine->table)
			return found;
		++*table;
	}
}

/* A file goes once it is on disk that another table is in force. */
static int remove_files(struct engine *engine, struct error *error)
{
	if (engine->files_clean || engine->dirty)
		return 0;
	engine->files_clean = true;
	return table_file_sweep(engine->kv, table_needed, engine, error);
}

static int remove_rubbish(struct engine *engine, struct error *error)
{
	struct kv_cursor *cursor;
	struct kv_bytes key;
	struct buf number, keys;
	uint64_t table = 0;
	int result, n = 0;

	if (engine->tables_clean)
		return 0;
	result = remove_files(engine, error);
	if (result == 0)
		result = find_rubbish(engine, &table, error);
	engine->tables_clean = result == 0 && engine->files_clean;
	if (result != 1)
		return result;
	buf_init(&number, 8);
	key_number(&number, table);
	cursor = kv_scan(engine->kv, TREE_CUSTOMER, kv_buf(&number), 8, error);
	buf_free(&number);
	if (cursor == NULL)
		return -1;
	buf_init(&keys, ROWS_STEP * (KV_KEY_MAX + 2));
	while (n++ < ROWS_STEP && (result = kv_next(cursor, &key, NULL, error)) == 1)
		keep_key(&keys, key);
	kv_cursor_close(&cursor);
	if (result >= 0)
		result = delete_keys(engine, TREE_CUSTOMER, &keys, error);
	buf_free(&keys);
	return result < 0 ? -1 : 1;
}

static bool beyond_retention(struct engine *engine, const struct stored *stored, time_t now)
{
	time_t ended = 0;

	switch (stored_status(stored, now)) {
	case STATUS_REVOKED:
		ended = stored->revoked_at;
		break;
	case STATUS_EXPIRED:
		ended = stored->expires_at;
		break;
	default:
		break;
	}
	return ended != 0 && ended < now - engine->settings->history_retention;
}

/* Looks at the next invitations; their ids that are to go are appended with their NULs. Returns 1
 * when there are more, 0 at the end, -1. */
static int look(struct engine *engine, time_t now, struct buf *ids, struct error *error)
{
	struct kv_cursor *cursor =
		kv_scan(engine->kv, TREE_INVITATION, kv_text(engine->swept), 0, error);
	struct kv_bytes key, value;
	struct stored stored;
	int result = 1;

	if (cursor == NULL)
		return -1;
	for (int n = 0; n < SWEEP_STEP && ids->len < SWEEP_REMOVE * sizeof(engine->swept);
		n++) {
		result = kv_next(cursor, &key, &value, error);
		if (result != 1)
			break;
		if (key.len != INVITATION_ID_LEN)
			continue;
		memcpy(engine->swept, key.data, INVITATION_ID_LEN);
		result = stored_read(engine->swept, value, &stored, error);
		if (result != 1)
			break;
		if (beyond_retention(engine, &stored, now))
			buf_append(ids, engine->swept, sizeof(engine->swept));
	}
	kv_cursor_close(&cursor);
	return result;
}

static int sweep(struct engine *engine, time_t now, struct error *error)
{
	struct buf ids;
	int more;

	/* Further away than a pause it was set by a clock that has been put back since. */
	if (now < engine->sweep_at && engine->sweep_at - now <= SWEEP_PAUSE)
		return 0;
	buf_init(&ids, (SWEEP_REMOVE + 1) * sizeof(engine->swept));
	more = look(engine, now, &ids, error);
	for (size_t at = 0; more >= 0 && at < ids.len; at += sizeof(engine->swept)) {
		if (engine_begin(engine, error) != 0) {
			more = -1;
		} else if (invitation_remove(engine, ids.data + at, now, error) < 0) {
			engine_abort(engine);
			more = -1;
		} else if (engine_commit(engine, error) != 0) {
			more = -1;
		}
	}
	buf_free(&ids);
	if (more != 1) {
		engine->swept[0] = '\0';
		engine->sweep_at = now + SWEEP_PAUSE;
	}
	return more;
}

int engine_tidy(struct engine *engine, time_t now, struct error *error)
{
	int changes = forget_changes(engine, now, error);
	int rows = changes >= 0 ? remove_rubbish(engine, error) : -1;
	int swept = rows >= 0 ? sweep(engine, now, error) : -1;

	return swept < 0 ? -1 : changes + rows + swept > 0;
}

int engine_housekeep(struct engine *engine, time_t now, struct error *error)
{
	int tidied = engine_tidy(engine, now, error);
	int tags = tidied >= 0 ? consent_step(engine, error) : -1;

	return tags < 0 ? -1 : tidied + tags > 0;
}
