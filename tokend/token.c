/*
 * The token record: sealed first, told then. Its clear part holds the event's members, the id
 * of the change and whether the store has answered, so that a kill at any moment costs nothing:
 * resume.c tells again what was not answered, under the same id. From then on the record is due
 * when its refresh token is.
 */
#include "flow.h"

#include "refresh.h"
#include "store.h"

#include "base/log.h"
#include "invite/event.h"
#include "store/protocol.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The event's members that are strings. */
static const char *const told_members[] = {
	"signed_in_as", "signed_in_tenant", "signed_in_oid", "granted_scopes"};

#define TOLD_MEMBERS (sizeof(told_members) / sizeof(told_members[0]))

static int put_scopes(struct json_object *clear, const struct flow *flow)
{
	string_list scopes = flow->tokend->generation->settings->scopes;
	struct buf list;
	int result;

	buf_init(&list, 8192);
	if (flow->tokens.scope != NULL)
		buf_string(&list, flow->tokens.scope);
	else
		for (size_t i = 0; scopes[i] != NULL; i++)
			buf_printf(&list, "%s%s", i > 0 ? " " : "", scopes[i]);
	result = list.failed ? -1 : json_set_string(clear, "granted_scopes", list.data);
	buf_free(&list);
	return result;
}

static struct json_object *clear_part(const struct flow *flow, const char *upn)
{
	const struct settings *settings = flow->tokend->generation->settings;
	struct json_object *clear = json_object_new_object();
	const char *name = upn[0] != '\0' ? upn : flow->claims.preferred_username;
	char change[CHANGE_ID_LEN + 1];

	change_id_new(change);
	if (clear != NULL &&
		json_set_string(clear, "signed_in_as",
			name[0] != '\0' ? name : flow->claims.oid) == 0 &&
		json_set_string(clear, "signed_in_tenant", flow->claims.tid) == 0 &&
		json_set_string(clear, "signed_in_oid", flow->claims.oid) == 0 &&
		put_scopes(clear, flow) == 0 &&
		json_set_flag(clear, "confirm", settings->confirmation_scopes[0] != NULL) ==
			0 &&
		json_set_string(clear, "client_id", settings->client_id) == 0 &&
		json_set_string(clear, "issuer", flow->issuer) == 0 &&
		json_set_string(clear, "token_endpoint", flow->token_endpoint) == 0 &&
		json_set_string(clear, "jwks_uri", flow->jwks_uri) == 0 &&
		json_set_int(clear, "acquired_at", time(NULL)) == 0 &&
		json_set_string(clear, "change", change) == 0 &&
		json_set_flag(clear, "told", false) == 0)
		return clear;
	json_object_put(clear);
	return NULL;
}

int token_seal(struct flow *flow, const char *upn, struct error *error)
{
	struct tokend *tokend = flow->tokend;
	struct vault_record record = {.kind = KIND_TOKEN,
		.id = flow->id,
		.clear = clear_part(flow, upn),
		.secret = flow->tokens.refresh_token,
		.due = time(NULL)};
	struct error replaced;

	error_set(&replaced, ERROR_TEMPORARY,
		"somebody has just signed in; try again in a moment");
	refresh_forget(tokend, flow->id, &replaced);
	if (record.clear == NULL)
		return error_memory(error);
	if (vault_put(tokend->vault, &record, error) != 0) {
		json_object_put(record.clear);
		return -1;
	}
	log_info("invitation=%s sealed tenant=%s as=%s", flow->id, flow->claims.tid,
		json_string(record.clear, "signed_in_as", ""));
	flow->acquired = record.clear;
	flow->phase = PHASE_TELLING;
	oauth_tokens_free(&flow->tokens);
	if (vault_delete(tokend->vault, KIND_FLOW, flow->id, error) != 0)
		log_warning("invitation=%s vault_delete reason=%s", flow->id, error->text);
	return 0;
}

static struct json_object *told_event(struct json_object *clear)
{
	struct json_object *event = event_create(
		"device_authenticated", (time_t)json_int(clear, "acquired_at", time(NULL)));
	bool good = event != NULL &&
		    json_set_flag(event, "confirm", json_flag(clear, "confirm", false)) == 0;

	for (size_t i = 0; good && i < TOLD_MEMBERS; i++)
		good = json_set_string(event, told_members[i],
			       json_string(clear, told_members[i], "")) == 0;
	if (good)
		return event;
	json_object_put(event);
	return NULL;
}

static void mark_told(struct flow *flow)
{
	struct vault *vault = flow->tokend->vault;
	struct vault_record record;
	struct error error;
	int result = vault_get(vault, KIND_TOKEN, flow->id, &record, &error);

	if (result == 0) {
		json_set_flag(record.clear, "told", true);
		record.due = refresh_due(time(NULL),
			flow->tokend->generation->settings->refresh_interval, random_number());
		result = vault_put(vault, &record, &error);
		vault_record_clear(&record);
	}
	if (result != 0)
		log_warning("invitation=%s vault_put reason=%s", flow->id, error.text);
}

/* The store does not want it: the invitation is gone, or another account's by now. */
static void token_refused(struct flow *flow, const struct error *why)
{
	struct refusal refusal;
	struct error error;

	if (vault_delete(flow->tokend->vault, KIND_TOKEN, flow->id, &error) != 0)
		log_error("invitation=%s vault_delete reason=%s", flow->id, error.text);
	refusal_set(
		&refusal, OUTCOME_DECLINED, "refused", "%s; the token was not kept", why->text);
	flow_end(flow, &refusal, false);
}

static void told(void *context, const struct error *error)
{
	struct flow *flow = context;

	flow->telling = NULL;
	if (error != NULL) {
		token_refused(flow, error);
		return;
	}
	metrics_count(flow->tokend->metrics, METRIC_TOKEND_SIGN_INS, COUNT_SIGN_IN_COMPLETED);
	log_info("invitation=%s device_authenticated", flow->id);
	mark_told(flow);
	flow_leave(flow, NULL);
}

void tell_step(struct flow *flow)
{
	struct store_told callback = {told, flow};

	flow->telling = store_tell(flow->tokend, flow->id, told_event(flow->acquired),
		json_string(flow->acquired, "change", NULL), &callback);
	if (flow->telling == NULL)
		flow_later(flow, 2000);
}
