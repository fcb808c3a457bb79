/*
 * Between the store's events and the lanes. An event whose invitation has no lane is told at
 * once from what the subscription brought; one whose invitation has a lane only marks that
 * there is more.
 */
#include "webhook_internal.h"

#include "monitor.h"

#include "base/log.h"

#include <event2/util.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#define RESUME_MS 2000 /* lanes of the vault go on within that time */

static const struct http_limits limits = {
	.connect_ms = 5000, .total_ms = 10000, .requests = 16};

static int resume_lane(
	void *context, const struct vault_record *record, const struct error *fault)
{
	struct tokend *tokend = context;
	struct lane *lane;
	uint32_t random;

	if (fault != NULL) {
		log_error("invitation=%s lane_unreadable reason=%s", record->id, fault->text);
		return 0;
	}
	lane = lane_new(tokend, record->id, json_int(record->clear, "after", 0));
	if (lane == NULL)
		return -1;
	lane->failures = (int)json_int(record->clear, "failures", 0);
	lane->failing_since = (time_t)json_int(record->clear, "failing_since", 0);
	lane->dirty = false;
	lane->stored = lane->more = true;
	evutil_secure_rng_get_bytes(&random, sizeof(random));
	lane_later(lane, (int)(random % RESUME_MS));
	return 0;
}

int webhooks_start(struct tokend *tokend, struct error *error)
{
	tokend->webhooks = calloc(1, sizeof(*tokend->webhooks));
	error_memory(error);
	if (tokend->webhooks == NULL)
		return -1;
	LIST_INIT(&tokend->webhooks->list);
	tokend->webhooks->http = http_new(tokend->base, &limits, error);
	if (tokend->webhooks->http != NULL)
		http_observe(tokend->webhooks->http, monitor_webhook, tokend);
	if (tokend->webhooks->http == NULL ||
		vault_each(tokend->vault, KIND_LANE, resume_lane, tokend, error) != 0)
		return -1;
	return dead_letters_count(tokend, error);
}

void webhooks_free(struct tokend *tokend)
{
	struct webhooks *webhooks = tokend->webhooks;

	if (webhooks == NULL)
		return;
	while (!LIST_EMPTY(&webhooks->list))
		lane_free(LIST_FIRST(&webhooks->list));
	http_free(&webhooks->http);
	free(webhooks);
	tokend->webhooks = NULL;
}

void webhooks_event(struct tokend *tokend, struct json_object *event)
{
	const char *id = json_string(event, "id", "");
	int64_t sequence = json_int(event, "sequence", 0);
	struct lane *lane = lane_find(tokend, id);

	if (tokend->generation->settings->webhook_url[0] == '\0')
		return;
	if (lane != NULL) {
		lane->more |= sequence > lane->after;
		return;
	}
	lane = lane_new(tokend, id, sequence - 1);
	if (lane == NULL)
		log_error("invitation=%s webhook_lost sequence=%lld reason=\"out of memory\"",
			id, (long long)sequence);
	else if (tokend->stopping)
		lane->more = true;
	else
		lane_tell(lane, json_member(event, "event"), json_member(event, "invitation"));
}

void webhooks_behind(struct tokend *tokend)
{
	struct lane *lane;

	LIST_FOREACH (lane, &tokend->webhooks->list, entry)
		if (!lane->dead_letter && lane->after > tokend->sequence) {
			lane->after = tokend->sequence;
			lane->dirty = true;
		}
}

static int lane_save(struct lane *lane, struct error *error)
{
	struct vault_record record = {.kind = KIND_LANE,
		.id = lane->name,
		.clear = json_object_new_object(),
		.secret = secret_new(NULL, 0)};
	int result = -1;

	if (record.clear == NULL || record.secret == NULL ||
		json_set_int(record.clear, "after", lane->after) != 0 ||
		json_set_int(record.clear, "failures", lane->failures) != 0 ||
		json_set_int(record.clear, "failing_since", lane->failing_since) != 0)
		error_memory(error);
	else
		result = vault_put(lane->tokend->vault, &record, error);
	vault_record_clear(&record);
	if (result == 0) {
		lane->stored = true;
		lane->dirty = false;
	}
	return result;
}

int webhooks_save(struct tokend *tokend, struct error *error)
{
	struct lane *lane;

	LIST_FOREACH (lane, &tokend->webhooks->list, entry)
		if (lane->dirty && !lane->dead_letter && lane_save(lane, error) != 0)
			return -1;
	return 0;
}

void webhooks_look(const struct tokend *tokend, struct webhooks_look *look_r)
{
	const struct lane *lane;

	*look_r = (struct webhooks_look){.dead_letters = tokend->webhooks->dead};
	LIST_FOREACH (lane, &tokend->webhooks->list, entry) {
		if (lane->dead_letter)
			continue;
		look_r->behind++;
		if (lane->failures > 0 && (look_r->failing_since == 0 ||
						  lane->failing_since < look_r->failing_since))
			look_r->failing_since = lane->failing_since;
	}
}

size_t webhooks_pending(const struct tokend *tokend)
{
	return http_pending(tokend->webhooks->http);
}
