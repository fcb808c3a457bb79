/*
 * One invitation's events on their way to the platform. A lane lives while it is behind: it is
 * made by an event or read from the vault, asks the store for what comes behind `after`, tells
 * it, and ends when there is nothing more.
 */
#include "webhook_internal.h"

#include "config.h"
#include "store.h"

#include "base/log.h"
#include "store/protocol.h"

#include <event2/event.h>
#include <event2/util.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORE_AGAIN_MS 2000

static int lane_compare(const void *a, const void *b)
{
	return strcmp(((const struct lane *)a)->name, ((const struct lane *)b)->name);
}

struct lane *lane_find(struct tokend *tokend, const char *name)
{
	struct lane key;
	struct lane **found;

	snprintf(key.name, sizeof(key.name), "%s", name);
	found = tfind(&key, &tokend->webhooks->lanes, lane_compare);
	return found != NULL ? *found : NULL;
}

static void lane_step(struct lane *lane);

static void on_timer(evutil_socket_t unused, short what, void *context)
{
	(void)unused;
	(void)what;
	lane_step(context);
}

struct lane *lane_new(struct tokend *tokend, const char *name, int64_t after)
{
	struct lane *lane = calloc(1, sizeof(*lane));

	if (lane == NULL)
		return NULL;
	lane->tokend = tokend;
	lane->after = after;
	lane->dirty = true;
	snprintf(lane->name, sizeof(lane->name), "%s", name);
	snprintf(lane->invitation, sizeof(lane->invitation), "%.*s", (int)strcspn(name, "."),
		name);
	lane->dead_letter = name[strlen(lane->invitation)] != '\0';
	lane->timer = evtimer_new(tokend->base, on_timer, lane);
	if (lane->timer == NULL ||
		tsearch(lane, &tokend->webhooks->lanes, lane_compare) == NULL) {
		if (lane->timer != NULL)
			event_free(lane->timer);
		free(lane);
		return NULL;
	}
	LIST_INSERT_HEAD(&tokend->webhooks->list, lane, entry);
	return lane;
}

void lane_free(struct lane *lane)
{
	tdelete(lane, &lane->tokend->webhooks->lanes, lane_compare);
	LIST_REMOVE(lane, entry);
	http_cancel(&lane->call);
	if (lane->ask != NULL)
		ipc_async_cancel(&lane->ask);
	event_free(lane->timer);
	json_object_put(lane->told);
	free(lane);
}

/* Nothing is left of it, nor in the vault. */
static void lane_end(struct lane *lane)
{
	struct tokend *tokend = lane->tokend;
	bool dead_letter = lane->dead_letter, refused = lane->refused;
	char invitation[WEBHOOK_ID_SIZE];
	struct error error;

	memcpy(invitation, lane->invitation, sizeof(invitation));
	if (lane->stored &&
		vault_delete(lane->tokend->vault, KIND_LANE, lane->name, &error) != 0)
		log_warning("invitation=%s vault_delete reason=%s", lane->name, error.text);
	lane_free(lane);
	if (dead_letter)
		dead_letter_ended(tokend, invitation, refused);
}

void lane_later(struct lane *lane, int ms)
{
	struct timeval wait = {ms / 1000, ms % 1000 * 1000};

	event_add(lane->timer, &wait);
}

/* The event under way is dealt with. */
static void lane_go_on(struct lane *lane, int wait_ms)
{
	lane->after = json_int(lane->told, "sequence", lane->after);
	/* The store may have been put back meanwhile: what comes then has lower numbers. */
	if (lane->after > lane->tokend->sequence)
		lane->after = lane->tokend->sequence;
	lane->dirty = true;
	json_object_put(lane->told);
	lane->told = NULL;
	if (lane->more && !lane->dead_letter)
		lane_later(lane, wait_ms);
	else
		lane_end(lane);
}

static void delivered(struct lane *lane)
{
	metrics_count(lane->tokend->metrics, METRIC_TOKEND_WEBHOOKS, COUNT_WEBHOOK_TAKEN);
	log_debug("invitation=%s webhook sequence=%lld", lane->invitation,
		(long long)json_int(lane->told, "sequence", 0));
	lane->failures = 0;
	lane->failing_since = 0;
	if (lane->dead_letter)
		dead_letter_delete(lane);
	lane_go_on(lane, 0);
}

/* Has it been tried for long enough? Then it is in the vault as given up. */
static bool give_up(struct lane *lane, const char *reason)
{
	time_t lifetime = lane->tokend->generation->settings->webhook_lifetime;
	struct error error;

	if (!lane->dead_letter && time(NULL) - lane->failing_since < lifetime)
		return false;
	if (dead_letter_put(lane, reason, &error) == 0)
		return true;
	log_error("invitation=%s vault_put reason=%s", lane->invitation, error.text);
	return lane->dead_letter;
}

static void failed(struct lane *lane, const char *reason)
{
	uint32_t random;
	int wait_ms;

	evutil_secure_rng_get_bytes(&random, sizeof(random));
	if (lane->failures++ == 0)
		lane->failing_since = time(NULL);
	lane->dirty = true;
	lane->refused = lane->dead_letter;
	wait_ms = webhook_backoff_ms(lane->failures, random);
	log_warning("invitation=%s webhook_failed event=%s sequence=%lld failures=%d reason=%s",
		lane->invitation, json_string(lane->told, "type", "?"),
		(long long)json_int(lane->told, "sequence", 0), lane->failures, reason);
	metrics_count(lane->tokend->metrics, METRIC_TOKEND_WEBHOOKS, COUNT_WEBHOOK_REFUSED);
	if (give_up(lane, reason)) {
		lane_go_on(lane, wait_ms);
		return;
	}
	json_object_put(lane->told);
	lane->told = NULL;
	lane->more = true;
	lane_later(lane, wait_ms);
}

