#include "lookup.h"

#include "act.h"
#include "mail/address.h"
#include "store/protocol.h"

#include <stdio.h>
#include <string.h>

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
	struct json_object *request = request_about("get", member, value), *reply = NULL;
	int result, found;

	if (request == NULL)
		return error_memory(error);
	result = ask_store(session, request, &reply, error);
	found = result == 0 && take(json_member(reply, "invitation"), found_r);
	json_object_put(request);
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

static int put_links(struct json_object *request, const struct link_tokens *tokens)
{
	struct json_object *links = json_object_new_array();
	int failed = links == NULL;

	for (size_t i = 0; i < tokens->count && !failed; i++)
		failed |= json_object_array_add(links, json_object_new_string(tokens->text[i]));
	if (!failed)
		return json_object_object_add(request, "links", links);
	json_object_put(links);
	return -1;
}

int lookup_genuine(
	const struct session *session, const struct link_tokens *tokens, struct error *error)
{
	struct json_object *request = store_request("genuine"), *reply = NULL;
	int result, genuine;

	if (request == NULL || put_links(request, tokens) < 0)
		result = error_memory(error);
	else
		result = ask_store(session, request, &reply, error);
	genuine = result == 0 && json_object_get_boolean(json_member(reply, "genuine"));
	json_object_put(request);
	json_object_put(reply);
	return result < 0 ? -1 : genuine;
}

/* Of the mailbox's invitations, newest first, the one that the report is about. */
static int look_among(const struct session *session, const char *mailbox,
	const struct report *report, struct found_invitation *found_r, struct error *error)
{
	struct json_object *request = request_about("candidates", "mailbox", mailbox),
			   *reply = NULL, *invitations;
	int result, found = 0;

	if (request == NULL)
		return error_memory(error);
	result = ask_store_briefly(session, request, &reply, error);
	invitations = json_member(reply, "invitations");
	for (size_t i = 0; i < json_count(invitations) && found == 0; i++) {
		struct json_object *one = json_object_array_get_idx(invitations, i);

		found = report_has_id(report, json_string(one, "message_id", "")) &&
			take(one, found_r);
	}
	json_object_put(request);
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
