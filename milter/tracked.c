#include "tracked.h"

#include "store/protocol.h"

#include <string.h>

/* 1, 0 or -1 as for all of them. */
static int ask(const struct session *session, const char *token,
	char id_r[INVITATION_ID_LEN + 1], struct error *error)
{
	struct json_object *request = store_request("get"), *reply = NULL;
	const char *id;
	int result;

	if (request == NULL || json_set_string(request, "link", token) < 0) {
		json_object_put(request);
		return error_set(error, ERROR_TEMPORARY, "out of memory");
	}
	result = ipc_call(session_config(session)->store, request, &reply, error);
	json_object_put(request);
	id = json_string(json_member(reply, "invitation"), "id", "");
	if (result == 0 && invitation_id_valid(id))
		strcpy(id_r, id);
	else if (result == 0 || error->kind == ERROR_NOT_FOUND)
		*id_r = '\0';
	json_object_put(reply);
	if (result < 0 && error->kind != ERROR_NOT_FOUND)
		return -1;
	return *id_r != '\0';
}

int tracked_invitation(const struct session *session, const struct link_tokens *tokens,
	char id_r[INVITATION_ID_LEN + 1], struct error *error)
{
	int found = 0;

	*id_r = '\0';
	for (size_t i = 0; i < tokens->count && found == 0; i++)
		found = ask(session, tokens->text[i], id_r, error);
	return found;
}
