/*
 * An event is handed to everybody who has to do with it, at once; none of them waits. The
 * cursor is kept every two seconds, behind what they have to remember, so that a kill makes
 * events come again and never lose one.
 */
#include "follow.h"

#include "flow.h"
#include "notice.h"
#include "webhook.h"

#include "base/log.h"
#include "store/protocol.h"

#include <string.h>

#define SEEN_ID "store"

static struct json_object *follow_request(void *context)
{
	struct tokend *tokend = context;
	struct json_object *request = store_request("subscribe");

	if (request != NULL)
		json_set_int(request, "since", tokend->sequence);
	return request;
}

/* The first answer says how far the store is. Behind us: it was put back from a backup. */
static void subscribed(struct tokend *tokend, int64_t sequence)
{
	if (sequence >= tokend->sequence)
		return;
	log_warning("store_behind sequence=%lld expected=%lld reason=\"the state was restored; "
		    "following from there\"",
		(long long)sequence, (long long)tokend->sequence);
	tokend->sequence = sequence;
	webhooks_behind(tokend);
}

static void hand_out(struct tokend *tokend, struct json_object *event)
{
	const char *type = json_string(json_member(event, "event"), "type", "");
	const char *id = json_string(event, "id", "");

	if (strcmp(type, "consent") == 0)
		flow_hasten(tokend, id, true);
	else if (strcmp(type, "consent_hint") == 0)
		flow_hasten(tokend, id, false);
	else if (strcmp(type, "revoked") == 0)
		flow_revoke(tokend, id);
	else if (strcmp(type, "token_refused") == 0 &&
		 tokend->generation->settings->auto_reinvite == YES)
		notices_reinvite(
			tokend, id, json_string(json_member(event, "event"), "at", ""));
	notices_event(tokend, id, json_member(event, "invitation"));
	webhooks_event(tokend, event);
}

static void followed(void *context, struct json_object *reply, const struct error *error)
{
	struct tokend *tokend = context;
	int64_t sequence = json_int(reply, "sequence", tokend->sequence);

	if (error != NULL) {
		log_error("store_refused request=subscribe reason=%s", error->text);
	} else if (json_member(reply, "event") == NULL) {
		subscribed(tokend, sequence);
	} else if (sequence > tokend->sequence) {
		tokend->sequence = sequence;
		hand_out(tokend, reply);
	}
}

static int read_cursor(struct tokend *tokend, struct error *error)
{
	struct vault_record record;

	tokend->sequence = 0;
	if (vault_get(tokend->vault, KIND_SEEN, SEEN_ID, &record, error) == 0) {
		tokend->sequence = json_int(record.clear, "sequence", 0);
		vault_record_clear(&record);
	} else if (error->kind != ERROR_NOT_FOUND) {
		return -1;
	}
	tokend->sequence_kept = tokend->sequence;
	return 0;
}

int follow_start(struct tokend *tokend, struct error *error)
{
	if (read_cursor(tokend, error) != 0)
		return -1;
	if (ipc_async_subscribe(tokend->store, follow_request, followed, tokend) == NULL)
		return error_memory(error);
	return 0;
}

int follow_save(struct tokend *tokend, struct error *error)
{
	struct vault_record record = {.kind = KIND_SEEN, .id = SEEN_ID};
	int result = -1;

	if (notices_save(tokend, error) != 0 || webhooks_save(tokend, error) != 0)
		return -1;
	if (tokend->sequence == tokend->sequence_kept)
		return 0;
	record.clear = json_object_new_object();
	record.secret = secret_new(NULL, 0);
	if (record.clear == NULL || record.secret == NULL ||
		json_set_int(record.clear, "sequence", tokend->sequence) != 0)
		error_memory(error);
	else
		result = vault_put(tokend->vault, &record, error);
	vault_record_clear(&record);
	if (result == 0)
		tokend->sequence_kept = tokend->sequence;
	return result;
}
