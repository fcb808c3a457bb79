/*
 * Requests about many invitations at once, for who keeps an index of all of them and shows a
 * page of it: in order of their ids, a page after the other, and by their ids; and about links
 * alone.
 */
#include "store/engine_internal.h"

#include <string.h>

#define LIMIT_DEFAULT 500
#define LIMIT_MAX     1000
#define IDS_MAX	      500
#define LINKS_MAX     100

/* A cursor before the first invitation behind that id. */
static struct kv_cursor *scan_behind(
	struct engine *engine, const char *after, struct error *error)
{
	struct kv_cursor *cursor;
	struct buf from;

	buf_init(&from, KV_KEY_MAX);
	buf_string(&from, after);
	if (*after != '\0')
		buf_byte(&from, '\0');
	cursor = kv_scan(engine->kv, TREE_INVITATION, kv_buf(&from), 0, error);
	buf_free(&from);
	return cursor;
}

/* Appends records as they are stored; last_r is the last one's id. Returns 1 when the page is
 * full, 0 at the end, -1. */
static int append_stored(struct kv_cursor *cursor, int64_t limit, struct buf *out,
	char last_r[INVITATION_ID_LEN + 1], struct error *error)
{
	const size_t begin = out->len;
	struct kv_bytes key, value;
	struct stored stored;
	int result = 0;

	for (int64_t n = 0; n < limit && out->len < begin + PAGE_MAX; n++) {
		result = kv_next(cursor, &key, &value, error);
		if (result != 1)
			return result;
		if (key.len != INVITATION_ID_LEN)
			return error_set(error, ERROR_TEMPORARY,
				"the invitations are damaged in the database");
		memcpy(last_r, key.data, INVITATION_ID_LEN);
		last_r[INVITATION_ID_LEN] = '\0';
		if (stored_read(last_r, value, &stored, error) != 1)
			return -1;
		if (n > 0)
			buf_byte(out, ',');
		buf_append(out, stored.text, stored.len);
	}
	return result;
}

int op_invitations(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	const char *after = json_string(ask->request, "after", "");
	int64_t limit = json_int(ask->request, "limit", LIMIT_DEFAULT);
	char last[INVITATION_ID_LEN + 1] = "";
	struct kv_cursor *cursor;
	int more;

	if (limit < 1 || limit > LIMIT_MAX)
		return error_set(error, ERROR_PERMANENT, "\"limit\" is not 1 to %d", LIMIT_MAX);
	if (*after != '\0' && !invitation_id_valid(after))
		return error_set(error, ERROR_PERMANENT, "\"after\" is no invitation's id");
	cursor = scan_behind(ask->engine, after, error);
	if (cursor == NULL)
		return -1;
	buf_string(&reply->text, "{\"invitations\":[");
	more = append_stored(cursor, limit, &reply->text, last, error);
	kv_cursor_close(&cursor);
	buf_byte(&reply->text, ']');
	if (more == 1)
		buf_printf(&reply->text, ",\"next\":\"%s\"", last);
	buf_byte(&reply->text, '}');
	return more < 0 ? -1 : 0;
}

static int append_one(struct ask *ask, const char *id, struct buf *out, struct error *error)
{
	struct stored stored;
	int found = invitation_load(ask->engine, id, &stored, error);

	if (found == 1)
		return invitation_append(ask->engine, id, &stored, ask->now, out, error);
	buf_string(out, "null");
	return found;
}

int op_get_many(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	struct json_object *ids = json_member(ask->request, "ids");
	size_t n = json_count(ids);

	if (n < 1 || n > IDS_MAX)
		return error_set(
			error, ERROR_PERMANENT, "\"ids\" is no list of 1 to %d", IDS_MAX);
	buf_string(&reply->text, "{\"invitations\":[");
	for (size_t i = 0; i < n; i++) {
		struct json_object *id = json_object_array_get_idx(ids, i);
		const char *text = json_object_is_type(id, json_type_string)
					   ? json_object_get_string(id)
					   : "";

		if (i > 0)
			buf_byte(&reply->text, ',');
		if (append_one(ask, text, &reply->text, error) != 0)
			return -1;
	}
	buf_string(&reply->text, "]}");
	return 0;
}

int op_genuine(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	struct json_object *links = json_member(ask->request, "links");
	char id[INVITATION_ID_LEN + 1];
	bool genuine = false;
	size_t count;

	if (!json_object_is_type(links, json_type_array) ||
		(count = json_object_array_length(links)) > LINKS_MAX)
		return error_set(error, ERROR_PERMANENT,
			"\"links\" is not a list of at most %d of them", LINKS_MAX);
	for (size_t i = 0; i < count && !genuine; i++) {
		const char *link = json_object_get_string(json_object_array_get_idx(links, i));
		struct error none;

		genuine = link != NULL &&
			  link_token_verify(ask->engine->keys, link, id, &none) == 0;
	}
	buf_printf(&reply->text, "{\"genuine\":%s}", genuine ? "true" : "false");
	return 0;
}
