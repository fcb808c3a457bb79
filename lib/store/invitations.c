/*
 * Invitations as they are stored. In front of a record's text stands a small
 * head with what look-ups ask for: since a status changes by time only when the
 * record expires, the two statuses around that moment are computed when the
 * record is written, and reading it needs no parsing. A record, its event in
 * the history and its indexes are written in the caller's transaction.
 */
#include "store/engine_internal.h"

#include "base/clock.h"
#include "invite/event.h"

#include <string.h>

#define HEAD_LEN   (5 * 8 + 2)
#define RECORD_MAX (256 * 1024)

static int damaged(const char *id, struct error *error)
{
	return error_set(
		error, ERROR_TEMPORARY, "invitation %s is damaged in the database", id);
}

int stored_read(
	const char *id, struct kv_bytes value, struct stored *stored_r, struct error *error)
{
	const unsigned char *head = value.data;

	if (value.len <= HEAD_LEN || head[40] >= STATUS_COUNT || head[41] >= STATUS_COUNT)
		return damaged(id, error);
	*stored_r = (struct stored){
		.trail = {.first = read_number(head), .last = read_number(head + 8)},
		.revision = read_number(head + 16),
		.expires_at = (time_t)read_number(head + 24),
		.revoked_at = (time_t)read_number(head + 32),
		.before = (enum status)head[40],
		.after = (enum status)head[41],
		.text = (const char *)head + HEAD_LEN,
		.len = value.len - HEAD_LEN,
	};
	return 1;
}

int invitation_load(
	struct engine *engine, const char *id, struct stored *stored_r, struct error *error)
{
	struct cached *cached = cache_find(engine->cache, id);
	struct kv_bytes value;
	int found;

	if (cached == NULL && !invitation_id_valid(id))
		return 0;
	if (cached == NULL || cached->value == NULL) {
		found = kv_get(engine->kv, TREE_INVITATION, kv_text(id), &value, error);
		if (found != 1)
			return found;
		cached = cache_put(engine->cache, id, value.data, value.len);
	}
	if (cached != NULL)
		value = (struct kv_bytes){cached->value, cached->len};
	found = stored_read(id, value, stored_r, error);
	stored_r->cached = cached;
	stored_r->customer_id = NULL;
	return found;
}

enum status stored_status(const struct stored *stored, time_t now)
{
	return stored->expires_at != 0 && now > stored->expires_at ? stored->after
								   : stored->before;
}

/* The cache gives its own away: what becomes of it is seen when it is written. */
struct json_object *stored_record(const struct stored *stored, struct error *error)
{
	struct json_object *record = NULL;

	if (stored->cached != NULL && stored->cached->record != NULL) {
		record = stored->cached->record;
		stored->cached->record = NULL;
		return record;
	}
	if (json_parse(stored->text, stored->len, &record, error) != 0)
		error_prefix(error, "record in the database");
	return record;
}

int invitation_append(struct engine *engine, const char *id, const struct stored *stored,
	time_t now, struct buf *out, struct error *error)
{
	char made[LINK_TOKEN_LEN + 1] = "";
	char *token = stored->cached != NULL ? stored->cached->token : made;

	if (engine->auth_url == NULL ||
		(*token == '\0' && link_token_new(engine->keys, id, token) != 0))
		return error_memory(error);
	buf_append(out, stored->text, stored->len - 1);
	if (consent_append_of(engine, stored, out, error) != 0)
		return -1;
	buf_string(out, ",\"status\":\"");
	buf_string(out, status_name(stored_status(stored, now)));
	buf_byte(out, '"');
	buf_string(out, engine->auth_url);
	buf_append(out, token, LINK_TOKEN_LEN);
	buf_string(out, "\"}");
	return 0;
}

static int value_write(
	struct engine *engine, const char *id, const struct buf *value, struct error *error)
{
	/* Noted first: what cannot be taken back is not written. */
	buf_append(&engine->written, id, strlen(id) + 1);
	if (engine->written.failed)
		return error_memory(error);
	cache_forget(engine->cache, id);
	return kv_put(engine->kv, TREE_INVITATION, kv_text(id), kv_buf(value), error);
}

/* The head's text and place are not looked at. */
static int record_write(struct engine *engine, struct json_object *record,
	const struct stored *head, struct error *error)
{
	const char *id = json_string(record, "id", "");
	struct cached *cached = NULL;
	struct buf value;
	int result = -1;

	buf_init(&value, RECORD_MAX);
	key_number(&value, head->trail.first);
	key_number(&value, head->trail.last);
	key_number(&value, head->revision);
	key_number(&value, (uint64_t)head->expires_at);
	key_number(&value, (uint64_t)head->revoked_at);
	buf_byte(&value, (char)head->before);
	buf_byte(&value, (char)head->after);
	buf_string(&value, json_text(record));
	if (value.failed)
		error_set(error, ERROR_PERMANENT, "a record longer than %d bytes", RECORD_MAX);
	else
		result = value_write(engine, id, &value, error);
	if (result == 0)
		cached = cache_put(engine->cache, id, value.data, value.len);
	if (cached != NULL)
		cached->record = json_object_get(record);
	buf_free(&value);
	return result;
}

