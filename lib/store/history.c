/*
 * Events as they were. They stand in order of their sequence number; each names
 * the one before it of the same invitation, so that an invitation's history is
 * a chain from its record backwards and costs no index. What is stored is
 * spliced into replies, not parsed.
 */
#include "store/engine_internal.h"

#include "base/clock.h"

#include <string.h>

#define ENTRY_HEAD  (8 + 1 + INVITATION_ID_LEN)
#define EVENT_MAX   (32 * 1024)
#define NUMBERS_MAX (8 * 1024 * 1024) /* bytes of the sequence numbers of one history */

/* One event as it is stored. */
struct entry {
	uint64_t before; /* number of the invitation's event before it, or 0 */
	enum status status;
	char id[INVITATION_ID_LEN + 1];
	const char *text;
	size_t len;
};

/* A part of a history. */
struct page {
	int64_t limit; /* of its events */
	uint64_t last; /* the number of its last event where others follow, else 0 */
};

/* Whom engine_events tells. */
struct follower {
	engine_event_fn *fn;
	void *context;
};

static int damaged(struct error *error)
{
	return error_set(error, ERROR_TEMPORARY, "the history is damaged in the database");
}

static void number_key(struct buf *key, uint64_t number)
{
	buf_init(key, 8);
	key_number(key, number);
}

static int read_entry(struct kv_bytes value, struct entry *entry_r, struct error *error)
{
	const char *bytes = value.data;

	if (value.len < ENTRY_HEAD + 2 || (unsigned char)bytes[8] >= STATUS_COUNT)
		return damaged(error);
	*entry_r = (struct entry){
		.before = read_number(bytes),
		.status = (enum status)bytes[8],
		.text = bytes + ENTRY_HEAD,
		.len = value.len - ENTRY_HEAD,
	};
	memcpy(entry_r->id, bytes + 9, INVITATION_ID_LEN);
	return 1;
}

/* Returns 1, 0 when there is none of that number, -1. */
static int get_entry(
	struct engine *engine, uint64_t number, struct entry *entry_r, struct error *error)
{
	struct kv_bytes value;
	struct buf key;
	int found;

	number_key(&key, number);
	found = kv_get(engine->kv, TREE_EVENT, kv_buf(&key), &value, error);
	buf_free(&key);
	return found == 1 ? read_entry(value, entry_r, error) : found;
}

static void append_entry(struct buf *out, const struct entry *entry, uint64_t sequence)
{
	buf_append(out, entry->text, entry->len - 1);
	buf_printf(out, ",\"sequence\":%llu,\"status\":\"%s\"}", (unsigned long long)sequence,
		status_name(entry->status));
}

int history_append(struct engine *engine, struct json_object *record, struct trail *trail,
	struct json_object *event, enum status status, struct error *error)
{
	struct buf key, value;
	int result;

	number_key(&key, engine->sequence + 1);
	buf_init(&value, EVENT_MAX);
	key_number(&value, trail->last);
	buf_byte(&value, (char)status);
	buf_append(&value, json_string(record, "id", ""), INVITATION_ID_LEN);
	buf_string(&value, json_text(event));
	if (value.failed)
		result = error_set(
			error, ERROR_PERMANENT, "an event longer than %d bytes", EVENT_MAX);
	else
		result = kv_put(engine->kv, TREE_EVENT, kv_buf(&key), kv_buf(&value), error);
	buf_free(&key);
	buf_free(&value);
	if (result != 0)
		return -1;
	trail->last = ++engine->sequence;
	if (trail->first == 0)
		trail->first = trail->last;
	return 0;
}

static int keep_sequence(struct engine *engine, struct error *error)
{
	struct buf number;
	int result;

	number_key(&number, engine->sequence);
	result = kv_put(engine->kv, TREE_META, kv_text("sequence"), kv_buf(&number), error);
	buf_free(&number);
	return result;
}

int history_remove(struct engine *engine, const struct trail *trail, struct error *error)
{
	uint64_t number = trail->last;
	struct entry entry;
	struct buf key;
	int result = 1;

	while (number != 0 && (result = get_entry(engine, number, &entry, error)) == 1) {
		number_key(&key, number);
		result = kv_delete(engine->kv, TREE_EVENT, kv_buf(&key), error);
		buf_free(&key);
		if (result < 0)
			break;
		number = entry.before;
	}
	return result < 0 ? -1 : keep_sequence(engine, error);
}

/* The numbers of the trail behind `after`, the last one first. */
static int collect(struct engine *engine, const struct trail *trail, uint64_t after,
	struct buf *numbers, struct error *error)
{
	struct entry entry;
	int found = 1;

	for (uint64_t number = trail->last; number > after; number = entry.before) {
		found = get_entry(engine, number, &entry, error);
		if (found != 1)
			return found < 0 ? -1 : damaged(error);
		if (entry.before >= number)
			return damaged(error);
		buf_append(numbers, &number, sizeof(number));
	}
	return numbers->failed ? error_memory(error) : 0;
}

