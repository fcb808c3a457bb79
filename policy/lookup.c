/*
 * Look-ups by socketmap: the status of a mailbox or a customer, which the store has ready. A
 * key that no customer can have is not found without asking.
 */
#include "policy.h"

#include "socketmap.h"

#include "base/log.h"
#include "store/protocol.h"

#include <stdlib.h>

#define MAP	 "invitations"
#define KEY_SIZE 1025 /* as long as a customer id or a mailbox may be */

struct looking {
	struct client *client;
	struct ipc_async_call *call;
};

static void answer(struct client *client, enum socketmap_reply reply, const char *text)
{
	const struct policy *policy = client_context(client);
	struct buf out;

	metrics_count(policy->metrics, METRIC_POLICY_LOOKUPS,
		reply == SOCKETMAP_OK	       ? COUNT_LOOKUP_FOUND
		: reply == SOCKETMAP_NOT_FOUND ? COUNT_LOOKUP_NOT_FOUND
					       : COUNT_LOOKUP_FAILED);
	buf_init(&out, SOCKETMAP_REPLY_MAX + 16);
	socketmap_put(reply, text, &out);
	client_answer(client, out.data, out.len);
	buf_free(&out);
}

static void forget(void *waiting)
{
	struct looking *looking = waiting;

	ipc_async_cancel(&looking->call);
	free(looking);
}

static void on_reply(void *context, struct json_object *reply, const struct error *error)
{
	struct looking *looking = context;
	struct client *client = looking->client;

	free(looking);
	if (reply != NULL) {
		answer(client, SOCKETMAP_OK, json_string(reply, "status", ""));
	} else if (error->kind == ERROR_NOT_FOUND || error->kind == ERROR_PERMANENT) {
		answer(client, SOCKETMAP_NOT_FOUND, "");
	} else {
		log_warning("lookup_listen: action=deferred reason=\"%s\"", error->text);
		answer(client, SOCKETMAP_TEMPORARY,
			"the invitation store is away: try again later");
	}
	client_resume(client);
}

/* Returns 0 when it is under way, or -1, out of memory. */
static int ask(struct client *client, const char *key)
{
	struct policy *policy = client_context(client);
	struct json_object *request = store_request("status");
	struct looking *looking = calloc(1, sizeof(*looking));

	if (looking != NULL && request != NULL && json_set_string(request, "key", key) == 0) {
		looking->client = client;
		looking->call = ipc_async_call(
			policy->store, request, IPC_TIMEOUT_MS, on_reply, looking);
	}
	json_object_put(request);
	if (looking != NULL && looking->call != NULL) {
		client_wait(client, looking);
		return 0;
	}
	free(looking);
	return -1;
}

static ssize_t take(struct client *client, const char *bytes, size_t len, size_t *scanned,
	struct error *error)
{
	struct look_up look_up;
	char key[KEY_SIZE];
	ssize_t size = socketmap_get(bytes, len, &look_up, error);

	(void)scanned;
	if (size <= 0)
		return size;
	if (!text_is(look_up.map, MAP))
		answer(client, SOCKETMAP_PERMANENT,
			"there is no such map; the only one is \"" MAP "\"");
	else if (!text_copy(look_up.key, key, sizeof(key)) || key[0] == '\0')
		answer(client, SOCKETMAP_NOT_FOUND, "");
	else if (ask(client, key) != 0)
		answer(client, SOCKETMAP_TEMPORARY, "out of memory: try again later");
	return size;
}

const struct service lookup_service = {
	.name = "lookup_listen",
	.input_max = SOCKETMAP_REQUEST_MAX,
	.take = take,
	.forget = forget,
};
