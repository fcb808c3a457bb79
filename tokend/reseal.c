/*
 * After a new vault key: records that an older one sealed get the current one, a few at a time,
 * so that nobody waits. It runs at start and at each reload, when the key file has more than
 * one key.
 */
#include "reseal.h"

#include "config.h"

#include "base/log.h"

#include <event2/event.h>
#include <stdlib.h>

#define STEP_RECORDS 50

static const struct timeval pause = {0, 20000};
static const struct timeval long_pause = {60, 0};

struct reseal {
	struct tokend *tokend;
	struct event *timer;
	struct vault_position position;
	struct vault_reseal_report report;
};

static void finished(struct reseal *reseal)
{
	const struct config *config = reseal->tokend->generation->derived;
	const struct vault_reseal_report *report = &reseal->report;
	unsigned char id;

	if (report->resealed > 0)
		log_info("vault resealed=%zu", report->resealed);
	if (report->unreadable > 0)
		log_error("vault unreadable=%zu: they stay as they are", report->unreadable);
	for (size_t n = 1; keyfile_nth(config->vault_keys, n, &id) != NULL; n++) {
		if (report->needed[id])
			log_warning("vault key %u is still needed, its line stays", id);
		else
			log_info(
				"vault key %u is no longer used, its line may be removed from %s",
				id, reseal->tokend->generation->settings->vault_key_file);
	}
}

static void on_timer(evutil_socket_t unused, short what, void *context)
{
	struct reseal *reseal = context;
	struct error error;
	int more = vault_reseal(reseal->tokend->vault, &reseal->position, STEP_RECORDS,
		&reseal->report, &error);

	(void)unused;
	(void)what;
	if (more < 0) {
		log_warning("vault_reseal reason=%s", error.text);
		event_add(reseal->timer, &long_pause);
	} else if (more > 0) {
		event_add(reseal->timer, &pause);
	} else {
		finished(reseal);
	}
}

void reseal_begin(struct reseal *reseal)
{
	const struct config *config = reseal->tokend->generation->derived;
	unsigned char id;

	event_del(reseal->timer);
	reseal->position = (struct vault_position){.len = 0};
	reseal->report = (struct vault_reseal_report){.resealed = 0};
	if (keyfile_nth(config->vault_keys, 1, &id) != NULL)
		event_add(reseal->timer, &pause);
}

struct reseal *reseal_new(struct tokend *tokend)
{
	struct reseal *reseal = calloc(1, sizeof(*reseal));

	if (reseal == NULL)
		return NULL;
	reseal->tokend = tokend;
	reseal->timer = evtimer_new(tokend->base, on_timer, reseal);
	if (reseal->timer != NULL)
		return reseal;
	free(reseal);
	return NULL;
}

void reseal_free(struct reseal **reseal)
{
	if (*reseal == NULL)
		return;
	event_free((*reseal)->timer);
	free(*reseal);
	*reseal = NULL;
}
