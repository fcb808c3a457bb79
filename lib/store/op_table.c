/*
 * Loads of a customers table. A load has a number of its own, under which its rows are put in
 * transactions of a bounded size; nobody sees them until table_end makes that number the one in
 * force. Whatever is left over (the old table, a load whose client went away) is removed by
 * housekeeping.
 */
#include "store/engine_internal.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_PER_TRANSACTION 2000
#define COLUMNS		     5

struct load {
	struct load *next;
	const void *client;
	uint64_t table;
	int64_t rows;
};

bool load_active(const struct engine *engine, uint64_t table)
{
	for (const struct load *load = engine->loads; load != NULL; load = load->next)
		if (load->table == table)
			return true;
	return false;
}

static void drop(struct engine *engine, struct load **at)
{
	struct load *load = *at;

	*at = load->next;
	free(load);
	engine->tables_clean = false;
}

void loads_drop(struct engine *engine, const void *client, bool all)
{
	struct load **at = &engine->loads;

	while (*at != NULL)
		if (all || (*at)->client == client)
			drop(engine, at);
		else
			at = &(*at)->next;
}

/* The client's load that the request names; NULL: error. */
static struct load **find_load(struct ask *ask, struct error *error)
{
	uint64_t table = (uint64_t)json_int(ask->request, "load", 0);

	for (struct load **at = &ask->engine->loads; *at != NULL; at = &(*at)->next)
		if ((*at)->table == table && (*at)->client == ask->caller->client)
			return at;
	error_set(error, ERROR_TEMPORARY, "there is no such load (any more), load again");
	return NULL;
}

int op_table_begin(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	struct load *load = calloc(1, sizeof(*load));

	if (load == NULL)
		return error_set(error, ERROR_TEMPORARY, "out of memory");
	load->client = ask->caller->client;
	load->table = ++ask->engine->last_load;
	load->next = ask->engine->loads;
	ask->engine->loads = load;
	buf_printf(&reply->text, "{\"load\":%llu}", (unsigned long long)load->table);
	return 0;
}

/* --- rows --- */

/* The array of a row as an object, as the table keeps it. NULL: error. */
static struct json_object *parse_row(struct json_object *array, struct error *error)
{
	static const char *const names[COLUMNS] = {
		"customer_id", "mailbox", "full_name", "tenant", "m365_admin_email"};
	struct json_object *row;
	int failed = 0;

	if (!json_object_is_type(array, json_type_array) ||
		json_object_array_length(array) != COLUMNS) {
		error_set(error, ERROR_PERMANENT, "not %d strings", COLUMNS);
		return NULL;
	}
	row = json_object_new_object();
	for (size_t i = 0; row != NULL && failed == 0 && i < COLUMNS; i++) {
		struct json_object *value = json_object_array_get_idx(array, i);
		const char *text = json_object_is_type(value, json_type_string)
					   ? json_object_get_string(value)
					   : NULL;

		if (text == NULL || (!text_valid(text) && (i < 2 || *text != '\0'))) {
			error_set(error, ERROR_PERMANENT,
				"\"%s\" is missing, has control characters or is longer than "
				"%d bytes",
				names[i], TEXT_MAX);
			json_object_put(row);
			return NULL;
		}
		failed = json_set_string(row, names[i], text);
	}
	if (row != NULL && failed == 0)
		return row;
	json_object_put(row);
	error_set(error, ERROR_TEMPORARY, "out of memory");
	return NULL;
}

struct rows {
	struct json_object *array;
	size_t n;
	bool replace;
	struct buf duplicates; /* "3,17" */
	int64_t added;
};

