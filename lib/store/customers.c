/*
 * The customers table and what replies say of a customer. A row's text is kept ready for replies.
 * Indexes by mailbox and tenant stand beside the rows, in the same tree under the same table's
 * number, so that another table comes into force with all it needs by one write.
 */
#include "store/engine_internal.h"

#include <string.h>

static int no_memory(struct error *error)
{
	return error_set(error, ERROR_TEMPORARY, "out of memory");
}

/* --- keys --- */

static void row_key(struct buf *key, uint64_t table, const char *customer_id)
{
	buf_init(key, KV_KEY_MAX);
	key_number(key, table);
	buf_byte(key, TABLE_ROW);
	buf_string(key, customer_id);
}

static void value_key(struct buf *key, uint64_t table, struct index_query query)
{
	buf_init(key, KV_KEY_MAX);
	key_number(key, table);
	buf_byte(key, query.kind);
	key_lower(key, query.value);
	buf_byte(key, '\0');
}

/* --- reading --- */

/* Returns 1 with the row's text (as kv_get), 0, -1. */
static int row_text(struct engine *engine, uint64_t table, const char *customer_id,
	struct kv_bytes *text_r, struct error *error)
{
	struct buf key;
	int found = 0;

	row_key(&key, table, customer_id);
	if (!key.failed)
		found = kv_get(engine->kv, TREE_CUSTOMER, kv_buf(&key), text_r, error);
	buf_free(&key);
	return found;
}

static int table_row(struct engine *engine, uint64_t table, const char *customer_id,
	struct json_object **row_r, struct error *error)
{
	struct kv_bytes text;
	int found = row_text(engine, table, customer_id, &text, error);

	*row_r = NULL;
	if (found != 1)
		return found;
	return json_parse(text.data, text.len, row_r, error) != 0 ? -1 : 1;
}

int customer_row(struct engine *engine, const char *customer_id, struct json_object **row_r,
	struct error *error)
{
	return table_row(engine, engine->table, customer_id, row_r, error);
}

int customer_each(struct engine *engine, struct index_query query, customer_fn *each,
	void *context, struct error *error)
{
	char customer_id[TEXT_MAX + 1];
	struct kv_cursor *cursor;
	struct kv_bytes key;
	struct buf prefix;
	size_t prefix_len;
	int result;

	value_key(&prefix, engine->table, query);
	prefix_len = prefix.len;
	cursor = kv_scan(engine->kv, TREE_CUSTOMER, kv_buf(&prefix), prefix_len, error);
	buf_free(&prefix);
	if (cursor == NULL)
		return -1;
	while ((result = kv_next(cursor, &key, NULL, error)) == 1) {
		size_t len = key.len - prefix_len;

		if (len > TEXT_MAX)
			continue;
		memcpy(customer_id, (const char *)key.data + prefix_len, len);
		customer_id[len] = '\0';
		if ((result = each(context, customer_id, error)) != 0)
			break;
	}
	kv_cursor_close(&cursor);
	return result;
}

/* The first key of a tree behind `from` with that prefix; its bytes from `skip` to a NUL or the end are a
 * customer id. Keeps the lesser of it and *next. */
static int consider(struct engine *engine, enum tree tree, const struct buf *from, size_t skip,
	struct buf *next, struct error *error)
{
	struct kv_cursor *cursor = kv_scan(engine->kv, tree, kv_buf(from), skip, error);
	struct kv_bytes key;
	struct buf found;
	int result;

	if (cursor == NULL)
		return -1;
	buf_init(&found, TEXT_MAX);
	result = kv_next(cursor, &key, NULL, error);
	if (result == 1) {
		const char *id = (const char *)key.data + skip;

		buf_append(&found, id, strnlen(id, key.len - skip));
		if (next->len == 0 || strcmp(found.data, next->data) < 0) {
			buf_reset(next);
			buf_append(next, found.data, found.len);
		}
	}
	buf_free(&found);
	kv_cursor_close(&cursor);
	return result < 0 ? -1 : 0;
}

int customer_next(
	struct engine *engine, const char *after, struct buf *next, struct error *error)
{
	struct buf row, index;
	int result;

	/* Ids hold no control characters: what is greater than `after` comes behind these keys, and all that belongs to
	 * `after` before them. */
	row_key(&row, engine->table, after);
	buf_byte(&row, '\1');
	buf_init(&index, KV_KEY_MAX);
	buf_byte(&index, INDEX_CUSTOMER);
	buf_string(&index, after);
	buf_byte(&index, '\1');
	buf_reset(next);
	result = consider(engine, TREE_CUSTOMER, &row, 9, next, error);
	if (result == 0)
		result = consider(engine, TREE_INDEX, &index, 1, next, error);
	buf_free(&row);
	buf_free(&index);
	return result != 0 ? -1 : next->len > 0;
}

/* --- writing --- */

static const struct {
	char kind;
	const char *member;
} indexed[] = {{TABLE_MAILBOX, "mailbox"}, {TABLE_TENANT, "tenant"}};

