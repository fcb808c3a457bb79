/*
 * The commands that ask and change: a function each. Not found is said by the exit status alone
 * where postmap does so (-q, -d), and in words where somebody waits for a result.
 */
#include "keys.h"
#include "lookup.h"
#include "output.h"

#include "base/keyfile.h"
#include "invite/record.h"
#include "store/customers_row.h"
#include "store/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct removal {
	struct cli *cli;
	bool found; /* of any key */
};

static int remove_key(void *context, const char *key)
{
	struct removal *removal = context;
	struct cli *cli = removal->cli;
	struct json_object *reply;

	if (cli_ask(cli, lookup_request(store_change_request("remove"), "key", key), &reply) !=
		0) {
		if (cli->error.kind == ERROR_NOT_FOUND)
			return 0;
		return key == cli->argument
			       ? -1
			       : error_prefix(&cli->error, "stopped at \"%s\"", key);
	}
	removal->found = true;
	cli_detail(cli, "%s: %s, invitations revoked: %lld", key,
		json_flag(reply, "removed", false) ? "removed from the table"
						   : "not in the table",
		(long long)json_int(reply, "revoked", 0));
	json_object_put(reply);
	return 0;
}

int cli_remove(struct cli *cli)
{
	struct removal removal = {.cli = cli};
	const struct keys_taker taker = {.take = remove_key, .context = &removal};
	int result = strcmp(cli->argument, "-") == 0 ? keys_from_stdin(cli, &taker)
						     : remove_key(&removal, cli->argument);

	if (result != 0)
		return cli_fail(cli);
	return removal.found ? EX_OK : error_answer(ERROR_NOT_FOUND)->exit_status;
}

static int print_auth_url(struct cli *cli, struct json_object *invitation)
{
	const char *url = json_string(invitation, "auth_url", NULL);
	const char *consent_address = json_string(invitation, "consent_address", NULL);

	if (consent_address != NULL)
		cli_detail(cli, "consent address: %s", consent_address);
	if (cli->given['j'])
		output_json(invitation);
	else if (url != NULL)
		puts(url);
	return EX_OK;
}

/* Who is to be invited: a known customer, else whoever has the mailbox that the key then is. NULL:
 * cli->error. */
static struct json_object *invite_request(struct cli *cli)
{
	bool is_mailbox = customers_is_mailbox(cli->argument);
	struct json_object *request, *customer = NULL;
	const char *id, *mailbox;

	if (lookup_customer(cli, &customer) != 0 &&
		(cli->error.kind != ERROR_NOT_FOUND || !is_mailbox))
		return NULL;
	id = json_string(customer, "customer_id", NULL);
	mailbox = json_string(customer, "mailbox", NULL);
	if (is_mailbox && (id == NULL || strcmp(id, cli->argument) != 0))
		mailbox = cli->argument;
	request = lookup_request(store_change_request("open"), "customer_id", id);
	request = lookup_request(request, "mailbox", mailbox);
	json_object_put(customer);
	if (request == NULL)
		error_memory(&cli->error);
	return request;
}

int cli_invite(struct cli *cli)
{
	struct json_object *request = invite_request(cli), *reply;
	int status;

	if (request == NULL || cli_ask(cli, request, &reply) != 0)
		return cli_fail(cli);
	cli_detail(cli, "%s",
		json_flag(reply, "created", false) ? "a new invitation"
						   : "the invitation that is open already");
	status = print_auth_url(cli, json_member(reply, "invitation"));
	json_object_put(reply);
	return status;
}

int cli_auth_url(struct cli *cli)
{
	struct json_object *invitation;
	const char *status;
	int result;

	if (lookup_invitation(cli, &invitation) != 0)
		return cli_fail(cli);
	status = json_string(invitation, "status", "");
	if (strcmp(status, status_name(STATUS_REVOKED)) == 0 ||
		strcmp(status, status_name(STATUS_EXPIRED)) == 0)
		cli_warn("%s: the invitation is %s, its link no longer works; "
			 "\"postinvite -n %s\" makes a new one",
			cli->argument, status, cli->argument);
	result = print_auth_url(cli, invitation);
	json_object_put(invitation);
	return result;
}

/* Prints a page and moves *after to where the next one begins, 0 when there is none. */
static int history_page(struct cli *cli, const char *id, int64_t *after)
{
	struct json_object *request = lookup_request(store_request("history"), "id", id);
	struct json_object *reply, *events;

	if (request != NULL && *after != 0 && json_set_int(request, "after", *after) != 0) {
		json_object_put(request);
		request = NULL;
	}
	if (cli_ask(cli, request, &reply) != 0)
		return -1;
	events = json_member(reply, "events");
	for (size_t i = 0; i < json_count(events); i++) {
		if (cli->given['j'])
			output_json(json_object_array_get_idx(events, i));
		else
			output_event(json_object_array_get_idx(events, i));
	}
	*after = json_int(reply, "next", 0);
	json_object_put(reply);
	return 0;
}

int cli_history(struct cli *cli)
{
	struct json_object *invitation;
	int64_t after = 0;
	int result;

	if (lookup_invitation(cli, &invitation) != 0)
		return cli_fail(cli);
	do
		result = history_page(cli, json_string(invitation, "id", ""), &after);
	while (result == 0 && after != 0 && !ferror(stdout));
	json_object_put(invitation);
	return result == 0 ? EX_OK : cli_fail(cli);
}

int cli_settings(struct cli *cli)
{
	struct buf text;
	int status = EX_OK;

	buf_init(&text, 1024 * 1024);
	settings_print(cli->settings, cli->given['P'], &text);
	fputs(text.data, stdout);
	if (text.failed) {
		error_memory(&cli->error);
		status = cli_fail(cli);
	}
	buf_free(&text);
	return status;
}

int cli_new_key(struct cli *cli)
{
	bool vault = strcmp(cli->argument, "vault") == 0;
	unsigned char id;
	char *path;
	int status = EX_OK;

	if (!vault && strcmp(cli->argument, "link") != 0) {
		cli_say("-k %s: it is either \"link\" or \"vault\"", cli->argument);
		return EX_USAGE;
	}
	if (cli_setting(cli, vault ? "vault_key_file" : "link_key_file", &path) != 0)
		return cli_fail(cli);
	if (keyfile_add(path, &id, &cli->error) == 0)
		cli_detail(cli, "%s: key %u is the current one now", path, id);
	else
		status = cli_fail(cli);
	free(path);
	return status;
}
