/*
 * The body is serialised once and signed as it is sent: a receiver that parses and writes it
 * again before it looks at the signature would look at other bytes.
 */
#include "token/webhook.h"

#include "base/buf.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#define FIRST_MS   2000
#define LONGEST_MS (3600 * 1000)

void webhook_event_id(const char *invitation, int64_t sequence, char id_r[WEBHOOK_ID_SIZE])
{
	snprintf(id_r, WEBHOOK_ID_SIZE, "%.40s.%lld", invitation, (long long)sequence);
}

/* Adds a member and takes the value over. */
static int add(struct json_object *object, const char *name, struct json_object *value)
{
	if (value != NULL && json_object_object_add(object, name, value) == 0)
		return 0;
	json_object_put(value);
	return -1;
}

struct json_object *webhook_body(
	const char *invitation, struct json_object *entry, struct json_object *record)
{
	struct json_object *body = json_object_new_object();
	struct json_object *event = json_copy(entry), *facts = json_copy(record);
	int64_t sequence = json_int(entry, "sequence", 0);
	char id[WEBHOOK_ID_SIZE];
	int result = body != NULL ? 0 : -1;

	webhook_event_id(invitation, sequence, id);
	if (event != NULL) {
		json_object_object_del(event, "sequence");
		json_object_object_del(event, "status");
	}
	if (facts != NULL)
		json_object_object_del(facts, "auth_url");
	if (result == 0)
		result = json_set_string(body, "id", id) |
			 json_set_int(body, "sequence", sequence) |
			 json_set_string(body, "invitation", invitation) |
			 json_set_string(body, "status", json_string(entry, "status", NULL));
	if (result == 0)
		result = add(body, "event", json_object_get(event)) |
			 add(body, "record", json_object_get(facts));
	json_object_put(event);
	json_object_put(facts);
	if (result == 0)
		return body;
	json_object_put(body);
	return NULL;
}

int webhook_sign(const struct keyfile *keys, time_t when, const char *body,
	char signature_r[WEBHOOK_SIGNATURE_SIZE])
{
	unsigned char key_id, mac[EVP_MAX_MD_SIZE];
	const struct secret *key = keyfile_current(keys, &key_id);
	struct buf text;
	unsigned int len = 0;
	int used;

	buf_init(&text, strlen(body) + 32);
	buf_printf(&text, "%lld.%s", (long long)when, body);
	if (!text.failed &&
		HMAC(EVP_sha256(), secret_bytes(key), (int)secret_len(key),
			(const unsigned char *)text.data, text.len, mac, &len) == NULL)
		len = 0;
	buf_free(&text);
	if (len == 0)
		return -1;
	used = snprintf(signature_r, WEBHOOK_SIGNATURE_SIZE, "t=%lld,v1=", (long long)when);
	for (unsigned int i = 0; i < len; i++)
		used += snprintf(signature_r + used, WEBHOOK_SIGNATURE_SIZE - (size_t)used,
			"%02x", mac[i]);
	return 0;
}

int webhook_backoff_ms(int failures, uint32_t random)
{
	int wait = FIRST_MS;

	for (int i = 1; i < failures && wait < LONGEST_MS; i++)
		wait *= 2;
	if (wait > LONGEST_MS)
		wait = LONGEST_MS;
	return wait - wait / 4 + (int)(random % ((uint32_t)wait / 2 + 1));
}
