#include "lookup.h"

#include "act.h"
#include "mail/recognise.h"
#include "store/protocol.h"

#include <stdio.h>
#include <string.h>

/* Takes over the request, whose one argument it sets. Returns 0, or -1 as ipc_call does. */
static int ask(const struct session *session, struct json_object *request, const char *member,
	const char *value, struct json_object **reply_r, struct error *error)
{
	int result;

	if (request == NULL || put_text(request, member, value) < 0) {
		json_object_put(request);
		return error_set(error, ERROR_TEMPORARY, "out of memory");
	}
	result = ask_store(session, request, reply_r, error);
	json_object_put(request);
	return result;
}

static bool take(struct json_object *invitation, struct found_invitation *found_r)
{
	const char *id = json_string(invitation, "id", "");

	if (!invitation_id_valid(id))
		return false;
	strcpy(found_r->id, id);
	snprintf(found_r->mailbox, sizeof(found_r->mailbox), "%s",
		json_string(invitation, "invitation_email", ""));
	snprintf(found_r->message_id, sizeof(found_r->message_id), "%s",
		json_string(invitation, "message_id", ""));
	return true;
}

static int get(const struct session *session, const char *member, const char *value,
	struct found_invitation *found_r, struct error *error)
{
	struct json_object *reply = NULL;
	int result = ask(session, store_request("get"), member, value, &reply, error);
	int found = result == 0 && take(json_member(reply, "invitation"), found_r);

	json_object_put(reply);
	return result < 0 && error->kind != ERROR_NOT_FOUND ? -1 : found;
}

int lookup_id(const struct session *session, const char *id, struct found_invitation *found_r,
	struct error *error)
{
	return invitation_id_valid(id) ? get(session, "id", id, found_r, error) : 0;
}

int lookup_links(const struct session *session, const struct link_tokens *tokens,
	struct found_invitation *found_r, struct error *error)
{
	int found = 0;

	for (size_t i = 0; i < tokens->count && found == 0; i++)
		found = get(session, "link", tokens->text[i], found_r, error);
	return found;
}

static bool is_about(const struct report *report, struct json_object *invitation)
{
	const char *message_id = json_string(invitation, "message_id", "");

	for (size_t i = 0; i < report->message_id_count; i++)
		if (strcmp(report->message_ids[i], message_id) == 0)
			return true;
	return false;
}

/* Of the mailbox's invitations, newest first, the one that the report is about. */
static int look_among(const struct session *session, const char *mailbox,
	const struct report *report, struct found_invitation *found_r, struct error *error)
{
	struct json_object *reply = NULL, *invitations;
	int result =
		ask(session, store_request("candidates"), "mailbox", mailbox, &reply, error);
	int found = 0;

	invitations = json_member(reply, "invitations");
	for (size_t i = 0; result == 0 && found == 0 &&
			   json_object_is_type(invitations, json_type_array) &&
			   i < json_object_array_length(invitations);
		i++) {
		struct json_object *one = json_object_array_get_idx(invitations, i);

		found = is_about(report, one) && take(one, found_r);
	}
	json_object_put(reply);
	return result < 0 ? -1 : found;
}

int lookup_message(const struct session *session, const struct report *report,
	struct found_invitation *found_r, struct error *error)
{
	int found = 0;

	for (size_t i = 0; i < report->mailbox_count && found == 0; i++)
		if (report->message_id_count > 0 && mailbox_valid(report->mailboxes[i]))
			found = look_among(
				session, report->mailboxes[i], report, found_r, error);
	return found;
}