static int index_row(struct engine *engine, uint64_t table, struct json_object *row, bool put,
	struct error *error)
{
	const char *customer_id = json_string(row, "customer_id", "");
	int result = 0;
	struct buf key;

	for (size_t i = 0; result == 0 && i < sizeof(indexed) / sizeof(indexed[0]); i++) {
		const char *value = json_string(row, indexed[i].member, "");

		if (*value == '\0')
			continue;
		value_key(&key, table, (struct index_query){indexed[i].kind, value});
		buf_string(&key, customer_id);
		if (key.failed)
			result = no_memory(error);
		else if (put)
			result = kv_put(engine->kv, TREE_CUSTOMER, kv_buf(&key),
				(struct kv_bytes){"", 0}, error);
		else
			result = kv_delete(engine->kv, TREE_CUSTOMER, kv_buf(&key), error) < 0
					 ? -1
					 : 0;
		buf_free(&key);
	}
	return result;
}

/* Takes the row of that table out. Returns 1, 0, -1. */
static int take_out(
	struct engine *engine, uint64_t table, const char *customer_id, struct error *error)
{
	struct json_object *row;
	struct buf key;
	int found = table_row(engine, table, customer_id, &row, error);

	if (found != 1)
		return found;
	row_key(&key, table, customer_id);
	found = index_row(engine, table, row, false, error);
	if (found == 0)
		found = kv_delete(engine->kv, TREE_CUSTOMER, kv_buf(&key), error);
	buf_free(&key);
	json_object_put(row);
	return found;
}

int customer_put(struct engine *engine, uint64_t table, struct json_object *row, bool replace,
	struct error *error)
{
	const char *customer_id = json_string(row, "customer_id", "");
	struct buf key;
	int added;

	if (replace && take_out(engine, table, customer_id, error) < 0)
		return -1;
	row_key(&key, table, customer_id);
	added = kv_add(engine->kv, TREE_CUSTOMER, kv_buf(&key), kv_text(json_text(row)), error);
	buf_free(&key);
	if (added != 1)
		return added;
	if (table == engine->table && consent_note(engine, customer_id, error) != 0)
		return -1;
	return index_row(engine, table, row, true, error) != 0 ? -1 : 1;
}

int customer_remove(struct engine *engine, const char *customer_id, struct error *error)
{
	return take_out(engine, engine->table, customer_id, error);
}

/* --- replies --- */

/* What an invitation alone says of its customer, in a row's form. NULL: error. */
static struct json_object *row_of_record(struct json_object *record, struct error *error)
{
	static const char *const members[][2] = {{"customer_id", "customer_id"},
		{"mailbox", "invitation_email"}, {"full_name", "full_name"},
		{"tenant", "tenant"}, {"m365_admin_email", "m365_admin_email"}};
	struct json_object *row = json_object_new_object();

	for (size_t i = 0; row != NULL && i < sizeof(members) / sizeof(members[0]); i++)
		if (json_set_string(
			    row, members[i][0], json_string(record, members[i][1], "")) != 0) {
			json_object_put(row);
			row = NULL;
		}
	if (row == NULL)
		no_memory(error);
	return row;
}

static int append_end(struct engine *engine, const char *customer_id, bool known,
	struct buf *out, struct error *error)
{
	buf_string(out, known ? ",\"known\":true" : ",\"known\":false");
	if (consent_append(engine, customer_id, out, error) < 0)
		return -1;
	buf_string(out, ",\"invitation\":");
	return 1;
}

/* Appends what is known of the customer, up to its invitation. */
static int append_facts(struct engine *engine, const char *customer_id,
	const struct stored *stored, struct buf *out, struct error *error)
{
	struct json_object *record, *row;
	struct kv_bytes text;
	int found = row_text(engine, engine->table, customer_id, &text, error);

	if (found == 1 && text.len > 1) {
		buf_append(out, text.data, text.len - 1);
		return append_end(engine, customer_id, true, out, error);
	}
	if (found < 0 || stored == NULL)
		return found;
	record = stored_record(stored, error);
	row = record != NULL ? row_of_record(record, error) : NULL;
	found = -1;
	if (row != NULL) {
		buf_append(out, json_text(row), strlen(json_text(row)) - 1);
		found = append_end(engine, customer_id, false, out, error);
	}
	json_object_put(record);
	json_object_put(row);
	return found;
}

int customer_append(struct ask *ask, const char *customer_id, const char *id, struct buf *out,
	struct error *error)
{
	struct engine *engine = ask->engine;
	char latest[INVITATION_ID_LEN + 1];
	struct stored stored;
	int found = 1, known;

	if (id == NULL) {
		id = latest;
		found = invitation_latest(engine, customer_id, latest, error);
	}
	if (found == 1)
		found = invitation_load(engine, id, &stored, error);
	if (found < 0)
		return -1;
	known = append_facts(engine, customer_id, found == 1 ? &stored : NULL, out, error);
	if (known != 1)
		return known;
	stored.customer_id = customer_id;
	if (found == 0)
		buf_string(out, "null");
	else if (invitation_append(engine, id, &stored, ask->now, out, error) != 0)
		return -1;
	buf_byte(out, '}');
	return 1;
}
