/*
 * Rows are gathered into batches, since a request costs a round trip and a transaction; the batch
 * remembers where each row came from, so that a duplicate can be named by file and line.
 */
#include "table.h"

#include "lookup.h"

#include "base/clock.h"
#include "store/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH_ROWS	  1000
#define BATCH_BYTES	  (512 * 1024)
#define PROGRESS_AFTER_MS 1000
#define PROGRESS_EVERY_MS 200

struct table {
	struct cli *cli;
	const char *mode;
	struct json_object *id;	  /* of the new table; NULL with -i */
	struct json_object *rows; /* the batch, or NULL */
	size_t bytes;
	struct {
		const char *file;
		unsigned long line;
	} places[BATCH_ROWS];
	long long taken, duplicates;
	uint64_t begin, said; /* progress, ms */
};

static void say_progress(struct table *table)
{
	uint64_t now = clock_monotonic_ms();

	if (now < table->begin + PROGRESS_AFTER_MS || now < table->said + PROGRESS_EVERY_MS ||
		!isatty(STDERR_FILENO))
		return;
	table->said = now;
	fprintf(stderr, "\r%lld rows ", table->taken);
}

void table_clear_line(struct table *table)
{
	if (table->said != 0)
		fputs("\r\033[K", stderr);
	table->said = 0;
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

/* The batch, which it takes, as a request; NULL out of memory. */
static struct json_object *batch_request(struct table *table)
{
	struct json_object *request = table->id != NULL
					      ? with_load(store_request("table_rows"), table)
					      : store_change_request("table_add");

	request = lookup_request(request, "mode", table->mode);
	if (request == NULL || json_object_object_add(request, "rows", table->rows) != 0) {
		json_object_put(request);
		return NULL;
	}
	table->rows = NULL;
	return request;
}

static void say_duplicates(
	struct table *table, struct json_object *request, struct json_object *reply)
{
	struct json_object *rows = json_member(request, "rows");
	struct json_object *duplicates = json_member(reply, "duplicates");
	size_t n = json_object_is_type(duplicates, json_type_array)
			   ? json_object_array_length(duplicates)
			   : 0;

	table->duplicates += (long long)n;
	for (size_t i = 0; i < n && strcmp(table->mode, "warn") == 0; i++) {
		size_t at =
			(size_t)json_object_get_int64(json_object_array_get_idx(duplicates, i));

		if (at >= json_object_array_length(rows))
			continue;
		table_clear_line(table);
		cli_warn("%s:%lu: duplicate entry: \"%s\"", table->places[at].file,
			table->places[at].line,
			json_object_get_string(json_object_array_get_idx(
				json_object_array_get_idx(rows, at), 0)));
	}
}

static int send_batch(struct table *table)
{
	struct json_object *request, *reply;
	int result;

	if (table->rows == NULL)
		return 0;
	request = batch_request(table);
	result = cli_ask(table->cli, json_object_get(request), &reply);
	if (result == 0)
		say_duplicates(table, request, reply);
	json_object_put(request);
	json_object_put(reply);
	table->bytes = 0;
	say_progress(table);
	return result;
}

int table_row(struct table *table, const char *file, const struct customers_row *row)
{
	struct json_object *columns = json_object_new_array();
	size_t at;
	bool failed = columns == NULL;

	if (table->rows == NULL)
		table->rows = json_object_new_array();
	for (size_t i = 0; i < CUSTOMERS_COLUMNS && !failed; i++) {
		failed = json_object_array_add(
				 columns, json_object_new_string(row->columns[i])) != 0;
		table->bytes += strlen(row->columns[i]);
	}
	if (failed || table->rows == NULL || json_object_array_add(table->rows, columns) != 0) {
		json_object_put(columns);
		return error_set(&table->cli->error, ERROR_TEMPORARY, "out of memory");
	}
	at = json_object_array_length(table->rows) - 1;
	table->places[at].file = file;
	table->places[at].line = row->line;
	table->taken++;
	return at + 1 == BATCH_ROWS || table->bytes >= BATCH_BYTES ? send_batch(table) : 0;
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
	table->mode = cli->given['r'] ? "replace" : cli->given['w'] ? "ignore" : "warn";
	table->begin = clock_monotonic_ms();
	if (begin(table) != 0)
		table_free(&table);
	return table;
}

int table_end(struct table *table)
{
	struct json_object *request, *reply;
	int result;

	if (send_batch(table) != 0)
		return -1;
	if (table->id == NULL)
		return 0;
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
	json_object_put((*table)->rows);
	json_object_put((*table)->id);
	free(*table);
	*table = NULL;
}
