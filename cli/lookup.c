/*
 * Keys come from people and from files. Requests are JSON, so a line that is not UTF-8 text
 * cannot be asked for; nothing of that name is on record either.
 */
#include "lookup.h"

#include "base/utf8.h"
#include "invite/link.h"
#include "store/protocol.h"

#include <string.h>

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
	if (cli_ask(cli, lookup_request(store_request("find"), "key", cli->argument), &reply) !=
		0)
		return -1;
	customers = json_member(reply, "customers");
	n = json_count(customers);
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