static void index_prefix(struct buf *key, struct index_query query)
{
	buf_byte(key, query.kind);
	if (query.kind == INDEX_CUSTOMER)
		buf_string(key, query.value);
	else
		key_lower(key, query.value);
	buf_byte(key, '\0');
}

/* The indexes that hold an invitation: by which member. */
static const struct {
	char kind;
	const char *member;
} indexed[] = {
	{INDEX_CUSTOMER, "customer_id"},
	{INDEX_MAILBOX, "invitation_email"},
	{INDEX_ADMIN, "m365_admin_email"},
	{INDEX_TENANT, "tenant"},
	{INDEX_TENANT, "signed_in_tenant"},
};

/* Puts the record into its indexes, or takes it out of them. */
static int index_record(struct engine *engine, struct json_object *record, uint64_t first,
	bool put, struct error *error)
{
	const char *customer_id = json_string(record, "customer_id", "");
	int result = 0;
	struct buf key;

	buf_init(&key, KV_KEY_MAX);
	for (size_t i = 0; result == 0 && i < sizeof(indexed) / sizeof(indexed[0]); i++) {
		const char *value = json_string(record, indexed[i].member, "");

		if (*value == '\0')
			continue;
		buf_reset(&key);
		index_prefix(&key, (struct index_query){indexed[i].kind, value});
		key_number(&key, ~first);
		buf_string(&key, json_string(record, "id", ""));
		if (key.failed)
			result = error_set(error, ERROR_PERMANENT, "\"%s\" is too long",
				indexed[i].member);
		else if (put)
			result = kv_put(engine->kv, TREE_INDEX, kv_buf(&key),
				kv_text(customer_id), error);
		else
			result = kv_delete(engine->kv, TREE_INDEX, kv_buf(&key), error) < 0 ? -1
											    : 0;
	}
	buf_free(&key);
	return result;
}

/* Reads one entry of an index into texts of their own and hands it over. */
static int index_give(struct kv_bytes key, struct kv_bytes value, index_fn *each, void *context,
	struct error *error)
{
	char id[INVITATION_ID_LEN + 1], customer_id[TEXT_MAX + 1];

	if (key.len < INVITATION_ID_LEN || value.len > TEXT_MAX)
		return error_set(error, ERROR_TEMPORARY, "an index is damaged in the database");
	memcpy(id, (const char *)key.data + key.len - INVITATION_ID_LEN, INVITATION_ID_LEN);
	id[INVITATION_ID_LEN] = '\0';
	memcpy(customer_id, value.data, value.len);
	customer_id[value.len] = '\0';
	return each(context, id, customer_id, error);
}

int index_each(struct engine *engine, struct index_query query, index_fn *each, void *context,
	struct error *error)
{
	struct kv_cursor *cursor;
	struct kv_bytes key, value;
	struct buf prefix;
	int result;

	buf_init(&prefix, KV_KEY_MAX);
	index_prefix(&prefix, query);
	if (prefix.failed) {
		buf_free(&prefix);
		return 0;
	}
	cursor = kv_scan(engine->kv, TREE_INDEX, kv_buf(&prefix), prefix.len, error);
	buf_free(&prefix);
	if (cursor == NULL)
		return -1;
	while ((result = kv_next(cursor, &key, &value, error)) == 1)
		if ((result = index_give(key, value, each, context, error)) != 0)
			break;
	kv_cursor_close(&cursor);
	return result;
}

static int take_first(
	void *context, const char *id, const char *customer_id, struct error *error)
{
	(void)customer_id;
	(void)error;
	strcpy(context, id);
	return 1;
}

int invitation_latest(struct engine *engine, const char *customer_id,
	char id_r[INVITATION_ID_LEN + 1], struct error *error)
{
	return index_each(engine, (struct index_query){INDEX_CUSTOMER, customer_id}, take_first,
		id_r, error);
}

static void done_key(struct buf *key, const char *tenant)
{
	buf_byte(key, INDEX_DONE);
	key_lower(key, tenant);
}

/* Has that tenant never completed? What was said of this invitation before
 * stays said. Returns 1, 0, -1. */
static int first_connection(struct engine *engine, struct json_object *record,
	struct json_object *event, struct error *error)
{
	struct kv_bytes value;
	struct buf key;
	int found;

	if (json_member(record, "first_connection") != NULL)
		return json_flag(record, "first_connection", false);
	buf_init(&key, KV_KEY_MAX);
	done_key(&key, json_string(event, "signed_in_tenant", ""));
	found = kv_get(engine->kv, TREE_INDEX, kv_buf(&key), &value, error);
	buf_free(&key);
	return found < 0 ? -1 : found == 0;
}

/* The members of an event that are the store's to say. */
static int complete_event(struct ask *ask, struct json_object *record,
	struct json_object *event, struct error *error)
{
	const char *type = json_string(event, "type", "");
	char expires_at[CLOCK_TEXT_SIZE];
	int first, failed = 0;

