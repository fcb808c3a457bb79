/*
 * Who waits stands in a list, the one that has waited longest first. A change arms a short
 * timer, and all whom it concerns are answered together.
 */
#include "live.h"

#include "invitations.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

static const struct timeval tour_pause = {0, LIVE_TOUR_MS * 1000};
static const struct timeval wait_limit = {LIVE_WAIT_S, 0};

struct poll {
	TAILQ_ENTRY(poll) entry;
	struct live *live;
	struct visit *visit;
	struct event *limit;
	uint64_t since;
	char id[INVITATION_ID_LEN + 1]; /* "": any */
};

struct live {
	struct admin *admin;
	struct event *tour;
	TAILQ_HEAD(polls, poll) polls;
	size_t n;
};

void live_put(const struct visit *visit, struct values *values, const char *id)
{
	values_printf(values, "live", "%llu", (unsigned long long)visit->version);
	values_text(values, "live_id", id);
}

/* Seconds, for those who wait now. */
static size_t pause_of(const struct live *live)
{
	return 1 + live->n / LIVE_PAGES_A_SECOND;
}

static void answer(struct visit *visit, bool changed, size_t pause)
{
	const struct view *view = invitations_view(visit->admin->invitations);
	struct buf body;

	buf_init(&body, 128);
	buf_printf(&body, "{\"version\":\"%llu\",\"changed\":%s,\"pause\":%zu}",
		(unsigned long long)view_version(view), changed ? "true" : "false", pause);
	visit_answer(&visit, 200, "application/json", &body);
	buf_free(&body);
}

/* It waits no longer; its visit goes on. */
static struct visit *poll_end(struct poll *poll)
{
	struct visit *visit = poll->visit;

	TAILQ_REMOVE(&poll->live->polls, poll, entry);
	poll->live->n--;
	event_free(poll->limit);
	free(poll);
	return visit;
}

static void cancelled(void *context)
{
	struct visit *visit = poll_end(context);

	visit_end(&visit);
}

static void on_limit(evutil_socket_t fd, short what, void *context)
{
	struct poll *poll = context;
	const size_t pause = pause_of(poll->live);

	(void)fd;
	(void)what;
	answer(poll_end(poll), false, pause);
}

static bool concerns(const struct view *view, const struct poll *poll)
{
	return poll->id[0] != '\0' ? view_changed(view, poll->id, poll->since)
				   : view_version(view) != poll->since;
}

static void on_tour(evutil_socket_t fd, short what, void *context)
{
	struct live *live = context;
	const struct view *view = invitations_view(live->admin->invitations);
	const size_t pause = pause_of(live);
	struct poll *poll, *next;

	(void)fd;
	(void)what;
	for (poll = TAILQ_FIRST(&live->polls); poll != NULL; poll = next) {
		next = TAILQ_NEXT(poll, entry);
		if (concerns(view, poll))
			answer(poll_end(poll), true, pause);
	}
}

void live_changed(void *context)
{
	struct live *live = context;

	if (!TAILQ_EMPTY(&live->polls) && !event_pending(live->tour, EV_TIMEOUT, NULL))
		event_add(live->tour, &tour_pause);
}

/* What the request asks for. */
static struct poll read_poll(struct visit *visit)
{
	const char *since = web_request_query(visit->request, "since");
	const char *id = web_request_query(visit->request, "id");
	struct poll poll = {.live = visit->admin->live, .visit = visit};

	poll.since = since != NULL ? strtoull(since, NULL, 10) : 0;
	if (id != NULL && invitation_id_valid(id))
		memcpy(poll.id, id, INVITATION_ID_LEN);
	return poll;
}

/* Returns 0 or -1 (out of memory). */
static int poll_wait(const struct poll *asked)
{
	struct live *live = asked->live;
	struct poll *poll = malloc(sizeof(*poll));

	if (poll == NULL)
		return -1;
	*poll = *asked;
	poll->limit = event_new(live->admin->web.base, -1, 0, on_limit, poll);
	if (poll->limit == NULL || event_add(poll->limit, &wait_limit) != 0) {
		if (poll->limit != NULL)
			event_free(poll->limit);
		free(poll);
		return -1;
	}
	TAILQ_INSERT_TAIL(&live->polls, poll, entry);
	live->n++;
	web_request_defer(poll->visit->request, true, cancelled, poll);
	return 0;
}

void get_live(void *context, struct web_request *request)
{
	struct visit *visit = visit_begin(context, request, ROLE_VIEW);
	struct poll poll;

	if (visit == NULL)
		return;
	poll = read_poll(visit);
	if (concerns(invitations_view(visit->admin->invitations), &poll))
		answer(visit, true, pause_of(poll.live));
	else if (poll.live->n >= LIVE_MAX || poll_wait(&poll) != 0)
		answer(visit, false, pause_of(poll.live));
}

struct live *live_new(struct admin *admin)
{
	struct live *live = calloc(1, sizeof(*live));

	if (live == NULL)
		return NULL;
	live->admin = admin;
	TAILQ_INIT(&live->polls);
	live->tour = event_new(admin->web.base, -1, 0, on_tour, live);
	if (live->tour == NULL)
		live_free(&live);
	return live;
}

void live_free(struct live **live)
{
	if (*live == NULL)
		return;
	if ((*live)->tour != NULL)
		event_free((*live)->tour);
	free(*live);
	*live = NULL;
}
