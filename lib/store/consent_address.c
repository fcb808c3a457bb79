/*
 * Each customer's own address for consent mails. It is derived, never stored: made for replies
 * under the current link key, and found again by the tags of all customers under every key
 * (store/tags.h), which a walk over the customers finds out step by step. A site of a few
 * thousand customers is walked within the first look-up.
 */
#include "store/engine_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP	     500 /* customers, a few milliseconds */
#define LOOKUP_STEPS 10	 /* of which a look-up waits for at most so many */

/* The JSON text before and behind the tag; both NULL without an address or memory. */
static void split_address(struct engine *engine, const char *address)
{
	struct json_object *string = json_object_new_string(address);
	const char *text = string == NULL ? "" : json_text(string);
	const char *at = strrchr(text, '@');

	if (at != NULL && asprintf(&engine->consent_local, ",\"consent_address\":%.*s+",
				  (int)(at - text), text) < 0)
		engine->consent_local = NULL;
	engine->consent_domain = engine->consent_local == NULL ? NULL : strdup(at);
	json_object_put(string);
}

void consent_free(struct engine *engine)
{
	tags_free(&engine->tags);
	free(engine->consent_local);
	free(engine->consent_domain);
	engine->consent_local = engine->consent_domain = NULL;
	engine->consent_customer[0] = '\0';
}

void consent_configure(struct engine *engine)
{
	const char *address = engine->settings->consent_address;

	consent_free(engine);
	if (address == NULL || *address == '\0')
		return;
	split_address(engine, address);
	engine->tags = tags_new(engine->keys);
}

/* The setting is there, and so must be what it needs. */
static bool without_memory(const struct engine *engine)
{
	return engine->tags == NULL || engine->consent_domain == NULL;
}

static bool is_set(const struct engine *engine)
{
	const char *address = engine->settings->consent_address;

	return address != NULL && *address != '\0';
}

int consent_append(
	struct engine *engine, const char *customer_id, struct buf *out, struct error *error)
{
	unsigned char key_id;

	if (!is_set(engine))
		return 0;
	if (without_memory(engine))
		return error_memory(error);
	if (strcmp(engine->consent_customer, customer_id) != 0) {
		engine->consent_customer[0] = '\0';
		if (consent_tag(keyfile_current(engine->keys, &key_id), customer_id,
			    engine->consent_tag) < 0)
			return error_memory(error);
		snprintf(engine->consent_customer, sizeof(engine->consent_customer), "%s",
			customer_id);
	}
	buf_string(out, engine->consent_local);
	buf_string(out, engine->consent_tag);
	buf_string(out, engine->consent_domain);
	return 0;
}

/* As records are written: {"id":"...","revision":7,"customer_id":"contoso", and so on. False
 * when this one is not, or the id is one that JSON escapes. */
static bool customer_of_text(const struct stored *stored, char customer_id_r[TEXT_MAX + 1])
{
	static const char id[] = "{\"id\":\"",
			  revision[] = "\",\"revision\":", customer[] = ",\"customer_id\":\"";
	const char *at = stored->text, *end = at + stored->len;
	size_t head = strlen(id) + INVITATION_ID_LEN, len;

	if (stored->len < head + strlen(revision) || memcmp(at, id, strlen(id)) != 0 ||
		memcmp(at + head, revision, strlen(revision)) != 0)
		return false;
	at += head + strlen(revision);
	while (at < end && isdigit((unsigned char)*at))
		at++;
	if ((size_t)(end - at) < strlen(customer) ||
		memcmp(at, customer, strlen(customer)) != 0)
		return false;
	at += strlen(customer);
	for (len = 0; at + len < end && at[len] != '"' && at[len] != '\\';)
		len++;
	if (at + len == end || at[len] != '"' || len > TEXT_MAX)
		return false;
	memcpy(customer_id_r, at, len);
	customer_id_r[len] = '\0';
	return true;
}

int consent_append_of(struct engine *engine, const struct stored *stored, struct buf *out,
	struct error *error)
{
	char customer_id[TEXT_MAX + 1];
	struct json_object *record;
	int result;

	if (!is_set(engine))
		return 0;
	if (stored->customer_id != NULL)
		return consent_append(engine, stored->customer_id, out, error);
	if (customer_of_text(stored, customer_id))
		return consent_append(engine, customer_id, out, error);
	if (json_parse(stored->text, stored->len, &record, error) != 0)
		return -1;
	result = consent_append(engine, json_string(record, "customer_id", ""), out, error);
	json_object_put(record);
	return result;
}

int consent_note(struct engine *engine, const char *customer_id, struct error *error)
{
	return engine->tags == NULL ? 0 : tags_add(engine->tags, customer_id, false, error);
}

void consent_restart(struct engine *engine)
{
	if (engine->tags != NULL)
		tags_restart(engine->tags);
}

/* Adds the tags of the next customers. Returns 1 when there are more, 0, -1. */
static int add_tags(struct engine *engine, struct customer_walk *walk, struct error *error)
{
	char customer_id[TEXT_MAX + 1];
	struct customer customer;
	int result = 1;

	for (int n = 0; n < STEP && result == 1; n++) {
		result = customer_walk_next(walk, &customer, error);
		if (result != 1)
			break;
		memcpy(customer_id, customer.id.data, customer.id.len);
		customer_id[customer.id.len] = '\0';
		if (tags_add(engine->tags, customer_id, true, error) != 0)
			result = -1;
	}
	return result;
}

int consent_step(struct engine *engine, struct error *error)
{
	struct customer_walk *walk;
	int result;

	if (engine->tags == NULL || !tags_walking(engine->tags))
		return 0;
	walk = customer_walk(engine, tags_position(engine->tags), error);
	result = walk != NULL ? add_tags(engine, walk, error) : -1;
	customer_walk_close(&walk);
	if (result == 0)
		tags_complete(engine->tags);
	return result;
}

/* Returns 1, 0 when there is no such customer (any more), -1. */
static int customer_exists(struct engine *engine, const char *customer_id, struct error *error)
{
	char latest[INVITATION_ID_LEN + 1];
	struct json_object *row;
	int found = customer_row(engine, customer_id, &row, error);

	json_object_put(row);
	return found != 0 ? found : invitation_latest(engine, customer_id, latest, error);
}

int consent_customer(struct engine *engine, const char *tag, char customer_id_r[TEXT_MAX + 1],
	struct error *error)
{
	const char *customer_id;
	int more = 1;
	size_t n = 0;

	if (is_set(engine) && without_memory(engine))
		return error_memory(error);
	for (int i = 0; i < LOOKUP_STEPS && more == 1; i++)
		more = consent_step(engine, error);
	while (engine->tags != NULL &&
		(customer_id = tags_find(engine->tags, tag, &n)) != NULL) {
		int found = customer_exists(engine, customer_id, error);

		if (found < 0)
			return -1;
		if (found == 0)
			continue;
		strcpy(customer_id_r, customer_id);
		return 0;
	}
	if (more < 0)
		return -1;
	if (more == 1)
		return error_set(error, ERROR_TEMPORARY,
			"the consent addresses of all customers are still being found out");
	return error_set(error, ERROR_NOT_FOUND, "no customer has that consent address");
}