	json_object_object_del(event, "sequence");
	json_object_object_del(event, "status");
	if (strcmp(type, "email_sent") == 0) {
		clock_format(ask->now + ask->engine->settings->invitation_lifetime, expires_at);
		failed = json_set_string(event, "expires_at", expires_at);
	} else if (strcmp(type, "device_authenticated") == 0) {
		if (binding_check(ask->engine, record, event, error) != 0)
			return -1;
		first = first_connection(ask->engine, record, event, error);
		if (first < 0)
			return -1;
		failed = json_set_flag(event, "first_connection", first == 1);
	}
	return failed != 0 ? error_memory(error) : 0;
}

/* Remembers for later first connections that this tenant has completed. */
static int note_completion(
	struct engine *engine, struct json_object *record, struct error *error)
{
	const char *tenant = json_string(record, "signed_in_tenant", NULL);
	struct buf key;
	int result;

	if (tenant == NULL || json_member(record, "authentication_complete_at") == NULL)
		return 0;
	buf_init(&key, KV_KEY_MAX);
	done_key(&key, tenant);
	result = kv_add(engine->kv, TREE_INDEX, kv_buf(&key), (struct kv_bytes){"", 0}, error);
	buf_free(&key);
	return result < 0 ? -1 : 0;
}

/* Worth telling, and keeping, also when it changes no fact: a hint makes tokend look, a mail of
 * ours is part of the story. */
static bool is_told(struct json_object *event)
{
	const char *type = json_string(event, "type", "");

	return strncmp(type, "consent", strlen("consent")) == 0 ||
	       strcmp(type, "notified") == 0;
}

/* What the record's head says of it; the trail comes later. */
static struct stored make_head(struct json_object *record)
{
	struct stored head = {
		.revision = (uint64_t)json_int(record, "revision", 0),
		.expires_at = record_expires_at(record),
	};

	clock_parse(json_string(record, "revoked_at", NULL), &head.revoked_at);
	head.before = record_status(record, head.expires_at);
	head.after = record_status(record, head.expires_at + 1);
	return head;
}

/* Writes what an event has changed, or only told. */
static int write_event(struct ask *ask, struct json_object *record, struct trail *trail,
	struct json_object *event, struct error *error)
{
	struct stored head = make_head(record);

	if (history_append(ask->engine, record, trail, event, stored_status(&head, ask->now),
		    error) != 0)
		return -1;
	head.trail = *trail;
	return record_write(ask->engine, record, &head, error);
}

static int64_t mails_sent(struct json_object *record)
{
	return json_int(record, "email_sent_count", 0);
}

int invitation_event(struct ask *ask, struct json_object *record, struct trail *trail,
	struct json_object *event, struct error *error)
{
	int64_t mails = mails_sent(record);
	bool known = json_member(record, "signed_in_tenant") != NULL;
	bool fresh = trail->first == 0;
	int changed;

	if (complete_event(ask, record, event, error) != 0 || event_check(event, error) != 0)
		return -1;
	changed = event_apply(record, event, error);
	if (changed < 0)
		return -1;
	if ((changed == 1 || is_told(event)) &&
		write_event(ask, record, trail, event, error) != 0)
		return -1;
	if (fresh &&
		consent_note(ask->engine, json_string(record, "customer_id", ""), error) != 0)
		return -1;
	/* Of the indexed members only signed_in_tenant comes later, once. */
	if ((fresh || known != (json_member(record, "signed_in_tenant") != NULL)) &&
		index_record(ask->engine, record, trail->first, true, error) != 0)
		return -1;
	if (mails_sent(record) > mails &&
		sent_note(ask->engine, json_string(record, "invitation_email", ""), ask->now,
			error) != 0)
		return -1;
	return changed == 1 && note_completion(ask->engine, record, error) != 0 ? -1 : changed;
}

int invitation_revoke(struct ask *ask, const char *id, struct error *error)
{
	struct json_object *record, *event;
	struct stored stored;
	int result = invitation_load(ask->engine, id, &stored, error);

	if (result != 1 || stored_status(&stored, ask->now) == STATUS_REVOKED)
		return result < 0 ? -1 : 0;
	record = stored_record(&stored, error);
	if (record == NULL)
		return -1;
	event = event_create("revoked", ask->now);
	result = event != NULL ? invitation_event(ask, record, &stored.trail, event, error)
			       : error_memory(error);
	json_object_put(event);
	json_object_put(record);
	return result;
}

int invitation_remove(struct engine *engine, const char *id, time_t now, struct error *error)
{
	struct json_object *record;
	struct stored stored;
	int result = invitation_load(engine, id, &stored, error);

	if (result != 1)
		return result;
	record = stored_record(&stored, error);
	if (record == NULL)
		return -1;
	result = index_record(engine, record, stored.trail.first, false, error);
	if (result == 0)
		result = sent_drop(
			engine, json_string(record, "invitation_email", ""), now, error);
	json_object_put(record);
	if (result != 0 || history_remove(engine, &stored.trail, error) != 0)
		return -1;
	cache_forget(engine->cache, id);
	return kv_delete(engine->kv, TREE_INVITATION, kv_text(id), error);
}