static void answered(void *context, const struct http_answer *answer)
{
	struct lane *lane = context;
	int status = answer->reply.status;
	char reason[160];

	lane->call = NULL;
	if (answer->outcome != HTTP_ANSWERED) {
		failed(lane, answer->error.text);
	} else if (status >= 200 && status < 300) {
		delivered(lane);
	} else {
		snprintf(reason, sizeof(reason), "the platform answered with HTTP status %d%s",
			status,
			status >= 300 && status < 400
				? "; redirects are not followed, mend webhook_url"
				: "");
		failed(lane, reason);
	}
}

static struct http_call *post(struct lane *lane, const char *body)
{
	const struct config *config = lane->tokend->generation->derived;
	char id[WEBHOOK_ID_SIZE], signature[WEBHOOK_SIGNATURE_SIZE];
	char id_line[sizeof("X-Postinvite-Event: ") + WEBHOOK_ID_SIZE];
	char signature_line[sizeof("X-Postinvite-Signature: ") + WEBHOOK_SIGNATURE_SIZE];
	const char *const headers[] = {id_line, signature_line, NULL};
	struct http_request request = {.url = lane->tokend->generation->settings->webhook_url,
		.headers = headers,
		.status_only = true};

	if (config->webhook_keys == NULL ||
		webhook_sign(config->webhook_keys, time(NULL), body, signature) != 0)
		return NULL;
	webhook_event_id(lane->invitation, json_int(lane->told, "sequence", 0), id);
	snprintf(id_line, sizeof(id_line), "X-Postinvite-Event: %s", id);
	snprintf(signature_line, sizeof(signature_line), "X-Postinvite-Signature: %s",
		signature);
	request.json = secret_from_string(body);
	if (request.json == NULL)
		return NULL;
	return http_send(lane->tokend->webhooks->http, &request, answered, lane);
}

void lane_tell(struct lane *lane, struct json_object *entry, struct json_object *record)
{
	struct json_object *body = webhook_body(lane->invitation, entry, record);

	lane->told = json_object_get(entry);
	if (body != NULL && json_text(body) != NULL)
		lane->call = post(lane, json_text(body));
	json_object_put(body);
	if (lane->call == NULL)
		failed(lane, "out of memory");
}

static void got_record(void *context, struct json_object *reply, const struct error *error)
{
	struct lane *lane = context;
	struct json_object *entry = lane->told;

	lane->ask = NULL;
	lane->told = NULL;
	if (error == NULL) {
		lane_tell(lane, entry, json_member(reply, "invitation"));
	} else if (error->kind == ERROR_NOT_FOUND) {
		lane_end(lane);
	} else {
		lane->more = true;
		lane_later(lane, STORE_AGAIN_MS);
	}
	json_object_put(entry);
}

/* The first event that has its turn, or NULL. What the subscription has not brought yet comes
 * by it. */
static struct json_object *first_event(struct lane *lane, struct json_object *reply)
{
	struct json_object *events = json_member(reply, "events");
	struct json_object *first = NULL;
	size_t n = json_count(events);
	int64_t sequence;

	if (n > 0)
		first = json_object_array_get_idx(events, 0);
	sequence = json_int(first, "sequence", 0);
	if (first == NULL || sequence > lane->tokend->sequence ||
		(lane->dead_letter && sequence != lane->after + 1))
		return NULL;
	lane->more |= n > 1;
	return first;
}

static void got_history(void *context, struct json_object *reply, const struct error *error)
{
	struct lane *lane = context;
	struct json_object *event = error == NULL ? first_event(lane, reply) : NULL;

	lane->ask = NULL;
	if (error != NULL && error->kind != ERROR_NOT_FOUND) {
		lane->more = true;
		lane_later(lane, STORE_AGAIN_MS);
		return;
	}
	if (event != NULL) {
		lane->ask = store_get(
			lane->tokend, "id", lane->invitation, STORE_PATIENT, got_record, lane);
		lane->told = json_object_get(event);
		if (lane->ask == NULL)
			failed(lane, "out of memory");
	} else if (error == NULL && lane->more) {
		lane_later(lane, STORE_AGAIN_MS);
	} else {
		if (lane->dead_letter)
			dead_letter_delete(lane);
		lane_end(lane);
	}
}

static void lane_step(struct lane *lane)
{
	struct tokend *tokend = lane->tokend;
	struct json_object *request;

	if (tokend->stopping || lane->ask != NULL || lane->call != NULL)
		return;
	if (tokend->generation->settings->webhook_url[0] == '\0') {
		lane_end(lane);
		return;
	}
	lane->more = false;
	request = store_request("history");
	if (request != NULL && json_set_string(request, "id", lane->invitation) == 0 &&
		json_set_int(request, "after", lane->after) == 0)
		lane->ask = ipc_async_call(
			tokend->store, request, STORE_PATIENT, got_history, lane);
	json_object_put(request);
	if (lane->ask == NULL) {
		lane->more = true;
		lane_later(lane, STORE_AGAIN_MS);
	}
}
