/*
 * The commands that tokend answers: -V and -T. It finds the customer by itself, so that whoever
 * may read tokens needs no access to the store. Its errors say by their kind what is to be done
 * (token/protocol.h): policy is a sign-in that is needed, EX_NOPERM.
 */
#include "cli.h"
#include "output.h"

#include "base/endpoint.h"
#include "base/ipc_client.h"
#include "token/protocol.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* A refresh and a look at Graph, each of which may take 10 s, and their queue. */
#define TIMEOUT_MS 40000

/* Is somebody there? The client would try for as long as an answer may take. */
static int probe(struct cli *cli)
{
	struct error why;
	int connection = endpoint_connect(cli->settings->tokend_listen, &why);

	if (connection < 0)
		return error_set(
			&cli->error, ERROR_TEMPORARY, "tokend: %s; is it running?", why.text);
	close(connection);
	return 0;
}

/* Returns 0 with *reply_r (the caller's), or -1 with cli->error. */
static int ask_tokend(struct cli *cli, const char *op, struct json_object **reply_r)
{
	struct json_object *request = token_request(op, NULL);
	struct ipc_client *client =
		ipc_client_new(cli->settings->tokend_listen, "tokend", TIMEOUT_MS);
	int result;

	*reply_r = NULL;
	if (probe(cli) != 0)
		result = -1;
	else if (request == NULL || client == NULL ||
		 json_set_string(request, "key", cli->argument) != 0)
		result = error_memory(&cli->error);
	else
		result = ipc_call(client, request, reply_r, &cli->error);
	ipc_client_free(&client);
	json_object_put(request);
	return result;
}

int cli_validate(struct cli *cli)
{
	struct json_object *reply;
	bool successful;

	if (ask_tokend(cli, "validate", &reply) != 0)
		return cli_fail(cli);
	successful = strcmp(json_string(reply, "outcome", ""), "successful") == 0;
	if (cli->given['j'])
		output_json(reply);
	else
		puts(json_string(reply, "validation", "-"));
	json_object_put(reply);
	return successful ? EX_OK : EX_NOPERM;
}

int cli_token(struct cli *cli)
{
	struct json_object *reply;

	if (ask_tokend(cli, "token", &reply) != 0)
		return cli_fail(cli);
	if (cli->given['j'])
		output_json(reply);
	else
		puts(json_string(reply, "access_token", "-"));
	json_object_put(reply);
	return EX_OK;
}
