/*
 * The state as postinvite-store has it. A person can wait longer than a mail: the time limit is
 * generous, so that a store that is busy with its disk is no error.
 */
#include "state.h"

#include "base/endpoint.h"
#include "base/ipc_client.h"

#include <stdlib.h>
#include <unistd.h>

#define TIMEOUT_MS 30000

struct client_state {
	struct state state;
	struct ipc_client *client;
};

static int client_ask(struct state *state, struct json_object *request,
	struct json_object **reply_r, struct error *error)
{
	return ipc_call(((struct client_state *)state)->client, request, reply_r, error);
}

static void client_close(struct state *state)
{
	ipc_client_free(&((struct client_state *)state)->client);
	free(state);
}

static const struct state_functions functions = {
	.where = "postinvite-store",
	.ask = client_ask,
	.close = client_close,
};

int state_open_client(
	const struct settings *settings, struct state **state_r, struct error *error)
{
	struct client_state *client;
	/* a stopped store: no wait */
	int probe = endpoint_connect_start(settings->store_listen, error);

	if (probe < 0)
		return -1;
	close(probe);
	client = calloc(1, sizeof(*client));
	if (client != NULL)
		client->client =
			ipc_client_new(settings->store_listen, "the store", TIMEOUT_MS);
	if (client == NULL || client->client == NULL) {
		free(client);
		return error_memory(error);
	}
	client->state.functions = &functions;
	*state_r = &client->state;
	return 0;
}
