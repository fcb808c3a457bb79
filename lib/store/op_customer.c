/*
 * Requests about customers: find, list, remove. A key may be several things at once (a mailbox that
 * is also a customer id); find answers for all of them, remove takes the first kind that fits.
 */
#include "store/engine_internal.h"

#include <string.h>

#define LIMIT_DEFAULT 100
#define LINES_MAX     (512 * 1024) /* bytes of lines in an answer */
#define WALK_MAX      10000	   /* customers that a page of a list looks at */

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
	if (customers->n >= CUSTOMERS_MAX)
		return 1;
	buf_append(&customers->ids, customer_id, strlen(customer_id) + 1);
	if (customers->ids.failed)
		return error_memory(error);
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
	enum row_column column = in_table == TABLE_MAILBOX ? ROW_MAILBOX : ROW_TENANT;

	/* Postfix lets no mailbox without @ reach us: that look-up would find nothing. */
	if (!row_may_be(column, kv_text(of_invitation.value)))
		return 0;
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
	struct row row;
	int found = customer_find(engine, kv_text(key), &row, error);

	if (found == 0)
		found = invitation_latest(engine, key, latest, error);
	if (found == 1)
		return add_customer(customers, key, error) < 0 ? -1 : 0;
	return found;
}

/* Those of which it is the mailbox or the tenant. */
static int add_by_values(struct engine *engine, const char *key, struct customers *customers,
	struct error *error)
{
	if (add_by_value(engine, TABLE_MAILBOX, (struct index_query){INDEX_MAILBOX, key},
		    customers, error) != 0)
		return -1;
	return add_by_value(engine, TABLE_TENANT, (struct index_query){INDEX_TENANT, key},
		customers, error);
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

/* Objects one after the other, or lines. */
struct answer {
	struct ask *ask;
	bool lines;
	struct buf *out;   /* the reply */
	struct buf text;   /* lines, as they are to be written */
	size_t begin;	   /* of the objects in the reply */
	int64_t customers; /* in it */
};

static int answer_begin(
	struct answer *answer, struct ask *ask, struct engine_reply *reply, struct error *error)
{
	const char *format = json_string(ask->request, "format", "objects");

