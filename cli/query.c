/*
 * -q and -s. Keys from stdin are asked for by the batch, since a request costs a round trip.
 */
#include "keys.h"
#include "lookup.h"
#include "output.h"
#include "progress.h"

#include "store/protocol.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define PAGE 1000 /* customers or keys of a request */

/* With -j objects, else lines. */
static struct json_object *with_format(const struct cli *cli, struct json_object *request)
{
	return cli->given['j'] ? request : lookup_request(request, "format", "lines");
}

static void print_objects(struct json_object *customers)
{
	for (size_t i = 0; i < json_count(customers); i++)
		output_customer_json(json_object_array_get_idx(customers, i));
}

/* Prints a reply; of lines only what stands behind their keys, if so wanted. Returns how many
 * there are. */
static long long print(const struct cli *cli, struct json_object *reply, bool with_key)
{
	struct json_object *lines = json_member(reply, "lines");
	const char *at = json_string(reply, "lines", ""), *end;
	long long n = 0;

	if (cli->given['j'])
		print_objects(json_member(reply, "customers"));
	end = at + (*at != '\0' ? json_object_get_string_len(lines) : 0);
	if (with_key)
		fwrite(at, 1, (size_t)(end - at), stdout);
	for (; at < end; n++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *next = newline != NULL ? newline + 1 : end;
		const char *tab = memchr(at, '\t', (size_t)(next - at));

		if (!with_key && tab != NULL)
			fwrite(tab + 1, 1, (size_t)(next - tab - 1), stdout);
		at = next;
	}
	return n;
}

static int query_one(struct cli *cli)
{
	struct json_object *request =
		lookup_request(store_request("find"), "key", cli->argument);
	struct json_object *reply;

	if (cli_ask(cli, with_format(cli, request), &reply) != 0)
		return cli->error.kind == ERROR_NOT_FOUND
			       ? error_answer(ERROR_NOT_FOUND)->exit_status
			       : cli_fail(cli);
	print(cli, reply, false);
	json_object_put(reply);
	return EX_OK;
}

struct batch {
	struct cli *cli;
	struct json_object *keys; /* an array, or NULL */
	long long found;
};

/* The keys from `from` on, a new reference; NULL out of memory. */
static struct json_object *keys_from(struct json_object *keys, size_t from)
{
	size_t n = json_object_array_length(keys);
	struct json_object *rest;

	if (from == 0)
		return json_object_get(keys);
	rest = json_object_new_array();
	for (size_t i = from; rest != NULL && i < n; i++)
		if (json_object_array_add(
			    rest, json_object_get(json_object_array_get_idx(keys, i))) != 0) {
			json_object_put(rest);
			rest = NULL;
		}
	return rest;
}

/* Asks for the keys from *from on, and moves it behind what was answered. */
static int ask_some(struct batch *batch, size_t *from)
{
	size_t left = json_object_array_length(batch->keys) - *from;
	struct json_object *request = store_request("find"), *reply;
	struct json_object *rest = keys_from(batch->keys, *from);

	if (request == NULL || rest == NULL ||
		json_object_object_add(request, "keys", rest) != 0) {
		json_object_put(rest);
		json_object_put(request);
		return error_memory(&batch->cli->error);
	}
	if (cli_ask(batch->cli, with_format(batch->cli, request), &reply) != 0)
		return -1;
	print(batch->cli, reply, true);
	batch->found += json_int(reply, "found", 0);
	*from += (size_t)json_int(reply, "next", (int64_t)left);
	json_object_put(reply);
	return 0;
}

/* Asks for all that was taken. */
static int batch_ask(void *context)
{
	struct batch *batch = context;
	size_t n = batch->keys != NULL ? json_object_array_length(batch->keys) : 0, from = 0;
	int result = 0;

	while (result == 0 && from < n)
		result = ask_some(batch, &from);
	json_object_put(batch->keys);
	batch->keys = NULL;
	fflush(stdout);
	return result;
}

static int batch_take(void *context, const char *key)
{
	struct batch *batch = context;
	struct json_object *string = json_object_new_string(key);

	if (batch->keys == NULL)
		batch->keys = json_object_new_array();
	if (string == NULL || batch->keys == NULL ||
		json_object_array_add(batch->keys, string) != 0) {
		json_object_put(string);
		return error_memory(&batch->cli->error);
	}
	return json_object_array_length(batch->keys) == PAGE ? batch_ask(batch) : 0;
}

static int query_many(struct cli *cli)
{
	struct batch batch = {.cli = cli};
	const struct keys_taker taker = {batch_take, batch_ask, &batch};
	int result = keys_from_stdin(cli, &taker);

	json_object_put(batch.keys);
	if (result != 0)
		return cli_fail(cli);
	return batch.found > 0 ? EX_OK : error_answer(ERROR_NOT_FOUND)->exit_status;
}

int cli_query(struct cli *cli)
{
	return strcmp(cli->argument, "-") == 0 ? query_many(cli) : query_one(cli);
}

/* Asks for the customers behind `after` (NULL: from the beginning). NULL: cli->error. */
static struct json_object *list_page(struct cli *cli, const char *after)
{
	struct json_object *request = store_request("list"), *reply;

	if (request != NULL && json_set_int(request, "limit", PAGE) != 0) {
		json_object_put(request);
		request = NULL;
	}
	if (after != NULL)
		request = lookup_request(request, "after", after);
	return cli_ask(cli, with_format(cli, request), &reply) == 0 ? reply : NULL;
}

int cli_list(struct cli *cli)
{
	struct progress progress;
	const char *after = NULL;
	struct json_object *page = NULL;
	long long rows = 0;

	progress_begin(&progress, true);
	do {
		struct json_object *next = list_page(cli, after);

		json_object_put(page);
		page = next;
		if (page == NULL)
			break;
		rows += print(cli, page, true);
		progress_say(&progress, rows);
		after = json_string(page, "next", NULL);
	} while (after != NULL && !ferror(stdout));
	progress_clear(&progress);
	if (page == NULL)
		return cli_fail(cli);
	json_object_put(page);
	return EX_OK;
}
