/*
 * Signals for programs on libevent. Apart from daemon.c, so that the milter, which awaits
 * its signals in a thread, does without libevent.
 */
#include "base/daemon.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>

static const int watched[] = {SIGTERM, SIGINT, SIGHUP};

#define WATCHED (sizeof(watched) / sizeof(watched[0]))

struct watch {
	struct daemon *daemon;
	daemon_signal_fn *stop;
	daemon_signal_fn *reloaded;
	void *context;
	struct event *events[WATCHED];
};

static void on_signal(evutil_socket_t number, short what, void *context)
{
	struct watch *watch = context;

	(void)what;
	if (number != SIGHUP)
		watch->stop(watch->daemon, watch->context);
	else if (daemon_reload(watch->daemon) == 0 && watch->reloaded != NULL)
		watch->reloaded(watch->daemon, watch->context);
}

int daemon_watch_signals(struct daemon *daemon, struct event_base *base, daemon_signal_fn *stop,
	daemon_signal_fn *reloaded, void *context)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	if (watch == NULL)
		return -1;
	*watch = (struct watch){
		.daemon = daemon, .stop = stop, .reloaded = reloaded, .context = context};
	*daemon_signals(daemon) = watch;
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < WATCHED; i++) {
		watch->events[i] = evsignal_new(base, watched[i], on_signal, watch);
		if (watch->events[i] == NULL || event_add(watch->events[i], NULL) != 0) {
			daemon_unwatch_signals(daemon);
			return -1;
		}
	}
	return 0;
}

void daemon_unwatch_signals(struct daemon *daemon)
{
	struct watch *watch = *daemon_signals(daemon);

	if (watch == NULL)
		return;
	for (size_t i = 0; i < WATCHED; i++)
		if (watch->events[i] != NULL)
			event_free(watch->events[i]);
	free(watch);
	*daemon_signals(daemon) = NULL;
}