	*answer = (struct answer){.ask = ask, .out = &reply->text};
	answer->lines = strcmp(format, "lines") == 0;
	if (!answer->lines && strcmp(format, "objects") != 0)
		return error_set(
			error, ERROR_PERMANENT, "\"format\" is none of objects, lines");
	buf_init(&answer->text, PAGE_MAX);
	if (!answer->lines)
		buf_string(answer->out, "{\"customers\":[");
	answer->begin = answer->out->len;
	return 0;
}

static bool answer_full(const struct answer *answer)
{
	return answer->lines ? answer->text.len >= LINES_MAX
			     : answer->out->len - answer->begin >= PAGE_MAX;
}

static int answer_add(struct answer *answer, const struct customer *customer,
	struct kv_bytes key, struct error *error)
{
	if (answer->lines)
		return customer_append_line(answer->ask, customer, key, &answer->text, error);
	if (answer->customers++ > 0)
		buf_byte(answer->out, ',');
	return customer_append(answer->ask, customer, answer->out, error);
}

/* Ends what answer_begin has begun; members may follow it, then a brace. */
static void answer_end(struct answer *answer)
{
	if (answer->lines) {
		buf_string(answer->out, "{\"lines\":\"");
		append_escaped(answer->out, answer->text.data, answer->text.len);
		buf_byte(answer->out, '"');
	} else {
		buf_byte(answer->out, ']');
	}
	answer->out->failed |= answer->text.failed;
	buf_free(&answer->text);
}

static int find_invitation(struct answer *answer, const char *id, struct error *error)
{
	struct customer customer;
	struct json_object *record;
	struct stored stored;
	int found = invitation_load(answer->ask->engine, id, &stored, error);

	if (found != 1)
		return found;
	record = stored_record(&stored, error);
	if (record == NULL)
		return -1;
	found = customer_load(answer->ask->engine,
		kv_text(json_string(record, "customer_id", "")), id, &customer, error);
	if (found == 1 && answer_add(answer, &customer, kv_text(id), error) != 0)
		found = -1;
	json_object_put(record);
	return found;
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

/* The customer with its newest invitation that has a valid token, if it is to be that one and
 * there is one; else the latest. Returns 1, 0 when nothing is known of it, -1. */
static int add_found(
	struct answer *answer, const char *customer_id, const char *key, struct error *error)
{
	struct engine *engine = answer->ask->engine;
	struct token_search search = {.engine = engine};
	struct customer customer;
	int found = 0;

	if (json_flag(answer->ask->request, "token", false))
		found = index_each(engine, (struct index_query){INDEX_CUSTOMER, customer_id},
			has_token, &search, error);
	if (found >= 0)
		found = customer_load(engine, kv_text(customer_id),
			found == 1 ? search.id : NULL, &customer, error);
	if (found == 1 && answer_add(answer, &customer, kv_text(key), error) != 0)
		found = -1;
	return found;
}

/* The customer of that id, and those that have the key in another way. */
static int find_customers(struct answer *answer, const char *key, struct error *error)
{
	struct customers customers = {0};
	int result = add_found(answer, key, key, error), n = result == 1;
	const char *at;

	if (result < 0)
		return -1;
	buf_init(&customers.ids, CUSTOMERS_MAX * (TEXT_MAX + 1));
	result = add_by_values(answer->ask->engine, key, &customers, error);
	at = customers.ids.data;
	for (size_t i = 0; result >= 0 && i < customers.n && !answer_full(answer); i++) {
		result = strcmp(at, key) != 0 ? add_found(answer, at, key, error) : 0;
		n += result == 1;
		at += strlen(at) + 1;
	}
	buf_free(&customers.ids);
	return result < 0 ? -1 : n > 0;
}

/* Returns 1, 0 when nothing is known under that key, -1. */
static int find_key(struct answer *answer, const char *key, struct error *error)
{
	int found = find_invitation(answer, key, error);

	return found != 0 ? found : find_customers(answer, key, error);
}

static int find_one(struct answer *answer, struct error *error)
{
	const char *key = ask_key(answer->ask, error);
	int found = key != NULL ? find_key(answer, key, error) : -1;

	return found == 0 ? not_known(key, error) : found == 1 ? 0 : -1;
}

/* What cannot be a key is one that is not known. Returns 0 or -1. */
static int find_many(struct answer *answer, struct json_object *keys, size_t *next_r,
	int64_t *found_r, struct error *error)
{
	size_t n = json_object_array_length(keys);

	if (n > CUSTOMERS_MAX)
		return error_set(
			error, ERROR_PERMANENT, "more than %d \"keys\"", CUSTOMERS_MAX);
	for (*next_r = 0; *next_r < n && !answer_full(answer); ++*next_r) {
		struct json_object *item = json_object_array_get_idx(keys, *next_r);
		const char *key = json_object_is_type(item, json_type_string)
					  ? json_object_get_string(item)
					  : NULL;
		int found = text_valid(key) ? find_key(answer, key, error) : 0;

		if (found < 0)
			return -1;
		*found_r += found;
	}
	return 0;
}

int op_find(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	struct json_object *keys = json_member(ask->request, "keys");
	bool many = json_object_is_type(keys, json_type_array);
	struct answer answer;
	int64_t found = 0;
	size_t next = 0;
	int result;

	if (answer_begin(&answer, ask, reply, error) != 0)
		return -1;
	result = many ? find_many(&answer, keys, &next, &found, error)
		      : find_one(&answer, error);
	answer_end(&answer);
	if (many)
		buf_printf(&reply->text, ",\"found\":%lld", (long long)found);
	if (many && next < json_object_array_length(keys))
		buf_printf(&reply->text, ",\"next\":%zu", next);
	buf_byte(&reply->text, '}');
	return result;
}

/* Adds customers behind *last and moves it; those that were removed are passed over, in steps.
 * Returns 1 when there are more, 0 at the end, -1. */
static int add_page(struct answer *answer, int64_t limit, struct buf *last, struct error *error)
{
	struct customer_walk *walk = customer_walk(answer->ask->engine, last->data, error);
	struct customer customer;
	int result = walk != NULL ? 1 : -1;

	for (int64_t n = 0, seen = 0; result == 1; seen++) {
		result = customer_walk_next(walk, &customer, error);
		if (result != 1 || n == limit || seen == WALK_MAX || answer_full(answer))
			break;
		n += !customer.removed;
		if (!customer.removed && answer_add(answer, &customer, customer.id, error) != 0)
			result = -1;
		buf_reset(last);
		buf_append(last, customer.id.data, customer.id.len);
	}
	customer_walk_close(&walk);
	return result;
}

int op_list(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	const char *after = json_string(ask->request, "after", "");
	int64_t limit = json_int(ask->request, "limit", LIMIT_DEFAULT);
	struct answer answer;
	struct buf last;
	int more;

	if (limit < 1 || limit > CUSTOMERS_MAX)
		return error_set(
			error, ERROR_PERMANENT, "\"limit\" is not 1 to %d", CUSTOMERS_MAX);
	if (*after != '\0' && !text_valid(after))
		return error_set(error, ERROR_PERMANENT, "\"after\" is no customer id");
	if (answer_begin(&answer, ask, reply, error) != 0)
		return -1;
	buf_init(&last, TEXT_MAX);
	buf_string(&last, after);
	more = add_page(&answer, limit, &last, error);
	answer_end(&answer);
	if (more == 1) {
		buf_string(&reply->text, ",\"next\":\"");
		append_escaped(&reply->text, last.data, last.len);
		buf_byte(&reply->text, '"');
	}
	buf_byte(&reply->text, '}');
	buf_free(&last);
	return more < 0 ? -1 : 0;
}

/* Customers of the first kind of key that has one. */
static int collect(struct engine *engine, const char *key, struct customers *customers,
	struct error *error)
{
	if (add_by_id(engine, key, customers, error) < 0)
		return -1;
	if (customers->n == 0 &&
		add_by_value(engine, TABLE_MAILBOX, (struct index_query){INDEX_MAILBOX, key},
			customers, error) < 0)
		return -1;
	if (customers->n == 0 &&
		add_by_value(engine, TABLE_TENANT, (struct index_query){INDEX_TENANT, key},
			customers, error) < 0)
		return -1;
	return 0;
}

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

/* Of a customer's invitations: what has expired stays as it ended. */
static int revoke_unless_expired(
	void *context, const char *id, const char *customer_id, struct error *error)
{
	struct removal *removal = context;
	struct stored stored;
	int found = invitation_load(removal->ask->engine, id, &stored, error);

	if (found != 1 || stored_status(&stored, removal->ask->now) == STATUS_EXPIRED)
		return found < 0 ? -1 : 0;
	return revoke_one(context, id, customer_id, error);
}

static int remove_customer(
	struct removal *removal, const char *key, bool *removed_r, struct error *error)
{
	struct engine *engine = removal->ask->engine;
	struct customers customers = {0};
	int result;

	buf_init(&customers.ids, CUSTOMERS_MAX * (TEXT_MAX + 1));
	result = collect(engine, key, &customers, error);
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
			(struct index_query){INDEX_CUSTOMER, customers.ids.data},
			revoke_unless_expired, removal, error);
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
