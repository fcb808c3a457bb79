/*
 * Requests about one invitation that is there: get, watch, apply. And what such requests share with
 * others (op_open.c, history.c): which one is meant, and the outcome of a change of one: its id,
 * and whether the change did anything.
 */
#include "store/engine_internal.h"

#include "invite/event.h"
#include "invite/tag.h"

#include <string.h>

#define WATCH_MAX_S 60
#define OUTCOME_LEN (INVITATION_ID_LEN + 1) /* id, then '1' or '0' */

static int unknown(struct error *error)
{
	return error_set(error, ERROR_NOT_FOUND, "there is no such invitation");
}

int ask_invitation(struct ask *ask, char id_r[INVITATION_ID_LEN + 1], struct error *error)
{
	const char *id = json_string(ask->request, "id", NULL);
	const char *link = json_string(ask->request, "link", NULL);
	const char *bounce_tag = json_string(ask->request, "bounce_tag", NULL);

	if (link != NULL)
		return link_token_verify(ask->engine->keys, link, id_r, error);
	if (ask->caller->role == STORE_ROLE_WIZARD)
		return error_set(error, ERROR_POLICY, "%s names invitations by their link only",
			role_name(ask->caller->role));
	if (bounce_tag != NULL)
		return bounce_tag_verify(ask->engine->keys, bounce_tag, id_r, error);
	if (id == NULL || strlen(id) != INVITATION_ID_LEN)
		return unknown(error);
	strcpy(id_r, id);
	return 0;
}

int ask_stored(struct ask *ask, const char *id, struct stored *stored_r, struct error *error)
{
	int found = invitation_load(ask->engine, id, stored_r, error);

	return found == 0 ? unknown(error) : found < 0 ? -1 : 0;
}

static int append_reply(struct ask *ask, const char *id, const struct stored *stored,
	struct buf *out, struct error *error)
{
	buf_string(out, "{\"invitation\":");
	if (invitation_append(ask->engine, id, stored, ask->now, out, error) != 0)
		return -1;
	buf_byte(out, '}');
	return 0;
}

int op_get(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	struct stored stored;

	if (ask_invitation(ask, reply->id, error) != 0 ||
		ask_stored(ask, reply->id, &stored, error) != 0)
		return -1;
	return append_reply(ask, reply->id, &stored, &reply->text, error);
}

int op_watch(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	int64_t revision = json_int(ask->request, "revision", -1);
	int64_t timeout = json_int(ask->request, "timeout", 0);
	struct stored stored;

	if (timeout < 0 || timeout > WATCH_MAX_S)
		return error_set(
			error, ERROR_PERMANENT, "\"timeout\" is not 0 to %d", WATCH_MAX_S);
	if (ask_invitation(ask, reply->id, error) != 0 ||
		ask_stored(ask, reply->id, &stored, error) != 0)
		return -1;
	if (timeout > 0 && revision >= 0 && stored.revision == (uint64_t)revision) {
		reply->next = ENGINE_WAIT;
		reply->timeout_s = (int)timeout;
	}
	return append_reply(ask, reply->id, &stored, &reply->text, error);
}

void outcome_keep(struct buf *outcome, const char *id, bool flag)
{
	buf_string(outcome, id);
	buf_byte(outcome, flag ? '1' : '0');
}

int outcome_answer(struct ask *ask, const struct buf *outcome, const char *flag,
	struct buf *out, struct error *error)
{
	char id[INVITATION_ID_LEN + 1];
	struct stored stored;

	if (outcome->len != OUTCOME_LEN)
		return error_set(error, ERROR_TEMPORARY,
			"the outcome of a change is damaged in the database");
	memcpy(id, outcome->data, INVITATION_ID_LEN);
	id[INVITATION_ID_LEN] = '\0';
	if (ask_stored(ask, id, &stored, error) != 0)
		return -1;
	buf_string(out, "{\"invitation\":");
	if (invitation_append(ask->engine, id, &stored, ask->now, out, error) != 0)
		return -1;
	buf_printf(out, ",\"%s\":%s", flag,
		outcome->data[INVITATION_ID_LEN] == '1' ? "true" : "false");
	return 0;
}

int answer_applied(
	struct ask *ask, const struct buf *outcome, struct buf *out, struct error *error)
{
	if (outcome_answer(ask, outcome, "changed", out, error) != 0)
		return -1;
	buf_byte(out, '}');
	return 0;
}

int answer_as_kept(
	struct ask *ask, const struct buf *outcome, struct buf *out, struct error *error)
{
	(void)ask;
	(void)error;
	buf_append(out, outcome->data, outcome->len);
	return 0;
}

int op_apply(struct ask *ask, struct buf *outcome, struct error *error)
{
	struct json_object *given = json_member(ask->request, "event"), *event, *record = NULL;
	const char *type = json_string(given, "type", "");
	char id[INVITATION_ID_LEN + 1];
	struct stored stored;
	int changed = -1;

	if (event_senders(type) == NULL)
		return error_set(error, ERROR_PERMANENT, "event: unknown type");
	if (!role_sends(ask->caller->role, given))
		return error_set(error, ERROR_POLICY, "%s may not send such an event \"%s\"",
			role_name(ask->caller->role), type);
	if (ask_invitation(ask, id, error) != 0 || ask_stored(ask, id, &stored, error) != 0)
		return -1;
	event = json_copy(given);
	if (event == NULL)
		return error_memory(error);
	record = stored_record(&stored, error);
	if (record != NULL && (strcmp(type, "extended") != 0 ||
				      extension_check(ask, id, &stored, record, error) == 0))
		changed = invitation_event(ask, record, &stored.trail, event, error);
	json_object_put(record);
	json_object_put(event);
	if (changed < 0)
		return -1;
	outcome_keep(outcome, id, changed == 1);
	return 0;
}
