/*
 * Requests about customers: find, list, remove. A key may be several things at once (a mailbox that
 * is also a customer id); find answers for all of them, remove takes the first kind that fits.
 */
#include "store/engine_internal.h"

#include <string.h>

#define LIMIT_DEFAULT 100

/* Distinct customer ids, each with its NUL. */
struct customers {
	struct buf ids;
	size_t n;
};

static int add_customer(void *context, const char *customer_id, struct error *error)
{
	struct customers *customers = context;
	const char *at = customers->ids.data;

	for (size_t i = 0; i < customers->n; i++, at += strlen(at) + 1)
		if (strcmp(at, customer_id) == 0)
			return 0;
	buf_append(&customers->ids, customer_id, strlen(customer_id) + 1);
	if (customers->ids.failed)
		return error_set(error, ERROR_TEMPORARY, "out of memory");
	return ++customers->n == CUSTOMERS_MAX;
}

static int add_of_invitation(
	void *context, const char *id, const char *customer_id, struct error *error)
{
	(void)id;
	return add_customer(context, customer_id, error);
}

/* Those of which the table or the invitations say that value. */
static int add_by_value(struct engine *engine, char in_table, struct index_query of_invitation,
	struct customers *customers, struct error *error)
{
	struct index_query query = {in_table, of_invitation.value};

	if (customer_each(engine, query, add_customer, customers, error) < 0)
		return -1;
	return index_each(engine, of_invitation, add_of_invitation, customers, error) < 0 ? -1
											  : 0;
}

/* Is there a customer with that very id? Adds it then. */
static int add_by_id(struct engine *engine, const char *key, struct customers *customers,
	struct error *error)
{
	char latest[INVITATION_ID_LEN + 1];
	struct json_object *row;
	int found = customer_row(engine, key, &row, error);

	json_object_put(row);
	if (found == 0)
		found = invitation_latest(engine, key, latest, error);
	if (found == 1)
		return add_customer(customers, key, error) < 0 ? -1 : 0;
	return found;
}

/* all: customers of every kind of key; else of the first kind that has one. */
static int collect(struct engine *engine, const char *key, bool all,
	struct customers *customers, struct error *error)
{
	if (add_by_id(engine, key, customers, error) < 0)
		return -1;
	if ((all || customers->n == 0) &&
		add_by_value(engine, TABLE_MAILBOX, (struct index_query){INDEX_MAILBOX, key},
			customers, error) < 0)
		return -1;
	if ((all || customers->n == 0) &&
		add_by_value(engine, TABLE_TENANT, (struct index_query){INDEX_TENANT, key},
			customers, error) < 0)
		return -1;
	return 0;
}

static const char *ask_key(struct ask *ask, struct error *error)
{
	const char *key = json_string(ask->request, "key", NULL);

	if (text_valid(key))
		return key;
	if (key == NULL)
		error_set(error, ERROR_PERMANENT, "\"key\" is missing");
	else
		error_set(error, ERROR_NOT_FOUND, "nothing of that name can be on record");
	return NULL;
}

static int not_known(const char *key, struct error *error)
{
	return error_set(error, ERROR_NOT_FOUND, "\"%.200s\" is not known", key);
}

/* --- find --- */

static int find_invitation(
	struct ask *ask, const char *id, struct buf *out, struct error *error)
{
	char customer_id[TEXT_MAX + 1];
	struct json_object *record;
	struct stored stored;
	int found = invitation_load(ask->engine, id, &stored, error);

	if (found != 1)
		return found;
	record = stored_record(&stored, error);
	if (record == NULL)
		return -1;
	strncpy(customer_id, json_string(record, "customer_id", ""), TEXT_MAX);
	customer_id[TEXT_MAX] = '\0';
	json_object_put(record);
	return customer_append(ask, customer_id, id, out, error);
}

struct token_search {
	struct engine *engine;
	char id[INVITATION_ID_LEN + 1];
};

static int has_token(
	void *context, const char *id, const char *customer_id, struct error *error)
{
	struct token_search *search = context;
	struct json_object *record;
	struct stored stored;
	int found = invitation_load(search->engine, id, &stored, error);

	(void)customer_id;
	if (found != 1)
		return found;
	record = stored_record(&stored, error);
	if (record == NULL)
		return -1;
	found = strcmp(json_string(record, "token_state", ""), "valid") == 0 &&
		json_string(record, "revoked_at", NULL) == NULL;
	json_object_put(record);
	if (found)
		strcpy(search->id, id);
	return found;
}

/* The customer with its newest invitation that has a valid token, if it is to be that one and there is one; else the
 * latest. As customer_append. */
static int append_customer(
	struct ask *ask, const char *customer_id, struct buf *out, struct error *error)
{
	struct token_search search = {.engine = ask->engine};
	int found = 0;

	if (json_flag(ask->request, "token", false))
		found = index_each(ask->engine,
			(struct index_query){INDEX_CUSTOMER, customer_id}, has_token, &search,
			error);
	if (found < 0)
		return -1;
	return customer_append(ask, customer_id, found == 1 ? search.id : NULL, out, error);
}

static int find_customers(
	struct ask *ask, const char *key, struct buf *out, struct error *error)
{
	struct customers customers = {0};
	const char *at;
	int result, n = 0;

