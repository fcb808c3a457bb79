/*
 * -q and -s. Keys from stdin are asked for by the batch, since a request costs a round trip; what is there is answered before more
 * is waited for, so that somebody may type keys, or a program write one when it has read the answer to the one before.
 */
#include "lookup.h"
#include "output.h"
#include "progress.h"

#include "base/utf8.h"
#include "store/protocol.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define PAGE	     1000 /* customers or keys of a request */
#define KEY_MAX	     (64 * 1024)
#define READ_AT_ONCE (64 * 1024)

/* With -j objects, else lines. */
static struct json_object *with_format(const struct cli *cli, struct json_object *request)
{
	return cli->given['j'] ? request : lookup_request(request, "format", "lines");
}

static void print_objects(struct json_object *customers)
{
	size_t n = json_object_is_type(customers, json_type_array)
			   ? json_object_array_length(customers)
			   : 0;

	for (size_t i = 0; i < n; i++)
		output_customer_json(json_object_array_get_idx(customers, i));
}

/* Prints a reply; of lines only what stands behind their keys, if so wanted. Returns how many there are. */
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
		const char *next = strchr(at, '\n') + 1;

		if (!with_key) {
			at += strcspn(at, "\t") + 1;
			fwrite(at, 1, (size_t)(next - at), stdout);
		}
		at = next;
	}
	return n;
}

/* --- -q key --- */

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

/* --- -q - --- */

struct keys {
	struct cli *cli;
	struct buf line;	   /* the part of a key that is there */
	struct json_object *batch; /* an array, or NULL */
	long long found;
};

/* Asks for the keys of the batch from *from on, and moves it behind what was answered. */
static int ask_some(struct keys *keys, size_t *from)
{
	size_t n = json_object_array_length(keys->batch);
	struct json_object *request = store_request("find"), *rest = keys->batch, *reply;

	if (*from > 0) {
		rest = json_object_new_array();
		for (size_t i = *from; rest != NULL && i < n; i++)
			json_object_array_add(rest,
				json_object_get(json_object_array_get_idx(keys->batch, i)));
	} else {
		json_object_get(rest);
	}
	if (request == NULL || rest == NULL ||
		json_object_object_add(request, "keys", rest) != 0) {
		json_object_put(rest);
		json_object_put(request);
		return error_set(&keys->cli->error, ERROR_TEMPORARY, "out of memory");
	}
	if (cli_ask(keys->cli, with_format(keys->cli, request), &reply) != 0)
		return -1;
	print(keys->cli, reply, true);
	keys->found += json_int(reply, "found", 0);
	*from += (size_t)json_int(reply, "next", (int64_t)(n - *from));
	json_object_put(reply);
	return 0;
}

static int ask_batch(struct keys *keys)
{
	size_t n = keys->batch != NULL ? json_object_array_length(keys->batch) : 0, from = 0;
	int result = 0;

	while (result == 0 && from < n)
		result = ask_some(keys, &from);
	json_object_put(keys->batch);
	keys->batch = NULL;
	return result;
}

/* Takes the key that stands in `line`. */
static int take_key(struct keys *keys)
{
	struct buf *line = &keys->line;
	struct json_object *key = NULL;

	while (line->len > 0 && line->data[line->len - 1] == '\r')
		line->data[--line->len] = '\0';
	if (line->len == 0 && !line->failed)
		return 0;
	if (line->failed || !utf8_valid(line->data, line->len)) {
		cli_warn("stdin: a key is not UTF-8 text, no such thing is known");
	} else {
		key = json_object_new_string_len(line->data, (int)line->len);
		if (keys->batch == NULL)
			keys->batch = json_object_new_array();
		if (keys->batch == NULL || json_object_array_add(keys->batch, key) != 0) {
			json_object_put(key);
			return error_set(&keys->cli->error, ERROR_TEMPORARY, "out of memory");
		}
	}
	buf_reset(line);
	return key != NULL && json_object_array_length(keys->batch) == PAGE ? ask_batch(keys)
									    : 0;
}

static int take_bytes(struct keys *keys, const char *bytes, size_t len)
{
	const char *end = bytes + len;

	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		const char *stop = newline != NULL ? newline : end;

		buf_append(&keys->line, bytes, (size_t)(stop - bytes));
		bytes = newline != NULL ? newline + 1 : end;
		if (newline != NULL && take_key(keys) != 0)
			return -1;
	}
	return 0;
}

static bool more_waits(void)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

	return poll(&in, 1, 0) > 0;
}

static int take_stdin(struct keys *keys)
{
	char bytes[READ_AT_ONCE];
	ssize_t got;

	while ((got = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0) {
		if (take_bytes(keys, bytes, (size_t)got) != 0)
			return -1;
		if (more_waits())
			continue;
		if (ask_batch(keys) != 0)
			return -1;
		fflush(stdout);
	}
	if (got < 0)
		return error_errno(&keys->cli->error, errno, "read stdin");
	return take_key(keys) != 0 ? -1 : ask_batch(keys);
}

static int query_many(struct cli *cli)
{
	struct keys keys = {.cli = cli};
	int result;

	buf_init(&keys.line, KEY_MAX);
	result = take_stdin(&keys);
	json_object_put(keys.batch);
	buf_free(&keys.line);
	if (result != 0)
		return cli_fail(cli);
	return keys.found > 0 ? EX_OK : error_answer(ERROR_NOT_FOUND)->exit_status;
}

int cli_query(struct cli *cli)
{
	return strcmp(cli->argument, "-") == 0 ? query_many(cli) : query_one(cli);
}

/* --- -s --- */

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
