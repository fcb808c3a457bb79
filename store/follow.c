/*
 * Those who wait for events: subscribers, who get every one in order, and watchers, whose question
 * is asked again when something happened to their invitation. Both read the durable events by
 * sequence number, each from where it stands: an event is seen neither before it is on disk nor out
 * of order, and one who comes late reads the same way as one who was there.
 */
#include "store.h"

#include "base/log.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define BUCKETS	    1024
#define EVENTS_TURN 256 /* to one subscriber in one turn of the loop */

/* One that reads more slowly than it could be written to waits until it has read, or its connection
 * would be closed for what has piled up. */
#define SLOW_BYTES ((size_t)1024 * 1024)
static const struct timeval slow_step = {0, 20000};
static const struct timeval failed_step = {1, 0}; /* after events could not be read */

struct watcher {
	LIST_ENTRY(watcher) entry;
	struct follow *follow;
	struct ipc_peer *peer;
	uint32_t call;
	struct engine_caller caller;
	struct json_object *request;
	char id[INVITATION_ID_LEN + 1];
	struct event *timeout;
};

struct subscriber {
	LIST_ENTRY(subscriber) entry;
	struct ipc_peer *peer;
	uint32_t call;
	uint64_t after;
};

struct follow {
	struct engine *engine;
	struct event_base *base;
	struct event *pump;
	bool failed; /* lately: the pump waits a step, whatever happens */
	LIST_HEAD(watchers, watcher) watchers[BUCKETS];
	size_t watchers_n;
	uint64_t watched; /* watchers know of the events up to this one */
	LIST_HEAD(subscribers, subscriber) subscribers;
};

static struct watchers *bucket(struct follow *follow, const char *id)
{
	unsigned hash = 5381;

	for (; *id != '\0'; id++)
		hash = hash * 33 + (unsigned char)*id;
	return &follow->watchers[hash % BUCKETS];
}

static void watcher_free(struct watcher *watcher)
{
	LIST_REMOVE(watcher, entry);
	watcher->follow->watchers_n--;
	if (watcher->timeout != NULL)
		event_free(watcher->timeout);
	json_object_put(watcher->request);
	free(watcher);
}

/* Asks again. Whoever still waits stays, unless it is the last time. */
static void watcher_ask(struct watcher *watcher, bool last)
{
	struct engine_reply reply;
	struct error error;

	engine_reply_init(&reply);
	if (engine_request(watcher->follow->engine, &watcher->caller, watcher->request, &reply,
		    &error) != 0) {
		ipc_fail(watcher->peer, watcher->call, &error);
		watcher_free(watcher);
	} else if (last || reply.next == ENGINE_DONE) {
		ipc_reply_text(watcher->peer, watcher->call, reply.text.data, reply.text.len);
		watcher_free(watcher);
	}
	engine_reply_free(&reply);
}

static void on_timeout(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	watcher_ask(context, true);
}

int follow_watch(struct follow *follow, struct ipc_peer *peer, uint32_t call,
	const struct engine_caller *caller, struct json_object *request,
	const struct engine_reply *reply)
{
	struct timeval timeout = {.tv_sec = reply->timeout_s};
	struct watcher *watcher = calloc(1, sizeof(*watcher));

	if (watcher == NULL)
		return -1;
	watcher->follow = follow;
	watcher->peer = peer;
	watcher->call = call;
	watcher->caller = *caller;
	watcher->request = json_object_get(request);
	strcpy(watcher->id, reply->id);
	if (follow->watchers_n == 0)
		follow->watched = engine_sequence(follow->engine);
	LIST_INSERT_HEAD(bucket(follow, watcher->id), watcher, entry);
	follow->watchers_n++;
	watcher->timeout = event_new(follow->base, -1, 0, on_timeout, watcher);
	if (watcher->timeout == NULL || event_add(watcher->timeout, &timeout) != 0) {
		watcher_free(watcher);
		return -1;
	}
	return 0;
}

int follow_subscribe(
	struct follow *follow, struct ipc_peer *peer, uint32_t call, uint64_t sequence)
{
	struct subscriber *subscriber = calloc(1, sizeof(*subscriber));

	if (subscriber == NULL)
		return -1;
	*subscriber = (struct subscriber){.peer = peer, .call = call, .after = sequence};
	LIST_INSERT_HEAD(&follow->subscribers, subscriber, entry);
	follow_events(follow);
	return 0;
}

