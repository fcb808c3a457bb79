/*
 * Each customer's own address for consent mails. It is derived, never stored: made for replies under the current link
 * key, and found again by the tags of all customers under every key (store/tags.h), which a walk over the customers
 * finds out step by step. A site of a few thousand customers is walked within the first look-up.
 */
#include "store/engine_internal.h"

#include "invite/tag.h"

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

static int no_memory(struct error *error)
{
	return error_set(error, ERROR_TEMPORARY, "out of memory");
}

int consent_append(
	struct engine *engine, const char *customer_id, struct buf *out, struct error *error)
{
	char tag[CONSENT_TAG_LEN + 1];
	unsigned char key_id;

	if (!is_set(engine))
		return 0;
	if (without_memory(engine) ||
		consent_tag(keyfile_current(engine->keys, &key_id), customer_id, tag) < 0)
		return no_memory(error);
	buf_string(out, engine->consent_local);
	buf_string(out, tag);
	buf_string(out, engine->consent_domain);
	return 0;
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

int consent_step(struct engine *engine, struct error *error)
{
	struct tags *tags = engine->tags;
	struct buf next;
	int result = 1;

	if (tags == NULL || !tags_walking(tags))
		return 0;
	buf_init(&next, TEXT_MAX);
	for (int n = 0; n < STEP && result == 1; n++) {
		result = customer_next(engine, tags_position(tags), &next, error);
		if (result == 1 && tags_add(tags, next.data, true, error) != 0)
			result = -1;
	}
	buf_free(&next);
	if (result == 0)
		tags_complete(tags);
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
		return no_memory(error);
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
