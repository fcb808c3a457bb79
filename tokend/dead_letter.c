/*
 * Events that were given up: kept in the vault, listed and told once more when an operator
 * asks. One that is told again goes out of its invitation's order, since later events have been
 * told meanwhile; several of one invitation go one after the other.
 */
#include "webhook_internal.h"

#include "requests.h"

#include "base/clock.h"
#include "base/log.h"

#include <string.h>

#define LIST_MAX 1000

static int count_one(
	void *context, const struct vault_record *record, const struct error *fault)
{
	struct tokend *tokend = context;

	if (fault != NULL)
		log_error("dead_letter=%s unreadable reason=%s", record->id, fault->text);
	tokend->webhooks->dead++;
	return 0;
}

int dead_letters_count(struct tokend *tokend, struct error *error)
{
	if (vault_each(tokend->vault, KIND_DEAD_LETTER, count_one, tokend, error) != 0)
		return -1;
	if (tokend->webhooks->dead > 0)
		log_warning("dead_letters count=%zu", tokend->webhooks->dead);
	return 0;
}

static int fill(struct json_object *clear, const struct lane *lane, const char *reason)
{
	char at[CLOCK_TEXT_SIZE];

	return json_set_string(clear, "invitation", lane->invitation) == 0 &&
			       json_set_int(clear, "sequence",
				       json_int(lane->told, "sequence", 0)) == 0 &&
			       json_set_string(clear, "type",
				       json_string(lane->told, "type", "?")) == 0 &&
			       json_set_string(clear, "event_at",
				       json_string(lane->told, "at", "")) == 0 &&
			       json_set_string(clear, "given_up_at",
				       clock_format(time(NULL), at)) == 0 &&
			       json_set_string(clear, "reason", reason) == 0
		       ? 0
		       : -1;
}

int dead_letter_put(struct lane *lane, const char *reason, struct error *error)
{
	struct webhooks *webhooks = lane->tokend->webhooks;
	char id[WEBHOOK_ID_SIZE];
	struct vault_record record = {.kind = KIND_DEAD_LETTER,
		.id = id,
		.clear = json_object_new_object(),
		.secret = secret_new(NULL, 0)};
	int result = -1;

	webhook_event_id(lane->invitation, json_int(lane->told, "sequence", 0), id);
	if (record.clear == NULL || record.secret == NULL ||
		fill(record.clear, lane, reason) != 0)
		error_memory(error);
	else
		result = vault_put(lane->tokend->vault, &record, error);
	vault_record_clear(&record);
	if (result == 0 && !lane->dead_letter)
		metrics_count(lane->tokend->metrics, METRIC_TOKEND_WEBHOOKS,
			COUNT_WEBHOOK_DEAD_LETTER);
	if (result == 0 && !lane->dead_letter)
		log_error("invitation=%s dead_letter=%s count=%zu reason=%s", lane->invitation,
			id, ++webhooks->dead, reason);
	return result;
}

void dead_letter_delete(struct lane *lane)
{
	struct webhooks *webhooks = lane->tokend->webhooks;
	struct error error;

	if (vault_delete(lane->tokend->vault, KIND_DEAD_LETTER, lane->name, &error) != 0)
		log_error("dead_letter=%s vault_delete reason=%s", lane->name, error.text);
	else
		log_info("dead_letter=%s gone count=%zu", lane->name, --webhooks->dead);
}

/* Starts the earliest of the invitation's unless one is under way. */
static void start_next(struct tokend *tokend, const char *invitation)
{
	struct lane *lane, *first = NULL;

	LIST_FOREACH (lane, &tokend->webhooks->list, entry) {
		if (!lane->dead_letter || strcmp(lane->invitation, invitation) != 0)
			continue;
		if (!lane->waiting)
			return;
		if (first == NULL || lane->after < first->after)
			first = lane;
	}
	if (first == NULL)
		return;
	first->waiting = false;
	lane_later(first, 0);
}

/* Those that wait behind one that was refused again stay dead letters. */
static void drop_waiting(struct tokend *tokend, const char *invitation)
{
	struct lane *lane = LIST_FIRST(&tokend->webhooks->list), *next;

	for (; lane != NULL; lane = next) {
		next = LIST_NEXT(lane, entry);
		if (lane->waiting && strcmp(lane->invitation, invitation) == 0)
			lane_free(lane);
	}
}

void dead_letter_ended(struct tokend *tokend, const char *invitation, bool refused)
{
	if (refused)
		drop_waiting(tokend, invitation);
	else
		start_next(tokend, invitation);
}

static void start_waiting(struct tokend *tokend)
{
	struct lane *lane;

	LIST_FOREACH (lane, &tokend->webhooks->list, entry)
		if (lane->waiting)
			start_next(tokend, lane->invitation);
}

struct listing {
	struct tokend *tokend;
	const char *after, *retry;
	struct json_object *list;
	bool failed, more;
};

/* Has it told once more. */
static void retry(struct tokend *tokend, const struct vault_record *record)
{
	struct lane *lane = lane_find(tokend, record->id);

	if (lane != NULL || tokend->generation->settings->webhook_url[0] == '\0')
		return;
	lane = lane_new(tokend, record->id, json_int(record->clear, "sequence", 0) - 1);
	if (lane != NULL)
		lane->waiting = true;
}

static int list_one(void *context, const struct vault_record *record, const struct error *fault)
{
	struct listing *listing = context;
	struct json_object *one;

	if (fault != NULL || strcmp(record->id, listing->after) <= 0)
		return 0;
	listing->more = json_object_array_length(listing->list) >= LIST_MAX;
	if (listing->more)
		return 1;
	one = json_copy(record->clear);
	if (one == NULL || json_set_string(one, "id", record->id) != 0 ||
		json_object_array_add(listing->list, one) != 0) {
		json_object_put(one);
		listing->failed = true;
		return 1;
	}
	if (strcmp(listing->retry, "all") == 0 || strcmp(listing->retry, record->id) == 0)
		retry(listing->tokend, record);
	return 0;
}

void dead_letters_request(struct request *request)
{
	struct tokend *tokend = request->tokend;
	struct listing listing = {.tokend = tokend,
		.after = json_string(request->body, "after", ""),
		.retry = json_string(request->body, "retry", ""),
		.list = json_object_new_array()};
	struct json_object *reply = json_object_new_object();
	struct error error;

	if (reply == NULL || listing.list == NULL ||
		json_object_object_add(reply, "dead_letters", listing.list) != 0) {
		json_object_put(reply);
		json_object_put(listing.list);
		request_refuse(request, ERROR_TEMPORARY, "out of memory");
		return;
	}
	if (vault_each(tokend->vault, KIND_DEAD_LETTER, list_one, &listing, &error) < 0 ||
		listing.failed) {
		json_object_put(reply);
		request_refuse(request, ERROR_TEMPORARY, "the dead letters cannot be read: %s",
			listing.failed ? "out of memory" : error.text);
		return;
	}
	start_waiting(tokend);
	json_set_flag(reply, "more", listing.more);
	request_reply(request, reply);
}
