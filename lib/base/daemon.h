/*
 * The frame of every daemon: options, configuration, privileges, readiness, reload.
 *
 *	-c config_dir   -o name=value   -t (check the configuration and exit 0 or 78)   -v   -h
 *	-s (programs that have it: serves who is at standard input and output, as spawn(8) connects it)
 *
 * daemon_main loads the settings, then, in this order,
 *	prepare  still privileged, settings only: bind sockets
 *	         drops root: to the user "DAEMON_USER-NAME" where it exists, as in postinvite-wizard, else to
 *	         daemon_user; no core dumps, no tracing; the file limit is raised to its hard limit
 *	check    what only this program needs (its key files, its patterns), as the user that will
 *	         read them again at a reload; this is also what -t adds to the settings
 *	run      serves until stopped, returns the exit status
 *	cleanup  always, once prepare was called
 * Foreground always. SIGTERM and SIGINT ask for a graceful stop, SIGHUP for a reload:
 * daemon_reload loads a new generation and calls check with it; on any fault it is logged and
 * the old generation stays.
 *
 * Threads: daemon_generation, its release and daemon_reload may be called from any thread.
 */
#ifndef POSTINVITE_BASE_DAEMON_H
#define POSTINVITE_BASE_DAEMON_H

#include "base/error.h"
#include "base/settings.h"

#include <stdbool.h>
#include <sys/types.h>

struct daemon;
struct event_base;

struct daemon_program {
	/* "postinvite-store"; the system user's suffix is behind the dash */
	const char *name;
	const char *purpose; /* one line for -h */
	/* has -s; then it logs to syslog alone, for standard error is the client's, too */
	bool has_stream;

	/* Builds what the program derives from settings and returns it in *derived_r (its own type,
	 * immutable; swapped with the generation). 0, or -1 with error set. */
	int (*check)(const struct settings *settings, void **derived_r, struct error *error);
	void (*release)(void *derived); /* frees it; may be NULL when check derives nothing */

	int (*prepare)(struct daemon *daemon, struct error *error); /* or NULL */
	int (*run)(struct daemon *daemon);
	void (*cleanup)(struct daemon *daemon); /* or NULL */
};

int daemon_main(const struct daemon_program *program, int argc, char **argv);

/* A snapshot of the generation in force and what check derived from it, valid until
 * released by daemon_generation_release. Never NULL. */
struct daemon_generation {
	const struct settings *settings;
	void *derived;
};
const struct daemon_generation *daemon_generation(struct daemon *daemon);
void daemon_generation_release(const struct daemon_generation **generation);

/* The program's own variable, for prepare, run and cleanup. */
void *daemon_data(struct daemon *daemon);
void daemon_set_data(struct daemon *daemon, void *data);

bool daemon_stream(const struct daemon *daemon); /* was -s given? */

/* The group of settings->socket_group, or -1 for the process's own. */
gid_t daemon_socket_group(const struct settings *settings);

/* The group of the user that the daemon runs as: that which it will become when it was started as
 * root, else the process's own (-1). */
gid_t daemon_own_group(const struct daemon *daemon, const struct settings *settings);

/* Gives a Unix socket that was made as root to the user that the daemon will become: in a folder
 * with the sticky bit nobody else could remove it, neither at its end nor at a start without
 * root. */
void daemon_own_socket(
	const struct daemon *daemon, const struct settings *settings, const char *endpoint);

/* Tells the supervisor that requests are served now (sd_notify(3): one datagram "READY=1" to
 * $NOTIFY_SOCKET, nothing without it) and logs "ready". */
void daemon_ready(struct daemon *daemon);
void daemon_stopping(struct daemon *daemon); /* "STOPPING=1" */

/* Loads a new generation. Returns 0 when it is in force, -1 when the old one stays
 * (faults are logged). */
int daemon_reload(struct daemon *daemon);

/* For programs on libevent: SIGTERM and SIGINT call stop, SIGHUP reloads and, where that
 * worked, calls reloaded (or NULL). daemon_unwatch_signals comes before event_base_free; it
 * accepts that nothing is watched. Returns 0 or -1. */
typedef void daemon_signal_fn(struct daemon *daemon, void *context);
int daemon_watch_signals(struct daemon *daemon, struct event_base *base, daemon_signal_fn *stop,
	daemon_signal_fn *reloaded, void *context);
void daemon_unwatch_signals(struct daemon *daemon);

/* Where daemon_watch_signals keeps its own. */
void **daemon_signals(struct daemon *daemon);

#endif
