/*
 * Rows are gathered into batches of text, since a request costs a round trip and its parsing; the batch
 * remembers where each row came from, so that a duplicate can be named by file and line.
 */
#include "table.h"

#include "lookup.h"
#include "progress.h"

#include "store/protocol.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_ROWS  1000
#define BATCH_BYTES (512 * 1024)

struct table {
	struct cli *cli;
	const char *mode;
	struct json_object *id; /* of the new table; NULL with -i */
	struct buf rows;	/* the batch */
	struct {
		const char *file;
		unsigned long line;
		size_t at; /* in the batch */
	} places[BATCH_ROWS];
	size_t n; /* rows of the batch */
	long long taken, duplicates;
	struct progress progress;
};

void table_clear_line(struct table *table)
{
	progress_clear(&table->progress);
}

/* Names the new table in the request (taken over); NULL out of memory. */
static struct json_object *with_load(struct json_object *request, struct table *table)
{
	if (request != NULL &&
		json_object_object_add(request, "load", json_object_get(table->id)) == 0)
		return request;
	json_object_put(request);
	return NULL;
}

/* The batch as a request; NULL out of memory. */
static struct json_object *batch_request(struct table *table)
{
	struct json_object *request = table->id != NULL
					      ? with_load(store_request("table_rows"), table)
					      : store_change_request("table_add");
	struct json_object *rows =
		json_object_new_string_len(table->rows.data, (int)table->rows.len);

	request = lookup_request(request, "mode", table->mode);
	if (request != NULL && rows != NULL &&
		json_object_object_add(request, "rows", rows) == 0)
		return request;
	json_object_put(rows);
	json_object_put(request);
	return NULL;
}

static void say_duplicates(struct table *table, struct json_object *reply)
{
	struct json_object *duplicates = json_member(reply, "duplicates");
	size_t n = json_object_is_type(duplicates, json_type_array)
			   ? json_object_array_length(duplicates)
			   : 0;

	table->duplicates += (long long)n;
	for (size_t i = 0; i < n && strcmp(table->mode, "warn") == 0; i++) {
		size_t at =
			(size_t)json_object_get_int64(json_object_array_get_idx(duplicates, i));
		const char *row;

		if (at >= table->n)
			continue;
		row = table->rows.data + table->places[at].at;
		table_clear_line(table);
		cli_warn("%s:%lu: duplicate entry: \"%.*s\"", table->places[at].file,
			table->places[at].line, (int)strcspn(row, "\t"), row);
	}
}

static int send_batch(struct table *table)
{
	struct json_object *reply;
	int result;

	if (table->n == 0)
		return 0;
	result = cli_ask(table->cli, batch_request(table), &reply);
	if (result == 0)
		say_duplicates(table, reply);
	json_object_put(reply);
	buf_reset(&table->rows);
	table->n = 0;
	progress_say(&table->progress, table->taken);
	return result;
}

int table_row(struct table *table, const char *file, const struct customers_row *row)
{
	table->places[table->n].file = file;
	table->places[table->n].line = row->line;
	table->places[table->n].at = table->rows.len;
	for (size_t i = 0; i < CUSTOMERS_COLUMNS; i++) {
		buf_string(&table->rows, row->columns[i]);
		buf_byte(&table->rows, i + 1 < CUSTOMERS_COLUMNS ? '\t' : '\n');
	}
	if (table->rows.failed)
		return error_set(&table->cli->error, ERROR_TEMPORARY, "out of memory");
	table->n++;
	table->taken++;
	return table->n == BATCH_ROWS || table->rows.len >= BATCH_BYTES ? send_batch(table) : 0;
}

static int begin(struct table *table)
{
	struct json_object *reply;

	if (table->cli->given['i'])
		return 0;
	if (cli_ask(table->cli, store_request("table_begin"), &reply) != 0)
		return -1;
	table->id = json_object_get(json_member(reply, "load"));
	json_object_put(reply);
	if (table->id == NULL)
		return error_set(
			&table->cli->error, ERROR_TEMPORARY, "the store began no table");
	return 0;
}

struct table *table_begin(struct cli *cli)
{
	struct table *table = calloc(1, sizeof(*table));

	if (table == NULL) {
		error_set(&cli->error, ERROR_TEMPORARY, "out of memory");
		return NULL;
	}
	table->cli = cli;
	buf_init(&table->rows, 2 * BATCH_BYTES);
	table->mode = cli->given['r'] ? "replace" : cli->given['w'] ? "ignore" : "warn";
	progress_begin(&table->progress, false);
	if (begin(table) != 0)
		table_free(&table);
	return table;
}

/* Has the new table brought to the disk. */
static int seal(struct table *table)
{
	bool sealed = false;

	while (!sealed) {
		struct json_object *reply;

		if (cli_ask(table->cli, with_load(store_request("table_seal"), table),
			    &reply) != 0)
			return -1;
		sealed = json_flag(reply, "sealed", false);
		if (!sealed)
			poll(NULL, 0, (int)json_int(reply, "pause", 0));
		json_object_put(reply);
		progress_say(&table->progress, table->taken);
	}
	return 0;
}

int table_end(struct table *table)
{
	struct json_object *request, *reply;
	int result;

	if (send_batch(table) != 0)
		return -1;
	if (table->id == NULL)
		return 0;
	if (seal(table) != 0)
		return -1;
	request = with_load(store_change_request("table_end"), table);
	result = cli_ask(table->cli, request, &reply);
	json_object_put(reply);
	return result;
}

void table_totals(const struct table *table, long long *rows_r, long long *duplicates_r)
{
	*rows_r = table->taken;
	*duplicates_r = table->duplicates;
}

void table_free(struct table **table)
{
	if (*table == NULL)
		return;
	table_clear_line(*table);
	buf_free(&(*table)->rows);
	json_object_put((*table)->id);
	free(*table);
	*table = NULL;
}
