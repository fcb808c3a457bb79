/*
 * Loads of a customers table. A load has a number of its own and a file that nobody sees
 * (table_file.h) until table_end makes that number the one in force. Whatever is left over (the
 * old table's file, that of a load whose client went away) is removed by housekeeping.
 */
#include "store/engine_internal.h"

#include <stdlib.h>
#include <string.h>

#define LOADS_MAX 4 /* at a time: each takes some memory */

struct load {
	struct load *next;
	const void *client;
	uint64_t table;
	int64_t rows;
	struct table_draft *draft;
	bool sealing; /* it takes no rows any more */
	bool sealed;
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
	table_draft_free(&load->draft);
	free(load);
	engine->files_clean = engine->tables_clean = false;
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

static size_t count_loads(const struct engine *engine)
{
	size_t n = 0;

	for (const struct load *load = engine->loads; load != NULL; load = load->next)
		n++;
	return n;
}

int op_table_begin(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	struct engine *engine = ask->engine;
	struct load *load;

	if (count_loads(engine) == LOADS_MAX)
		return error_set(error, ERROR_TEMPORARY,
			"%d loads of the customers table are under way: wait until one has ended",
			LOADS_MAX);
	load = calloc(1, sizeof(*load));
	if (load == NULL)
		return error_memory(error);
	load->client = ask->caller->client;
	load->table = ++engine->last_load;
	load->next = engine->loads;
	engine->loads = load;
	load->draft = table_draft_new(engine->kv, load->table, error);
	if (load->draft == NULL) {
		drop(engine, &engine->loads);
		return -1;
	}
	buf_printf(&reply->text, "{\"load\":%llu}", (unsigned long long)load->table);
	return 0;
}

struct rows {
	const char *at, *end; /* what is still to be read */
	size_t n;	      /* read */
	bool replace;
	struct buf duplicates; /* "3,17" */
	int64_t added;
};

static int read_rows(struct ask *ask, struct rows *rows_r, struct error *error)
{
	struct json_object *text = json_member(ask->request, "rows");
	const char *mode = json_string(ask->request, "mode", "warn");

	*rows_r = (struct rows){.replace = strcmp(mode, "replace") == 0};
	buf_init(&rows_r->duplicates, KV_VALUE_MAX / 2);
	if (!json_object_is_type(text, json_type_string))
		return error_set(error, ERROR_PERMANENT, "\"rows\" is not a text");
	rows_r->at = json_object_get_string(text);
	rows_r->end = rows_r->at + json_object_get_string_len(text);
	if (!rows_r->replace && strcmp(mode, "warn") != 0 && strcmp(mode, "ignore") != 0)
		return error_set(
			error, ERROR_PERMANENT, "\"mode\" is none of warn, replace, ignore");
	return 0;
}

/* Puts all rows, into the draft or, without one, over the table in force in the caller's
 * transaction. */
static int put_rows(struct engine *engine, struct table_draft *draft, struct rows *rows,
	struct error *error)
{
	for (; rows->at < rows->end; rows->n++) {
		const char *newline = memchr(rows->at, '\n', (size_t)(rows->end - rows->at));
		struct row row;
		int added;

		if (newline == NULL)
			return error_set(
				error, ERROR_PERMANENT, "row %zu: its end is missing", rows->n);
		if (row_parse(rows->at, (size_t)(newline - rows->at), &row, error) != 0)
			return error_prefix(error, "row %zu", rows->n);
		added = draft != NULL ? table_draft_row(draft, &row, rows->replace, error)
				      : customer_put(engine, &row, rows->replace, error);
		if (added < 0)
			return -1;
		rows->added += added;
		if (added == 0)
			buf_printf(&rows->duplicates, "%s%zu",
				rows->duplicates.len > 0 ? "," : "", rows->n);
		rows->at = newline + 1;
	}
	return rows->duplicates.failed
		       ? error_set(error, ERROR_PERMANENT, "too many rows in one request")
		       : 0;
}

int op_table_rows(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	struct load **load = find_load(ask, error);
	struct rows rows;
	int result;

	if (load == NULL)
		return -1;
	result = read_rows(ask, &rows, error);
	if (result == 0 && (*load)->sealing)
		result = error_set(error, ERROR_CONFLICT,
			"the new table is being brought to disk: rows come before table_seal");
	if (result == 0)
		result = put_rows(ask->engine, (*load)->draft, &rows, error);
	if (result == 0) {
		(*load)->rows += rows.added;
		buf_printf(&reply->text, "{\"duplicates\":[%s]}", rows.duplicates.data);
	} else {
		drop(ask->engine, load); /* a part of a table must not come into force */
	}
	buf_free(&rows.duplicates);
	return result;
}

int op_table_seal(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	struct load **load = find_load(ask, error);
	int sealed = 1, pause = 0;

	if (load == NULL)
		return -1;
	(*load)->sealing = true;
	if (!(*load)->sealed)
		sealed = table_draft_seal((*load)->draft, &pause, error);
	if (sealed < 0) {
		drop(ask->engine, load);
		return -1;
	}
	(*load)->sealed = sealed == 1;
	buf_printf(&reply->text, "{\"sealed\":%s,\"pause\":%d}", sealed == 1 ? "true" : "false",
		pause);
	return 0;
}

int op_table_end(struct ask *ask, struct buf *outcome, struct error *error)
{
	struct engine *engine = ask->engine;
	struct load **load = find_load(ask, error);
	struct buf number;
	int result;

	if (load == NULL)
		return -1;
	if (!(*load)->sealed)
		return error_set(error, ERROR_CONFLICT,
			"the new table is not on disk yet: table_seal comes first");
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
		result = put_rows(ask->engine, NULL, &rows, error);
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
	table_file_close(&engine->file);
	engine->changed = false;
	engine->table = engine->next_table;
	consent_restart(engine);
}
