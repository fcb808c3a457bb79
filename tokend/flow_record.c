/*
 * A flow as a vault record: what it found out in the clear part, codes and tokens sealed. The
 * person's code is sealed, too, and the message that repeats it: who has it can have somebody
 * else sign in with it.
 */
#include "flow.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PARTS 6 /* device code, user code, message, access, refresh and id_token */

/* The members of the clear part that are strings. */
static const struct {
	const char *name;
	size_t offset;
} members[] = {
	{"tenant", offsetof(struct flow, tenant)},
	{"tenant_id", offsetof(struct flow, tenant_id)},
	{"issuer", offsetof(struct flow, issuer)},
	{"token_endpoint", offsetof(struct flow, token_endpoint)},
	{"jwks_uri", offsetof(struct flow, jwks_uri)},
	{"nonce", offsetof(struct flow, nonce)},
	{"login_hint", offsetof(struct flow, login_hint)},
	{"verification_uri", offsetof(struct flow, device.verification_uri)},
	{"scope", offsetof(struct flow, tokens.scope)},
};

#define MEMBERS (sizeof(members) / sizeof(members[0]))

static char **member_of(struct flow *flow, size_t i)
{
	return (char **)((char *)flow + members[i].offset);
}

static struct json_object *clear_part(struct flow *flow)
{
	struct json_object *clear = json_object_new_object();
	bool good = clear != NULL;

	for (size_t i = 0; good && i < MEMBERS; i++)
		good = json_set_string(clear, members[i].name, *member_of(flow, i)) == 0;
	if (good && json_set_int(clear, "interval", flow->progress.interval) == 0 &&
		json_set_int(clear, "expires_at", flow->expires_at) == 0 &&
		json_set_int(clear, "id_token_at", flow->id_token_at) == 0)
		return clear;
	json_object_put(clear);
	return NULL;
}

static struct secret *secret_of(const char *text)
{
	return text != NULL ? secret_from_string(text) : NULL;
}

static struct secret *secret_part(const struct flow *flow)
{
	struct secret *user_code = secret_of(flow->device.user_code);
	struct secret *message = secret_of(flow->device.message);
	const struct secret *parts[PARTS] = {flow->device.device_code, user_code, message,
		flow->tokens.access_token, flow->tokens.refresh_token, flow->tokens.id_token};
	struct secret *packed = vault_pack(parts, PARTS);

	secret_free(&user_code);
	secret_free(&message);
	return packed;
}

int flow_save(struct flow *flow, struct error *error)
{
	struct vault_record record = {.kind = KIND_FLOW,
		.id = flow->id,
		.clear = clear_part(flow),
		.secret = secret_part(flow),
		.due = time(NULL)};
	int result;

	if (record.clear == NULL || record.secret == NULL)
		result = error_memory(error);
	else
		result = vault_put(flow->tokend->vault, &record, error);
	vault_record_clear(&record);
	return result;
}

static int take_clear(struct flow *flow, struct json_object *clear)
{
	for (size_t i = 0; i < MEMBERS; i++) {
		const char *value = json_string(clear, members[i].name, NULL);

		if (value != NULL && (*member_of(flow, i) = strdup(value)) == NULL)
			return -1;
	}
	flow->progress.interval = (int)json_int(clear, "interval", 5);
	flow->expires_at = json_int(clear, "expires_at", 0);
	flow->id_token_at = json_int(clear, "id_token_at", time(NULL));
	return flow->progress.interval > 0 && flow->tenant_id != NULL && flow->issuer != NULL &&
			       flow->token_endpoint != NULL && flow->jwks_uri != NULL
		       ? 0
		       : -1;
}

/* Frees the secret. */
static char *text_of(struct secret **secret)
{
	char *text = *secret != NULL ? strdup((const char *)secret_bytes(*secret)) : NULL;

	secret_free(secret);
	return text;
}

static int take_secret(struct flow *flow, const struct secret *secret)
{
	struct secret *parts[PARTS];

	if (vault_unpack(secret, parts, PARTS) != 0)
		return -1;
	flow->device.device_code = parts[0];
	flow->device.user_code = text_of(&parts[1]);
	flow->device.message = text_of(&parts[2]);
	flow->tokens.access_token = parts[3];
	flow->tokens.refresh_token = parts[4];
	flow->tokens.id_token = parts[5];
	return flow->tokens.access_token != NULL || (flow->device.device_code != NULL &&
							    flow->device.user_code != NULL)
		       ? 0
		       : -1;
}

struct flow *flow_load(
	struct tokend *tokend, const struct vault_record *record, struct error *error)
{
	struct flow *flow = flow_new(tokend, record->id, PHASE_RESUMING);

	if (flow == NULL) {
		error_memory(error);
		return NULL;
	}
	if (take_clear(flow, record->clear) == 0 && take_secret(flow, record->secret) == 0)
		return flow;
	flow_free(flow);
	error_set(error, ERROR_PERMANENT, "the flow's record is not complete");
	return NULL;
}
