/*
 * When Welcome mails went to a mailbox: one small value for each, the last day's times, newest
 * first. It is written in the transaction that records the mail, so that what was paced and
 * what was sent cannot differ.
 */
#include "store/engine_internal.h"

#include <string.h>

#define TIME_LEN 8

static void sent_key(struct buf *key, const char *mailbox)
{
	buf_init(key, KV_KEY_MAX);
	buf_byte(key, INDEX_SENT);
	key_lower(key, mailbox);
}

static time_t time_at(struct kv_bytes times, size_t i)
{
	return (time_t)read_number((const char *)times.data + i * TIME_LEN);
}

/* How many of the times, from the newest on, lie within the last day. */
static size_t recent(struct kv_bytes times, time_t now)
{
	size_t n = times.len / TIME_LEN;

	while (n > 0 && time_at(times, n - 1) <= now - SENT_KEPT)
		n--;
	return n;
}

/* Returns 1 with the times (as kv_get), 0, -1. */
static int sent_get(struct engine *engine, const char *mailbox, struct kv_bytes *times_r,
	struct error *error)
{
	struct buf key;
	int found = 0;

	*times_r = (struct kv_bytes){"", 0};
	sent_key(&key, mailbox);
	if (!key.failed)
		found = kv_get(engine->kv, TREE_INDEX, kv_buf(&key), times_r, error);
	buf_free(&key);
	return found;
}

int sent_note(struct engine *engine, const char *mailbox, time_t now, struct error *error)
{
	struct kv_bytes before;
	struct buf key, times;
	size_t kept;
	int result = sent_get(engine, mailbox, &before, error);

	if (result < 0)
		return -1;
	kept = recent(before, now);
	buf_init(&times, SENT_MAX * TIME_LEN);
	key_number(&times, (uint64_t)now);
	buf_append(&times, before.data, (kept < SENT_MAX ? kept : SENT_MAX - 1) * TIME_LEN);
	sent_key(&key, mailbox);
	if (key.failed || times.failed)
		result = error_memory(error);
	else
		result = kv_put(engine->kv, TREE_INDEX, kv_buf(&key), kv_buf(&times), error);
	buf_free(&key);
	buf_free(&times);
	return result;
}

int sent_drop(struct engine *engine, const char *mailbox, time_t now, struct error *error)
{
	struct kv_bytes times;
	struct buf key;
	int result = sent_get(engine, mailbox, &times, error);

	if (result != 1 || recent(times, now) > 0)
		return result < 0 ? -1 : 0;
	sent_key(&key, mailbox);
	result = kv_delete(engine->kv, TREE_INDEX, kv_buf(&key), error);
	buf_free(&key);
	return result < 0 ? -1 : 0;
}

int sent_append(struct engine *engine, const char *mailbox, time_t now, struct buf *out,
	struct error *error)
{
	struct kv_bytes times;
	size_t n;

	if (sent_get(engine, mailbox, &times, error) < 0)
		return -1;
	n = recent(times, now);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%lld", i > 0 ? "," : "", (long long)time_at(times, i));
	return 0;
}
