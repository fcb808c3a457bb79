/*
 * What the policy service asks at each Welcome mail and each look-up of Postfix's: pacing and
 * status. Both are answered from indexes and the heads of records; nothing is parsed, and no
 * link leaves.
 */
#include "store/engine_internal.h"

#include <string.h>

/* A customer, found in an index. */
struct found {
	char id[INVITATION_ID_LEN + 1];
	char customer_id[TEXT_MAX + 1];
};

static int take_customer(void *context, const char *customer_id, struct error *error)
{
	struct found *found = context;

	(void)error;
	strcpy(found->customer_id, customer_id);
	return 1;
}

static int take_invitation(
	void *context, const char *id, const char *customer_id, struct error *error)
{
	struct found *found = context;

	(void)error;
	strcpy(found->id, id);
	strcpy(found->customer_id, customer_id);
	return 1;
}

/* The customer of the table in force that has the mailbox. Returns 1, 0, -1. */
static int in_table(
	struct engine *engine, const char *mailbox, struct found *found, struct error *error)
{
	return customer_each(engine, (struct index_query){TABLE_MAILBOX, mailbox},
		take_customer, found, error);
}

/* The newest invitation of the mailbox. Returns 1, 0, -1. */
static int invited(
	struct engine *engine, const char *mailbox, struct found *found, struct error *error)
{
	return index_each(engine, (struct index_query){INDEX_MAILBOX, mailbox}, take_invitation,
		found, error);
}

static int is_customer(struct engine *engine, const char *customer_id, struct error *error)
{
	struct row row;

	return customer_find(engine, kv_text(customer_id), &row, error);
}

/* Was the customer of a mailbox that the table does not have revoked? It is when it is gone
 * from the table altogether and its latest invitation is revoked. Returns 1 with the customer,
 * 0, -1. */
static int revoked(
	struct engine *engine, const char *mailbox, struct found *found, struct error *error)
{
	struct stored stored;
	int result = invited(engine, mailbox, found, error);

	if (result != 1)
		return result;
	result = is_customer(engine, found->customer_id, error);
	if (result != 0)
		return result < 0 ? -1 : 0;
	result = invitation_latest(engine, found->customer_id, found->id, error);
	if (result == 1)
		result = invitation_load(engine, found->id, &stored, error);
	return result == 1 ? stored.revoked_at != 0 : result;
}

static int append_revoked(const char *customer_id, struct buf *out, struct error *error)
{
	struct json_object *name = json_object_new_string(customer_id);
	const char *text = name != NULL ? json_text(name) : NULL;

	if (text != NULL) {
		buf_string(out, ",\"revoked\":");
		buf_string(out, text);
	}
	json_object_put(name);
	return text != NULL ? 0 : error_memory(error);
}

int op_pacing(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	const char *mailbox = json_string(ask->request, "mailbox", NULL);
	struct buf *out = &reply->text;
	struct found found;
	int known, gone = 0;

	if (!text_valid(mailbox))
		return error_set(error, ERROR_PERMANENT, "\"mailbox\" is missing or none");
	known = in_table(ask->engine, mailbox, &found, error);
	if (known == 0)
		gone = revoked(ask->engine, mailbox, &found, error);
	if (known < 0 || gone < 0)
		return -1;
	buf_string(out, known == 1 ? "{\"known\":true" : "{\"known\":false");
	if (gone == 1 && append_revoked(found.customer_id, out, error) != 0)
		return -1;
	buf_string(out, ",\"sent\":[");
	if (sent_append(ask->engine, mailbox, ask->now, out, error) != 0)
		return -1;
	buf_string(out, "]}");
	return 0;
}

/* Finds the invitation that a customer id or a mailbox stands for. Returns 1, 0 when there is
 * none yet, NO_SUCH_KEY when the key is nobody's, -1. */
#define NO_SUCH_KEY 2

static int find(
	struct engine *engine, const char *key, struct found *found, struct error *error)
{
	int result = invitation_latest(engine, key, found->id, error);

	if (result == 0)
		result = invited(engine, key, found, error);
	if (result != 0)
		return result;
	result = in_table(engine, key, found, error);
	if (result == 1)
		return invitation_latest(engine, found->customer_id, found->id, error);
	if (result == 0)
		result = is_customer(engine, key, error);
	return result < 0 ? -1 : result == 1 ? 0 : NO_SUCH_KEY;
}

int op_status(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	const char *key = json_string(ask->request, "key", NULL);
	const char *status = "not_invited";
	struct stored stored;
	struct found found;
	int result;

	if (!text_valid(key))
		return error_set(error, ERROR_PERMANENT, "\"key\" is missing or none");
	result = find(ask->engine, key, &found, error);
	if (result == NO_SUCH_KEY)
		return error_set(error, ERROR_NOT_FOUND, "\"%.200s\" is not known", key);
	if (result == 1)
		result = invitation_load(ask->engine, found.id, &stored, error);
	if (result < 0)
		return -1;
	if (result == 1)
		status = status_name(stored_status(&stored, ask->now));
	buf_printf(&reply->text, "{\"status\":\"%s\"}", status);
	return 0;
}