static int wake_watchers(void *context, const struct engine_event *event)
{
	struct follow *follow = context;
	struct watcher *watcher, *next;

	for (watcher = LIST_FIRST(bucket(follow, event->id)); watcher != NULL; watcher = next) {
		next = LIST_NEXT(watcher, entry);
		if (strcmp(watcher->id, event->id) == 0)
			watcher_ask(watcher, false);
	}
	return 0;
}

static int send_event(void *context, const struct engine_event *event)
{
	struct subscriber *subscriber = context;

	ipc_event(subscriber->peer, subscriber->call, event->text, event->len);
	return 0;
}

static void on_pump(evutil_socket_t fd, short what, void *context)
{
	struct follow *follow = context;
	struct subscriber *subscriber;
	struct error error;
	bool more = false, slow = false;
	int n = 0;

	(void)fd;
	(void)what;
	if (follow->watchers_n > 0)
		n = engine_events(follow->engine, &follow->watched, EVENTS_TURN, wake_watchers,
			follow, &error);
	more = n == EVENTS_TURN;
	follow->failed = n < 0;
	LIST_FOREACH (subscriber, &follow->subscribers, entry) {
		if (ipc_peer_waiting(subscriber->peer) > SLOW_BYTES) {
			slow = true;
			continue;
		}
		n = engine_events(follow->engine, &subscriber->after, EVENTS_TURN, send_event,
			subscriber, &error);
		more = more || n == EVENTS_TURN;
		follow->failed = follow->failed || n < 0;
	}
	if (follow->failed) {
		log_error("events are not told: %s", error.text);
		event_add(follow->pump, &failed_step);
	} else if (more) {
		follow_events(follow);
	} else if (slow) {
		event_add(follow->pump, &slow_step);
	}
}

void follow_events(struct follow *follow)
{
	static const struct timeval now;

	if (follow->failed)
		return;
	/* By a timer, not event_active: requests that are ready come in between. */
	if (follow->watchers_n > 0 || !LIST_EMPTY(&follow->subscribers))
		event_add(follow->pump, &now);
}

struct follow *follow_new(struct event_base *base, struct engine *engine)
{
	struct follow *follow = calloc(1, sizeof(*follow));

	if (follow == NULL)
		return NULL;
	follow->engine = engine;
	follow->base = base;
	follow->pump = event_new(base, -1, 0, on_pump, follow);
	if (follow->pump == NULL) {
		free(follow);
		return NULL;
	}
	for (size_t i = 0; i < BUCKETS; i++)
		LIST_INIT(&follow->watchers[i]);
	LIST_INIT(&follow->subscribers);
	return follow;
}

/* Calls fn for the watchers of that peer, or of every one when peer is NULL. */
static void each_watcher(
	struct follow *follow, const struct ipc_peer *peer, void (*fn)(struct watcher *watcher))
{
	for (size_t i = 0; follow->watchers_n > 0 && i < BUCKETS; i++) {
		struct watcher *watcher, *next;

		for (watcher = LIST_FIRST(&follow->watchers[i]); watcher != NULL;
			watcher = next) {
			next = LIST_NEXT(watcher, entry);
			if (peer == NULL || watcher->peer == peer)
				fn(watcher);
		}
	}
}

static void drop_subscribers(struct follow *follow, const struct ipc_peer *peer)
{
	struct subscriber *subscriber, *next;

	for (subscriber = LIST_FIRST(&follow->subscribers); subscriber != NULL;
		subscriber = next) {
		next = LIST_NEXT(subscriber, entry);
		if (peer != NULL && subscriber->peer != peer)
			continue;
		LIST_REMOVE(subscriber, entry);
		free(subscriber);
	}
}

void follow_peer_gone(struct follow *follow, const struct ipc_peer *peer)
{
	each_watcher(follow, peer, watcher_free);
	drop_subscribers(follow, peer);
}

static void answer_now(struct watcher *watcher)
{
	watcher_ask(watcher, true);
}

void follow_answer_all(struct follow *follow)
{
	each_watcher(follow, NULL, answer_now);
}

void follow_free(struct follow **follow)
{
	if (*follow == NULL)
		return;
	each_watcher(*follow, NULL, watcher_free);
	drop_subscribers(*follow, NULL);
	event_free((*follow)->pump);
	free(*follow);
	*follow = NULL;
}
