/*
 * Graph's errors are {"error": {"code": ..., "message": ...}}, unlike OAuth's; its status says
 * enough to decide by.
 */
#include "token/graph.h"

#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 320

static const struct row {
	int status;
	enum outcome outcome;
	const char *words;
} rows[] = {
	{401, OUTCOME_NEEDS_SIGN_IN,
		"Microsoft Graph does not accept the access token; sign in again if a fresh one "
		"is not accepted either"},
	{403, OUTCOME_CONSENT_REQUIRED,
		"Microsoft Graph says that permissions are missing; an administrator has to "
		"approve them"},
	{404, OUTCOME_TERMINAL, "Microsoft Graph does not know the account"},
	{408, OUTCOME_TEMPORARY, "Microsoft Graph was too slow; it is tried again"},
	{429, OUTCOME_TEMPORARY,
		"Microsoft Graph asks to wait, too many requests; it is tried again"},
	{0, OUTCOME_TEMPORARY, "Microsoft Graph gave no usable answer; it is tried again"},
};

static int refuse(
	const struct reply *reply, struct json_object *object, struct refusal *refusal_r)
{
	const struct row *row = rows;
	char status[16];
	size_t used;

	while (row->status != 0 && row->status != reply->status)
		row++;
	snprintf(status, sizeof(status), "http_%d", reply->status);
	refusal_set(refusal_r, row->outcome,
		json_string(json_member(object, "error"), "code", status), "%s", row->words);
	used = strlen(refusal_r->text);
	snprintf(refusal_r->text + used, sizeof(refusal_r->text) - used,
		" (HTTP status %d, %s)", reply->status, refusal_r->code);
	if (row->outcome == OUTCOME_TEMPORARY)
		refusal_r->retry_after = reply->retry_after;
	return -1;
}

static int read_account(struct json_object *object, const char *oid,
	char **user_principal_name_r, struct refusal *refusal_r)
{
	const char *name = json_string(object, "userPrincipalName", "");

	if (strcasecmp(json_string(object, "id", ""), oid) != 0)
		return refusal_set(refusal_r, OUTCOME_TERMINAL, "account_mismatch",
			"Microsoft Graph names another account than the sign-in did; sign in "
			"again");
	*user_principal_name_r = strdup(strlen(name) <= NAME_MAX_LEN ? name : "");
	if (*user_principal_name_r == NULL)
		return refusal_set(refusal_r, OUTCOME_TEMPORARY, "memory", "out of memory");
	return 0;
}

int graph_me_read(const struct reply *reply, const char *oid, char **user_principal_name_r,
	struct refusal *refusal_r)
{
	struct json_object *object = NULL;
	struct error error;
	int result;

	*user_principal_name_r = NULL;
	if (reply->len <= REPLY_MAX &&
		json_parse(reply->body, reply->len, &object, &error) != 0)
		object = NULL;
	if (reply->status == 200 && json_string(object, "id", NULL) != NULL)
		result = read_account(object, oid, user_principal_name_r, refusal_r);
	else
		result = refuse(reply, object, refusal_r);
	json_object_put(object);
	return result;
}
