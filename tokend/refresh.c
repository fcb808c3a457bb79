/*
 * The life of a refresh: who waits for it, its rest, its end.
 */
#include "refresh.h"

#include "store.h"

#include "base/log.h"
#include "token/flow.h"

#include <event2/event.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOON_MS 1500 /* a rest that is worth waiting out */

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct refresh *)a)->id, ((const struct refresh *)b)->id);
}

struct refresh *refresh_find(struct tokend *tokend, const char *id)
{
	struct refresh key;
	struct refresh **found;

	if (strlen(id) != INVITATION_ID_LEN)
		return NULL;
	memcpy(key.id, id, sizeof(key.id));
	found = tfind(&key, &tokend->refreshes, compare);
	return found != NULL ? *found : NULL;
}

/* Nothing is under way any more, and nothing is kept. */
static void stop(struct refresh *refresh)
{
	http_cancel(&refresh->http);
	if (refresh->ask != NULL)
		ipc_async_cancel(&refresh->ask);
	store_event_cancel(&refresh->telling);
	event_del(refresh->timer);
	vault_record_clear(&refresh->record);
	refresh->record = (struct vault_record){0};
	oauth_tokens_free(&refresh->tokens);
}

static void refresh_free(struct refresh *refresh)
{
	struct tokend *tokend = refresh->tokend;

	while (!TAILQ_EMPTY(&refresh->waiters))
		request_wait(TAILQ_FIRST(&refresh->waiters), NULL);
	stop(refresh);
	tdelete(refresh, &tokend->refreshes, compare);
	LIST_REMOVE(refresh, entry);
	tokend->refreshes_n--;
	tokend->refreshing_n -= !refresh->resting;
	event_free(refresh->timer);
	free(refresh);
}

void refreshes_free(struct tokend *tokend)
{
	while (!LIST_EMPTY(&tokend->refresh_list))
		refresh_free(LIST_FIRST(&tokend->refresh_list));
}

static void round_begin(struct refresh *refresh)
{
	refresh->resting = false;
	refresh->tokend->refreshing_n++;
	renew_begin(refresh);
}

static void on_timer(evutil_socket_t unused, short what, void *context)
{
	struct refresh *refresh = context;

	(void)unused;
	(void)what;
	if (!refresh->resting)
		renew_save(refresh);
	else if (TAILQ_EMPTY(&refresh->waiters))
		refresh_free(refresh);
	else
		round_begin(refresh);
}

static struct refresh *refresh_new(struct tokend *tokend, const char *id)
{
	struct refresh *refresh = calloc(1, sizeof(*refresh));

	if (refresh == NULL)
		return NULL;
	refresh->tokend = tokend;
	refresh->resting = true;
	memccpy(refresh->id, id, '\0', INVITATION_ID_LEN);
	TAILQ_INIT(&refresh->waiters);
	refresh->timer = evtimer_new(tokend->base, on_timer, refresh);
	if (refresh->timer == NULL || tsearch(refresh, &tokend->refreshes, compare) == NULL) {
		if (refresh->timer != NULL)
			event_free(refresh->timer);
		free(refresh);
		return NULL;
	}
	LIST_INSERT_HEAD(&tokend->refresh_list, refresh, entry);
	tokend->refreshes_n++;
	return refresh;
}

bool refresh_wanted_validated(const struct refresh *refresh)
{
	const struct request *request;

	TAILQ_FOREACH (request, &refresh->waiters, waiting)
		if (request->validate)
			return true;
	return false;
}

void refresh_rest(struct refresh *refresh, const struct error *error)
{
	uint64_t now = clock_monotonic_ms(), ms = FLOW_MIN_WAIT_MS;
	struct timeval wait;

	while (error != NULL && !TAILQ_EMPTY(&refresh->waiters))
		request_fail(TAILQ_FIRST(&refresh->waiters), error);
	stop(refresh);
	refresh->tokend->refreshing_n -= !refresh->resting;
	refresh->resting = true;
	if (refresh->not_before > now + ms)
		ms = refresh->not_before - now;
	wait = (struct timeval){(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
	event_add(refresh->timer, &wait);
}

void refresh_fail(struct refresh *refresh, enum error_kind kind, const char *format, ...)
{
	struct error error;
	va_list args;

	va_start(args, format);
	error_vset(&error, kind, format, args);
	va_end(args);
	refresh_rest(refresh, &error);
}

/* Another question while Microsoft wants to be left alone, or about tokens that are just here. */
static bool answered(struct refresh *refresh, struct request *request)
{
	if (refresh->resting && refresh->not_before > clock_monotonic_ms() + SOON_MS) {
		request_refuse(request, ERROR_TEMPORARY, "%s", refresh->refusal.text);
		return true;
	}
	return false;
}

void refresh_begin(struct tokend *tokend, const char *id, struct request *request)
{
	struct refresh *refresh = refresh_find(tokend, id);
	bool fresh = refresh == NULL;

	if (fresh)
		refresh = refresh_new(tokend, id);
	if (refresh == NULL) {
		if (request != NULL)
			request_refuse(request, ERROR_TEMPORARY, "out of memory");
		return;
	}
	if (request != NULL && answered(refresh, request))
		return;
	if (request != NULL)
		request_wait(request, &refresh->waiters);
	if (fresh)
		round_begin(refresh);
}

void refresh_forget(struct tokend *tokend, const char *id, const struct error *error)
{
	struct refresh *refresh = refresh_find(tokend, id);

	access_forget(tokend, id);
	if (refresh != NULL)
		refresh_rest(refresh, error);
}