/* Appends the numbers' events, the oldest first, until the page is full. */
static int append_events(struct engine *engine, const struct buf *numbers, struct buf *out,
	struct page *page, struct error *error)
{
	size_t begin = out->len;
	uint64_t number = 0;
	struct entry entry;
	int64_t n = 0;

	for (size_t left = numbers->len; left > 0; n++) {
		if (n == page->limit || out->len > begin + PAGE_MAX) {
			page->last = number;
			break;
		}
		left -= sizeof(number);
		memcpy(&number, numbers->data + left, sizeof(number));
		if (get_entry(engine, number, &entry, error) != 1)
			return -1;
		if (out->len > begin)
			buf_byte(out, ',');
		append_entry(out, &entry, number);
	}
	return 0;
}

int op_history(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	uint64_t after = (uint64_t)json_int(ask->request, "after", 0);
	struct page page = {.limit = json_int(ask->request, "limit", INT64_MAX)};
	struct stored stored;
	struct buf numbers;
	int result;

	if (page.limit < 1)
		return error_set(error, ERROR_PERMANENT, "\"limit\" is not 1 or more");
	if (ask_invitation(ask, reply->id, error) != 0 ||
		ask_stored(ask, reply->id, &stored, error) != 0)
		return -1;
	buf_init(&numbers, NUMBERS_MAX);
	buf_string(&reply->text, "{\"events\":[");
	result = collect(ask->engine, &stored.trail, after, &numbers, error);
	if (result == 0)
		result = append_events(ask->engine, &numbers, &reply->text, &page, error);
	buf_free(&numbers);
	buf_byte(&reply->text, ']');
	if (page.last != 0)
		buf_printf(&reply->text, ",\"next\":%llu", (unsigned long long)page.last);
	buf_byte(&reply->text, '}');
	return result;
}

int op_subscribe(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	struct json_object *since = json_member(ask->request, "since");
	int64_t from = json_int(ask->request, "since", -1);
	uint64_t durable = ask->engine->durable;

	if (since != NULL && from < 0)
		return error_set(error, ERROR_PERMANENT, "\"since\" is not a sequence number");
	reply->next = ENGINE_FOLLOW;
	/* Who knows more than we do knew us before we were put back from a backup. */
	reply->sequence = since != NULL && (uint64_t)from < durable ? (uint64_t)from : durable;
	buf_printf(&reply->text, "{\"sequence\":%llu}", (unsigned long long)durable);
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

/* Gives one event. Returns 1, 2 when `fn` has enough, 0 when its invitation is
 * no longer there, -1. */
static int give(struct engine *engine, uint64_t sequence, struct kv_bytes value,
	const struct follower *follower, struct error *error)
{
	struct engine_event event = {.sequence = sequence};
	struct stored stored;
	struct entry entry;
	struct buf text;
	int found = read_entry(value, &entry, error);

	if (found == 1)
		found = invitation_load(engine, entry.id, &stored, error);
	if (found != 1)
		return found;
	buf_init(&text, REPLY_MAX);
	buf_printf(&text, "{\"sequence\":%llu,\"id\":\"%s\",\"status\":\"%s\",\"event\":",
		(unsigned long long)sequence, entry.id, status_name(entry.status));
	append_entry(&text, &entry, sequence);
	buf_string(&text, ",\"invitation\":");
	found = invitation_append(engine, entry.id, &stored, time(NULL), &text, error);
	buf_byte(&text, '}');
	event.id = entry.id;
	event.text = text.data;
	event.len = text.len;
	if (found == 0 && text.failed)
		found = error_memory(error);
	if (found == 0)
		found = follower->fn(follower->context, &event) != 0 ? 2 : 1;
	buf_free(&text);
	return found;
}

int engine_events(struct engine *engine, uint64_t *after, unsigned max, engine_event_fn *event,
	void *context, struct error *error)
{
	const struct follower follower = {event, context};
	struct kv_bytes key, value;
	struct kv_cursor *cursor;
	struct buf from;
	int result = 1, n = 0;

	if (*after >= engine->durable)
		return 0;
	number_key(&from, *after + 1);
	cursor = kv_scan(engine->kv, TREE_EVENT, kv_buf(&from), 0, error);
	buf_free(&from);
	if (cursor == NULL)
		return -1;
	while (result < 2 && (unsigned)n < max &&
		(result = kv_next(cursor, &key, &value, error)) == 1) {
		uint64_t sequence = key.len == 8 ? read_number(key.data) : 0;

		if (sequence > engine->durable)
			break;
		result = give(engine, sequence, value, &follower, error);
		if (result < 0)
			break;
		n += result > 0;
		*after = sequence;
	}
	kv_cursor_close(&cursor);
	/* Numbers whose events are no longer there are passed over. */
	if (result == 0 && n == 0)
		*after = engine->durable;
	return result < 0 ? -1 : n;
}