	buf_init(&customers.ids, CUSTOMERS_MAX * (TEXT_MAX + 1));
	result = collect(ask->engine, key, true, &customers, error);
	at = customers.ids.data;
	for (size_t i = 0; result >= 0 && i < customers.n && out->len < PAGE_MAX; i++) {
		size_t before = out->len;

		if (n > 0)
			buf_byte(out, ',');
		result = append_customer(ask, at, out, error);
		if (result == 1)
			n++;
		else
			out->len = before;
		at += strlen(at) + 1;
	}
	buf_free(&customers.ids);
	return result < 0 ? -1 : n > 0;
}

int op_find(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	const char *key = ask_key(ask, error);
	int found;

	if (key == NULL)
		return -1;
	buf_string(&reply->text, "{\"customers\":[");
	found = find_invitation(ask, key, &reply->text, error);
	if (found == 0)
		found = find_customers(ask, key, &reply->text, error);
	if (found != 1)
		return found < 0 ? -1 : not_known(key, error);
	buf_string(&reply->text, "]}");
	return 0;
}

/* --- list --- */

/* Appends customers behind *last and moves it. Returns 1 when the page is full, 0 at the end, -1. */
static int append_page(
	struct ask *ask, int64_t limit, struct buf *last, struct buf *out, struct error *error)
{
	size_t begin = out->len;
	struct buf next;
	int result = 0;

	buf_init(&next, TEXT_MAX);
	for (int64_t n = 0;; n++) {
		result = customer_next(ask->engine, last->data, &next, error);
		if (result != 1 || n == limit || out->len > begin + PAGE_MAX)
			break;
		if (n > 0)
			buf_byte(out, ',');
		result = customer_append(ask, next.data, NULL, out, error);
		if (result != 1) {
			if (result == 0)
				error_set(error, ERROR_TEMPORARY,
					"an index is damaged in the database");
			result = -1;
			break;
		}
		buf_reset(last);
		buf_append(last, next.data, next.len);
	}
	buf_free(&next);
	return result;
}

int op_list(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	const char *after = json_string(ask->request, "after", "");
	int64_t limit = json_int(ask->request, "limit", LIMIT_DEFAULT);
	struct json_object *next;
	struct buf last;
	int more;

	if (limit < 1 || limit > CUSTOMERS_MAX)
		return error_set(
			error, ERROR_PERMANENT, "\"limit\" is not 1 to %d", CUSTOMERS_MAX);
	if (*after != '\0' && !text_valid(after))
		return error_set(error, ERROR_PERMANENT, "\"after\" is no customer id");
	buf_init(&last, TEXT_MAX);
	buf_string(&last, after);
	buf_string(&reply->text, "{\"customers\":[");
	more = append_page(ask, limit, &last, &reply->text, error);
	buf_byte(&reply->text, ']');
	if (more == 1) {
		next = json_object_new_string(last.data);
		buf_string(&reply->text, ",\"next\":");
		buf_string(&reply->text, next != NULL ? json_text(next) : "null");
		json_object_put(next);
	}
	buf_byte(&reply->text, '}');
	buf_free(&last);
	return more < 0 ? -1 : 0;
}

/* --- remove --- */

struct removal {
	struct ask *ask;
	int revoked;
};

static int revoke_one(
	void *context, const char *id, const char *customer_id, struct error *error)
{
	struct removal *removal = context;
	int revoked = invitation_revoke(removal->ask, id, error);

	(void)customer_id;
	if (revoked < 0)
		return -1;
	removal->revoked += revoked;
	return 0;
}

static int remove_customer(
	struct removal *removal, const char *key, bool *removed_r, struct error *error)
{
	struct engine *engine = removal->ask->engine;
	struct customers customers = {0};
	int result;

	buf_init(&customers.ids, CUSTOMERS_MAX * (TEXT_MAX + 1));
	result = collect(engine, key, false, &customers, error);
	if (result == 0 && customers.n == 0)
		result = not_known(key, error);
	else if (result == 0 && customers.n > 1)
		result = error_set(error, ERROR_CONFLICT,
			"\"%.200s\" names %zu customers: name one by its customer id", key,
			customers.n);
	if (result == 0) {
		result = customer_remove(engine, customers.ids.data, error);
		*removed_r = result == 1;
	}
	if (result >= 0)
		result = index_each(engine,
			(struct index_query){INDEX_CUSTOMER, customers.ids.data}, revoke_one,
			removal, error);
	buf_free(&customers.ids);
	return result < 0 ? -1 : 0;
}

int op_remove(struct ask *ask, struct buf *outcome, struct error *error)
{
	const char *key = ask_key(ask, error);
	struct removal removal = {.ask = ask};
	bool removed = false;
	struct stored stored;
	int found;

	if (key == NULL)
		return -1;
	found = invitation_load(ask->engine, key, &stored, error);
	if (found == 1)
		found = revoke_one(&removal, key, NULL, error);
	else if (found == 0)
		found = remove_customer(&removal, key, &removed, error);
	if (found < 0)
		return -1;
	buf_printf(outcome, "{\"removed\":%s,\"revoked\":%d}", removed ? "true" : "false",
		removal.revoked);
	return 0;
}
