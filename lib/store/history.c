/*
 * Events as they were: one invitation's history, and all of them in order of their sequence number. What is
 * stored is spliced into replies, not parsed.
 */
#include "store/engine_internal.h"

#include "base/clock.h"

#include <string.h>

/* One entry of the history tree. */
struct entry {
	enum status status;
	const char *text;
	size_t len;
};

static int read_entry(struct kv_bytes value, struct entry *entry_r, struct error *error)
{
	const unsigned char *bytes = value.data;

	if (value.len < 3 || bytes[0] >= STATUS_COUNT)
		return error_set(
			error, ERROR_TEMPORARY, "the history is damaged in the database");
	*entry_r =
		(struct entry){(enum status)bytes[0], (const char *)bytes + 1, value.len - 1};
	return 0;
}

static void append_entry(struct buf *out, const struct entry *entry, uint64_t sequence)
{
	buf_append(out, entry->text, entry->len - 1);
	buf_printf(out, ",\"sequence\":%llu,\"status\":\"%s\"}", (unsigned long long)sequence,
		status_name(entry->status));
}

/* Appends until the page is full: then *last_r is the last one's number, else 0. */
static int append_history(
	struct kv_cursor *cursor, struct buf *out, uint64_t *last_r, struct error *error)
{
	struct kv_bytes key, value;
	uint64_t last = 0;
	int result;

	*last_r = 0;
	while ((result = kv_next(cursor, &key, &value, error)) == 1) {
		struct entry entry = {0};

		if (out->len > PAGE_MAX) {
			*last_r = last;
			return 0;
		}
		if (key.len != INVITATION_ID_LEN + 8 || read_entry(value, &entry, error) != 0)
			continue;
		if (last != 0)
			buf_byte(out, ',');
		last = read_number((const char *)key.data + INVITATION_ID_LEN);
		append_entry(out, &entry, last);
	}
	return result;
}

int op_history(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	uint64_t after = (uint64_t)json_int(ask->request, "after", 0), last;
	struct kv_cursor *cursor;
	struct stored stored;
	struct buf from;
	int found;

	if (ask_invitation(ask, reply->id, error) != 0)
		return -1;
	found = invitation_load(ask->engine, reply->id, &stored, error);
	if (found != 1)
		return found < 0 ? -1
				 : error_set(error, ERROR_NOT_FOUND,
					   "there is no such invitation");
	buf_init(&from, KV_KEY_MAX);
	buf_string(&from, reply->id);
	key_number(&from, after + 1);
	cursor =
		kv_scan(ask->engine->kv, TREE_HISTORY, kv_buf(&from), INVITATION_ID_LEN, error);
	buf_free(&from);
	if (cursor == NULL)
		return -1;
	buf_string(&reply->text, "{\"events\":[");
	found = append_history(cursor, &reply->text, &last, error);
	kv_cursor_close(&cursor);
	buf_byte(&reply->text, ']');
	if (last != 0)
		buf_printf(&reply->text, ",\"next\":%llu", (unsigned long long)last);
	buf_byte(&reply->text, '}');
	return found;
}

int op_subscribe(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	struct json_object *since = json_member(ask->request, "since");
	int64_t from = json_int(ask->request, "since", -1);

	if (since != NULL && from < 0)
		return error_set(error, ERROR_PERMANENT, "\"since\" is not a sequence number");
	reply->next = ENGINE_FOLLOW;
	reply->sequence = since != NULL ? (uint64_t)from : ask->engine->durable;
	buf_printf(
		&reply->text, "{\"sequence\":%llu}", (unsigned long long)ask->engine->durable);
	return 0;
}

int op_ping(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	(void)error;
	buf_printf(&reply->text, "{\"sequence\":%llu,\"uptime\":%llu}",
		(unsigned long long)ask->engine->durable,
		(unsigned long long)((clock_monotonic_ms() - ask->engine->started_ms) / 1000));
	return 0;
}

/* --- following --- */

/* Makes the text of one event. Returns 1, 0 when its invitation is no longer there, -1. */
static int event_text(struct engine *engine, uint64_t sequence, const char *id, struct buf *out,
	struct error *error)
{
	struct stored stored;
	struct kv_bytes value;
	struct entry entry = {0};
	struct buf key;
	int found;

	buf_init(&key, KV_KEY_MAX);
	buf_string(&key, id);
	key_number(&key, sequence);
	found = kv_get(engine->kv, TREE_HISTORY, kv_buf(&key), &value, error);
	buf_free(&key);
	if (found == 1)
		found = invitation_load(engine, id, &stored, error);
	if (found != 1)
		return found;
	if (read_entry(value, &entry, error) != 0)
		return -1;
	buf_printf(out, "{\"sequence\":%llu,\"id\":\"%s\",\"status\":\"%s\",\"event\":",
		(unsigned long long)sequence, id, status_name(entry.status));
	append_entry(out, &entry, sequence);
	buf_string(out, ",\"invitation\":");
	if (invitation_append(engine, id, &stored, time(NULL), out, error) != 0)
		return -1;
	buf_byte(out, '}');
	return out->failed ? error_set(error, ERROR_TEMPORARY, "out of memory") : 1;
}

/* Gives one event. Returns 1, 0 when there is nothing to tell of it, -1; *stop_r as event says. */
static int give(struct engine *engine, struct engine_event *event, engine_event_fn *fn,
	void *context, struct error *error)
{
	struct buf text;
	int found;

	buf_init(&text, REPLY_MAX);
	found = event_text(engine, event->sequence, event->id, &text, error);
	if (found == 1) {
		event->text = text.data;
		event->len = text.len;
		found = fn(context, event) != 0 ? 2 : 1;
	}
	buf_free(&text);
	return found;
}

int engine_events(struct engine *engine, uint64_t *after, unsigned max, engine_event_fn *event,
	void *context, struct error *error)
{
	struct kv_bytes key, value;
	struct kv_cursor *cursor;
	struct buf from;
	int result = 1, n = 0;

	if (*after >= engine->durable)
		return 0;
	buf_init(&from, 8);
	key_number(&from, *after + 1);
	cursor = kv_scan(engine->kv, TREE_SEQUENCE, kv_buf(&from), 0, error);
	buf_free(&from);
	if (cursor == NULL)
		return -1;
	while (result != 2 && (unsigned)n < max &&
		(result = kv_next(cursor, &key, &value, error)) == 1) {
		char id[INVITATION_ID_LEN + 1];
		struct engine_event one = {.id = id};

		if (key.len != 8 || value.len != INVITATION_ID_LEN)
			continue;
		one.sequence = read_number(key.data);
		if (one.sequence > engine->durable)
			break;
		memcpy(id, value.data, INVITATION_ID_LEN);
		id[INVITATION_ID_LEN] = '\0';
		result = give(engine, &one, event, context, error);
		if (result < 0)
			break;
		n += result > 0;
		*after = one.sequence;
	}
	kv_cursor_close(&cursor);
	/* Numbers whose events are no longer there are passed over. */
	if (result == 0 && n == 0)
		*after = engine->durable;
	return result < 0 ? -1 : n;
}