static int read_rows(struct ask *ask, struct rows *rows_r, struct error *error)
{
	const char *mode = json_string(ask->request, "mode", "warn");

	*rows_r = (struct rows){.array = json_member(ask->request, "rows")};
	buf_init(&rows_r->duplicates, KV_VALUE_MAX / 2);
	if (!json_object_is_type(rows_r->array, json_type_array))
		return error_set(error, ERROR_PERMANENT, "\"rows\" is not an array");
	rows_r->n = json_object_array_length(rows_r->array);
	rows_r->replace = strcmp(mode, "replace") == 0;
	if (!rows_r->replace && strcmp(mode, "warn") != 0 && strcmp(mode, "ignore") != 0)
		return error_set(
			error, ERROR_PERMANENT, "\"mode\" is none of warn, replace, ignore");
	return 0;
}

/* Puts rows from `from` to before `to`, in the caller's transaction. */
static int put_rows(struct engine *engine, uint64_t table, struct rows *rows, size_t from,
	size_t to, struct error *error)
{
	for (size_t i = from; i < to; i++) {
		struct json_object *row =
			parse_row(json_object_array_get_idx(rows->array, i), error);
		int added;

		if (row == NULL)
			return error_prefix(error, "row %zu", i);
		added = customer_put(engine, table, row, rows->replace, error);
		json_object_put(row);
		if (added < 0)
			return -1;
		rows->added += added;
		if (added == 0)
			buf_printf(&rows->duplicates, "%s%zu",
				rows->duplicates.len > 0 ? "," : "", i);
	}
	return 0;
}

static int load_rows(
	struct engine *engine, uint64_t table, struct rows *rows, struct error *error)
{
	for (size_t from = 0; from < rows->n; from += ROWS_PER_TRANSACTION) {
		size_t to = rows->n - from > ROWS_PER_TRANSACTION ? from + ROWS_PER_TRANSACTION
								  : rows->n;

		if (engine_begin(engine, error) != 0)
			return -1;
		if (put_rows(engine, table, rows, from, to, error) != 0) {
			engine_abort(engine);
			return -1;
		}
		if (engine_commit(engine, error) != 0)
			return -1;
	}
	return 0;
}

int op_table_rows(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	struct load **load = find_load(ask, error);
	struct rows rows;
	int result;

	if (load == NULL)
		return -1;
	result = read_rows(ask, &rows, error);
	if (result == 0)
		result = load_rows(ask->engine, (*load)->table, &rows, error);
	if (result == 0) {
		(*load)->rows += rows.added;
		buf_printf(&reply->text, "{\"duplicates\":[%s]}", rows.duplicates.data);
	} else {
		drop(ask->engine, load); /* a part of a table must not come into force */
	}
	buf_free(&rows.duplicates);
	return result;
}

/* --- what takes effect --- */

int op_table_end(struct ask *ask, struct buf *outcome, struct error *error)
{
	struct engine *engine = ask->engine;
	struct load **load = find_load(ask, error);
	struct buf number;
	int result;

	if (load == NULL)
		return -1;
	buf_init(&number, 8);
	key_number(&number, (*load)->table);
	result = kv_put(engine->kv, TREE_META, kv_text("table"), kv_buf(&number), error);
	buf_free(&number);
	if (result != 0)
		return -1;
	buf_printf(outcome, "{\"rows\":%lld}", (long long)(*load)->rows);
	engine->next_table = (*load)->table;
	return 0;
}

int op_table_add(struct ask *ask, struct buf *outcome, struct error *error)
{
	struct rows rows;
	int result = read_rows(ask, &rows, error);

	if (result == 0)
		result = put_rows(ask->engine, ask->engine->table, &rows, 0, rows.n, error);
	if (result == 0)
		buf_printf(outcome, "{\"duplicates\":[%s]}", rows.duplicates.data);
	buf_free(&rows.duplicates);
	return result;
}

void load_in_force(struct engine *engine)
{
	for (struct load **at = &engine->loads; *at != NULL; at = &(*at)->next)
		if ((*at)->table == engine->next_table) {
			drop(engine, at);
			break;
		}
	engine->table = engine->next_table;
	consent_restart(engine);
}
