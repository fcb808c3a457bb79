/*
 * Access tokens: in memory only, of those invitations for which somebody has asked. And the ops
 * that a key names the invitation of.
 */
#include "refresh.h"

#include "config.h"
#include "flow.h"
#include "store.h"

#include "base/log.h"
#include "store/protocol.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct access {
	LIST_ENTRY(access) entry;
	char id[INVITATION_ID_LEN + 1];
	struct secret *token;
	time_t until; /* it is given out */
	time_t end;
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct access *)a)->id, ((const struct access *)b)->id);
}

static struct access *find(struct tokend *tokend, const char *id)
{
	struct access key;
	struct access **found;

	if (strlen(id) != INVITATION_ID_LEN)
		return NULL;
	memcpy(key.id, id, sizeof(key.id));
	found = tfind(&key, &tokend->access, compare);
	return found != NULL ? *found : NULL;
}

static void drop(struct tokend *tokend, struct access *access)
{
	tdelete(access, &tokend->access, compare);
	LIST_REMOVE(access, entry);
	secret_free(&access->token);
	free(access);
}

void access_forget(struct tokend *tokend, const char *id)
{
	struct access *access = find(tokend, id);

	if (access != NULL)
		drop(tokend, access);
}

void access_keep(
	struct tokend *tokend, const char *id, struct secret **access_token, int expires_in)
{
	struct access *access = calloc(1, sizeof(*access));
	time_t now = time(NULL);

	access_forget(tokend, id);
	if (access != NULL && *access_token != NULL) {
		memccpy(access->id, id, '\0', INVITATION_ID_LEN);
		access->until = access_until(now, expires_in);
		access->end = now + expires_in;
		if (tsearch(access, &tokend->access, compare) != NULL) {
			LIST_INSERT_HEAD(&tokend->access_list, access, entry);
			access->token = *access_token;
			*access_token = NULL;
			return;
		}
	}
	free(access);
	secret_free(access_token);
}

struct json_object *access_reply(struct tokend *tokend, const char *id)
{
	struct access *access = find(tokend, id);
	time_t now = time(NULL);
	struct json_object *reply;

	if (access == NULL || access->until <= now)
		return NULL;
	reply = json_object_new_object();
	if (reply != NULL &&
		json_set_string(reply, "access_token",
			(const char *)secret_bytes(access->token)) == 0 &&
		json_set_string(reply, "token_type", "Bearer") == 0 &&
		json_set_int(reply, "expires_in", access->end - now) == 0)
		return reply;
	json_object_put(reply);
	return NULL;
}

void access_sweep(struct tokend *tokend)
{
	struct access *access, *next;
	time_t now = time(NULL);

	for (access = LIST_FIRST(&tokend->access_list); access != NULL; access = next) {
		next = LIST_NEXT(access, entry);
		if (access->until <= now)
			drop(tokend, access);
	}
}

void access_free(struct tokend *tokend)
{
	while (!LIST_EMPTY(&tokend->access_list))
		drop(tokend, LIST_FIRST(&tokend->access_list));
}

static void serve(struct request *request)
{
	struct tokend *tokend = request->tokend;
	const char *id = json_string(request->invitation, "id", "");
	struct json_object *reply = NULL;

	if (json_string(request->invitation, "revoked_at", NULL) != NULL) {
		request_refuse(request, ERROR_POLICY,
			"the invitation is revoked; a new one and a new sign-in are needed");
		return;
	}
	if (!request->validate)
		reply = access_reply(tokend, id);
	if (reply != NULL)
		request_reply(request, reply);
	else if (tokend->stopping)
		request_refuse(
			request, ERROR_TEMPORARY, "tokend is being restarted; try again");
	else
		refresh_begin(tokend, id, request);
}

static void got_customers(void *context, struct json_object *reply, const struct error *error)
{
	struct request *request = context;
	struct json_object *customers = json_member(reply, "customers"), *invitation;
	size_t n = json_count(customers);

	request->ask = NULL;
	if (error != NULL) {
		request_fail(request, error);
		return;
	}
	if (n != 1) {
		request_refuse(request, ERROR_CONFLICT,
			"the key is that of %zu customers; name one by its customer id", n);
		return;
	}
	invitation = json_member(json_object_array_get_idx(customers, 0), "invitation");
	request->invitation = json_object_get(invitation);
	if (invitation == NULL)
		request_refuse(request, ERROR_POLICY,
			"the customer has not been invited yet; nobody can have signed in");
	else
		serve(request);
}

static void ask_customer(struct request *request)
{
	const char *key = json_string(request->body, "key", NULL);
	struct json_object *find_request = store_request("find");

	if (key == NULL) {
		json_object_put(find_request);
		request_refuse(request, ERROR_PERMANENT, "\"key\" is missing");
		return;
	}
	if (find_request != NULL && json_set_string(find_request, "key", key) == 0 &&
		json_set_flag(find_request, "token", true) == 0)
		request->ask = ipc_async_call(request->tokend->store, find_request,
			IPC_TIMEOUT_MS, got_customers, request);
	json_object_put(find_request);
	if (request->ask == NULL)
		request_refuse(request, ERROR_TEMPORARY, "out of memory");
}

void validate_request(struct request *request)
{
	const struct config *config = request->tokend->generation->derived;

	/* Readers may ask; in the history they have no operator's name. */
	if (!config_may_ask(config, request->peer, RIGHT_OPERATOR))
		json_object_object_del(request->body, "operator");
	request->validate = true;
	ask_customer(request);
}

void access_request(struct request *request)
{
	ask_customer(request);
}
