/*
 * Keys come from people and from files. Requests are JSON, so a line that is not UTF-8 text cannot be
 * asked for; nothing of that name is on record either.
 */
#include "lookup.h"

#include "base/utf8.h"
#include "invite/link.h"
#include "store/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

struct json_object *lookup_request(
	struct json_object *request, const char *name, const char *value)
{
	if (request != NULL && json_set_string(request, name, value) == 0)
		return request;
	json_object_put(request);
	return NULL;
}

bool lookup_is_text(const char *key)
{
	return utf8_valid(key, strlen(key));
}

int lookup_customers(struct cli *cli, const char *key, struct json_object **reply_r)
{
	return cli_ask(cli, lookup_request(store_request("find"), "key", key), reply_r);
}

/* "several customers: a, b, c" */
static int several(struct cli *cli, struct json_object *customers)
{
	size_t n = json_object_array_length(customers);
	struct buf ids;

	buf_init(&ids, 256);
	for (size_t i = 0; i < n && !ids.failed; i++)
		buf_printf(&ids, "%s%s", i > 0 ? ", " : "",
			json_string(
				json_object_array_get_idx(customers, i), "customer_id", "?"));
	error_set(&cli->error, ERROR_PERMANENT,
		"\"%s\" is the key of %zu customers, name one: %s%s", cli->argument, n,
		ids.data, ids.failed ? ", ..." : "");
	buf_free(&ids);
	return -1;
}

int lookup_customer(struct cli *cli, struct json_object **customer_r)
{
	struct json_object *reply, *customers;
	size_t n;
	int result = 0;

	*customer_r = NULL;
	if (lookup_customers(cli, cli->argument, &reply) != 0)
		return -1;
	customers = json_member(reply, "customers");
	n = json_object_is_type(customers, json_type_array)
		    ? json_object_array_length(customers)
		    : 0;
	if (n == 1)
		*customer_r = json_object_get(json_object_array_get_idx(customers, 0));
	else if (n > 1)
		result = several(cli, customers);
	else
		result = error_set(&cli->error, ERROR_NOT_FOUND, "nothing is known of \"%s\"",
			cli->argument);
	json_object_put(reply);
	return result;
}

/* The invitation of that id. Not found: the key may be a customer id that looks like one. */
static int by_id(struct cli *cli, struct json_object **invitation_r)
{
	struct json_object *reply;

	if (!invitation_id_valid(cli->argument))
		return error_set(&cli->error, ERROR_NOT_FOUND, "not an invitation id");
	if (cli_ask(cli, lookup_request(store_request("get"), "id", cli->argument), &reply) !=
		0)
		return -1;
	*invitation_r = json_object_get(json_member(reply, "invitation"));
	json_object_put(reply);
	return 0;
}

int lookup_invitation(struct cli *cli, struct json_object **invitation_r)
{
	struct json_object *customer;

	*invitation_r = NULL;
	if (by_id(cli, invitation_r) == 0)
		return 0;
	if (cli->error.kind != ERROR_NOT_FOUND || lookup_customer(cli, &customer) != 0)
		return -1;
	*invitation_r = json_object_get(json_member(customer, "invitation"));
	json_object_put(customer);
	if (*invitation_r != NULL)
		return 0;
	return error_set(&cli->error, ERROR_NOT_FOUND,
		"\"%s\" has no invitation; \"postinvite -n %s\" makes one", cli->argument,
		cli->argument);
}

/* What one more key makes of the exit status so far. */
static int next_status(struct cli *cli, int status, int result)
{
	if (result == 0)
		return 0;
	if (cli->error.kind == ERROR_NOT_FOUND)
		return status;
	return cli_fail(cli);
}

int lookup_each_key(struct cli *cli, lookup_key_fn *each)
{
	const int not_found = error_answer(ERROR_NOT_FOUND)->exit_status;
	int status = not_found;
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	if (strcmp(cli->argument, "-") != 0)
		return next_status(cli, status, each(cli, cli->argument));
	while (status <= not_found && (len = getline(&line, &room, stdin)) >= 0) {
		while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			line[--len] = '\0';
		if (len > 0 && lookup_is_text(line))
			status = next_status(cli, status, each(cli, line));
		else if (len > 0)
			cli_warn("stdin: a key is not UTF-8 text, no such thing is known");
	}
	free(line);
	if (ferror(stdin)) {
		error_set(&cli->error, ERROR_TEMPORARY, "cannot read stdin");
		return cli_fail(cli);
	}
	return status;
}
