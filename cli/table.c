/*
 * Rows are gathered into batches of text, since a request costs a round trip and its parsing; a
 * batch remembers where each row came from, so that a duplicate can be named by file and line.
 * While one is under way the next is filled.
 */
#include "table.h"

#include "courier.h"
#include "lookup.h"
#include "progress.h"

#include "store/protocol.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_ROWS  1000
#define BATCH_BYTES (512 * 1024)

struct batch {
	struct buf rows;
	struct {
		const char *file;
		unsigned long line;
		size_t at; /* in the text */
	} places[BATCH_ROWS];
	size_t n; /* rows */
};

struct table {
	struct cli *cli;
	const char *mode;
	struct json_object *id; /* of the new table; NULL with -i */
	struct courier *courier;
	struct batch batches[2];
	struct batch *filling, *sent; /* sent: what the courier has, or had */
	bool in_doubt;
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
static struct json_object *batch_request(struct table *table, const struct batch *batch)
{
	struct json_object *request = table->id != NULL
					      ? with_load(store_request("table_rows"), table)
					      : store_change_request("table_add");
	struct json_object *rows =
		json_object_new_string_len(batch->rows.data, (int)batch->rows.len);

	request = lookup_request(request, "mode", table->mode);
	if (request != NULL && rows != NULL &&
		json_object_object_add(request, "rows", rows) == 0)
		return request;
	json_object_put(rows);
	json_object_put(request);
	return NULL;
}

static void say_duplicates(
	struct table *table, const struct batch *batch, struct json_object *reply)
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

		if (at >= batch->n)
			continue;
		row = batch->rows.data + batch->places[at].at;
		table_clear_line(table);
		cli_warn("%s:%lu: duplicate entry: \"%.*s\"", batch->places[at].file,
			batch->places[at].line, (int)strcspn(row, "\t"), row);
	}
}

/* Waits for the answer to the batch that is under way, if one is. */
static int take_answer(struct table *table)
{
	struct json_object *reply;
	int result = courier_wait(table->courier, &reply);

	if (result == 1)
		say_duplicates(table, table->sent, reply);
	json_object_put(reply);
	buf_reset(&table->sent->rows);
	table->sent->n = 0;
	return result < 0 ? -1 : 0;
}

static int send_batch(struct table *table)
{
	struct batch *full = table->filling;

	if (take_answer(table) != 0)
		return -1;
	progress_say(&table->progress, table->taken);
	if (full->n == 0)
		return 0;
	table->filling = table->sent;
	table->sent = full;
	return courier_send(table->courier, batch_request(table, full));
}

int table_row(struct table *table, const char *file, const struct customers_row *row)
{
	struct batch *batch = table->filling;

	batch->places[batch->n].file = file;
	batch->places[batch->n].line = row->line;
	batch->places[batch->n].at = batch->rows.len;
	for (size_t i = 0; i < CUSTOMERS_COLUMNS; i++) {
		buf_string(&batch->rows, row->columns[i]);
		buf_byte(&batch->rows, i + 1 < CUSTOMERS_COLUMNS ? '\t' : '\n');
	}
	if (batch->rows.failed)
		return error_memory(&table->cli->error);
	batch->n++;
	table->taken++;
	return batch->n == BATCH_ROWS || batch->rows.len >= BATCH_BYTES ? send_batch(table) : 0;
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
		error_memory(&cli->error);
		return NULL;
	}
	table->cli = cli;
	table->filling = &table->batches[0];
	table->sent = &table->batches[1];
	buf_init(&table->filling->rows, 2 * BATCH_BYTES);
	buf_init(&table->sent->rows, 2 * BATCH_BYTES);
	table->mode = cli->given['r'] ? "replace" : cli->given['w'] ? "ignore" : "warn";
	progress_begin(&table->progress, false);
	if (begin(table) == 0)
		table->courier = courier_new(cli);
	if (table->courier == NULL)
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

	if (send_batch(table) != 0 || take_answer(table) != 0)
		return -1;
	if (table->id == NULL)
		return 0;
	if (seal(table) != 0)
		return -1;
	request = with_load(store_change_request("table_end"), table);
	result = cli_ask(table->cli, request, &reply);
	table->in_doubt = result != 0 && table->cli->error.kind == ERROR_TEMPORARY;
	json_object_put(reply);
	return result;
}

bool table_in_doubt(const struct table *table)
{
	return table->in_doubt;
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
	courier_free(&(*table)->courier);
	buf_free(&(*table)->batches[0].rows);
	buf_free(&(*table)->batches[1].rows);
	json_object_put((*table)->id);
	free(*table);
	*table = NULL;
}
