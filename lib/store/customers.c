/*
 * The customers table in force: a file that does not change (table_file.h), and over it, in a
 * tree, what was changed since it was loaded. A row of the tree counts instead of the file's; a
 * row without a value says that there is none. The tree has indexes of its own; what the file's
 * index finds counts when the tree does not know the customer and the row has the value.
 */
#include "store/engine_internal.h"

#include <string.h>

static void row_key(struct buf *key, uint64_t table, struct kv_bytes customer_id)
{
	buf_init(key, KV_KEY_MAX);
	key_number(key, table);
	buf_byte(key, TABLE_ROW);
	buf_append(key, customer_id.data, customer_id.len);
}

static void value_key(struct buf *key, uint64_t table, char kind, struct kv_bytes value)
{
	buf_init(key, KV_KEY_MAX);
	key_number(key, table);
	buf_byte(key, kind);
	for (size_t i = 0; i < value.len; i++) {
		char c = ((const char *)value.data)[i];

		buf_byte(key, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
	}
	buf_byte(key, '\0');
}

int customer_file(struct engine *engine, struct table_file **file_r, struct error *error)
{
	if (engine->file == NULL && engine->table != 0) {
		engine->file =
			table_file_open(engine->kv, engine->table, engine->file_cache, error);
		if (engine->file == NULL)
			return -1;
	}
	*file_r = engine->file;
	return 0;
}

int engine_check_table(struct engine *engine, struct error *error)
{
	struct table_file *file;

	return customer_file(engine, &file, error);
}

/* The row that lies over the file, without a value when it says that there is none. Returns 1,
 * 0, -1. */
static int find_over(struct engine *engine, struct kv_bytes customer_id,
	struct kv_bytes *value_r, struct error *error)
{
	struct buf key;
	int found = 0;

	if (!engine->changed)
		return 0;
	row_key(&key, engine->table, customer_id);
	if (!key.failed)
		found = kv_get(engine->kv, TREE_CUSTOMER, kv_buf(&key), value_r, error);
	buf_free(&key);
	return found;
}

static int find_in_file(struct engine *engine, struct kv_bytes customer_id,
	struct kv_bytes *value_r, struct error *error)
{
	struct table_file *file;

	if (customer_file(engine, &file, error) != 0)
		return -1;
	return file != NULL ? table_file_get(file, customer_id, value_r, error) : 0;
}

int customer_find(struct engine *engine, struct kv_bytes customer_id, struct row *row_r,
	struct error *error)
{
	struct kv_bytes value;
	int found = find_over(engine, customer_id, &value, error);

	if (found == 0)
		found = find_in_file(engine, customer_id, &value, error);
	else if (found == 1 && value.len == 0)
		return 0;
	if (found != 1)
		return found;
	return row_read(customer_id, value, row_r, error) != 0 ? -1 : 1;
}

int customer_row(struct engine *engine, const char *customer_id, struct json_object **row_r,
	struct error *error)
{
	struct row row;
	int found = customer_find(engine, kv_text(customer_id), &row, error);

	*row_r = found == 1 ? row_object(&row) : NULL;
	return found == 1 && *row_r == NULL ? error_memory(error) : found;
}

/* Customers by what their rows say. */
struct search {
	struct engine *engine;
	struct table_query query;
	customer_fn *each;
	void *context;
};

static int give(struct search *search, struct kv_bytes id, struct error *error)
{
	char customer_id[TEXT_MAX + 1];

	if (id.len > TEXT_MAX)
		return 0;
	memcpy(customer_id, id.data, id.len);
	customer_id[id.len] = '\0';
	return search->each(search->context, customer_id, error);
}

static int give_over(struct search *search, struct error *error)
{
	struct kv_cursor *cursor;
	struct kv_bytes key;
	struct buf prefix;
	size_t prefix_len;
	int result;

	if (!search->engine->changed)
		return 0;
	value_key(&prefix, search->engine->table, search->query.kind, search->query.value);
	prefix_len = prefix.len;
	cursor = kv_scan(search->engine->kv, TREE_CUSTOMER, kv_buf(&prefix), prefix_len, error);
	buf_free(&prefix);
	if (cursor == NULL)
		return -1;
	while ((result = kv_next(cursor, &key, NULL, error)) == 1) {
		struct kv_bytes id = {
			(const char *)key.data + prefix_len, key.len - prefix_len};

		if ((result = give(search, id, error)) != 0)
			break;
	}
	kv_cursor_close(&cursor);
	return result;
}

static enum row_column column_of(char kind)
{
	return kind == TABLE_MAILBOX ? ROW_MAILBOX : ROW_TENANT;
}

/* Of the file's index. */
static int give_if_so(void *context, struct kv_bytes id, struct error *error)
{
	struct search *search = context;
	enum row_column column = search->query.kind == TABLE_MAILBOX ? ROW_MAILBOX : ROW_TENANT;
	struct kv_bytes value;
	struct row row;
	int found = find_over(search->engine, id, &value, error);

	if (found != 0)
		return found < 0 ? -1 : 0;
	found = table_file_get(search->engine->file, id, &value, error);
	if (found != 1)
		return found;
	if (row_read(id, value, &row, error) != 0)
		return -1;
	return row_has(&row, column, search->query.value) ? give(search, id, error) : 0;
}

int customer_each(struct engine *engine, struct index_query query, customer_fn *each,
	void *context, struct error *error)
{
	struct search search = {engine, {query.kind, kv_text(query.value)}, each, context};
	struct table_file *file;
	int result;

	if (!row_may_be(column_of(query.kind), search.query.value))
		return 0;
	if (customer_file(engine, &file, error) != 0)
		return -1;
	result = give_over(&search, error);
	if (result == 0 && file != NULL)
		result = table_file_each(file, &search.query, give_if_so, &search, error);
	return result;
}

int customers_opened(struct engine *engine, struct error *error)
{
	struct kv_cursor *cursor;
	struct kv_bytes key;
	struct buf prefix;
	int found;

	buf_init(&prefix, 8);
	key_number(&prefix, engine->table);
	cursor = kv_scan(engine->kv, TREE_CUSTOMER, kv_buf(&prefix), prefix.len, error);
	buf_free(&prefix);
	if (cursor == NULL)
		return -1;
	found = kv_next(cursor, &key, NULL, error);
	kv_cursor_close(&cursor);
	engine->changed = found == 1;
	return found < 0 ? -1 : 0;
}

static const struct {
	char kind;
	enum row_column column;
} indexed[] = {{TABLE_MAILBOX, ROW_MAILBOX}, {TABLE_TENANT, ROW_TENANT}};

static int index_row(
	struct engine *engine, const struct row *row, bool put, struct error *error)
{
	int result = 0;
	struct buf key;

	for (size_t i = 0; result == 0 && i < sizeof(indexed) / sizeof(indexed[0]); i++) {
		if (row->columns[indexed[i].column].len == 0)
			continue;
		value_key(
			&key, engine->table, indexed[i].kind, row->columns[indexed[i].column]);
		buf_append(&key, row->columns[ROW_ID].data, row->columns[ROW_ID].len);
		if (key.failed)
			result = error_memory(error);
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

/* Takes what lies over the file for that customer out of the indexes. */
static int leave_indexes(
	struct engine *engine, struct kv_bytes customer_id, struct error *error)
{
	struct kv_bytes value;
	struct buf copy;
	struct row row;
	int found = find_over(engine, customer_id, &value, error);

	if (found != 1 || value.len == 0)
		return found < 0 ? -1 : 0;
	buf_init(&copy, KV_VALUE_MAX); /* what is read goes with the first write */
	buf_append(&copy, value.data, value.len);
	found = copy.failed ? error_memory(error)
			    : row_read(customer_id, kv_buf(&copy), &row, error);
	if (found == 0)
		found = index_row(engine, &row, false, error);
	buf_free(&copy);
	return found;
}

/* value of length 0: there is no such customer. */
static int put_over(struct engine *engine, struct kv_bytes customer_id, struct kv_bytes value,
	struct error *error)
{
	struct buf key;
	int result;

	engine->changed = true; /* an abort leaves it so, which costs look-ups only */
	row_key(&key, engine->table, customer_id);
	result = kv_put(engine->kv, TREE_CUSTOMER, kv_buf(&key), value, error);
	buf_free(&key);
	return result;
}

/* It may be a new one. */
static int note(struct engine *engine, struct kv_bytes id, struct error *error)
{
	char customer_id[TEXT_MAX + 1];

	memcpy(customer_id, id.data, id.len);
	customer_id[id.len] = '\0';
	return consent_note(engine, customer_id, error);
}

int customer_put(
	struct engine *engine, const struct row *row, bool replace, struct error *error)
{
	struct kv_bytes id = row->columns[ROW_ID];
	struct row before;
	int found = customer_find(engine, id, &before, error);

	if (found < 0 || (found == 1 && !replace))
		return found < 0 ? -1 : 0;
	if (found == 1 && leave_indexes(engine, id, error) != 0)
		return -1;
	if (put_over(engine, id, row->value, error) != 0 || note(engine, id, error) != 0)
		return -1;
	return index_row(engine, row, true, error) != 0 ? -1 : 1;
}

int customer_remove(struct engine *engine, const char *customer_id, struct error *error)
{
	struct kv_bytes id = kv_text(customer_id);
	struct row row;
	int found = customer_find(engine, id, &row, error);

	if (found != 1)
		return found;
	if (leave_indexes(engine, id, error) != 0 ||
		put_over(engine, id, (struct kv_bytes){"", 0}, error) != 0)
		return -1;
	return 1;
}
