/*
 * What each program that serves pages is made of: one event loop, in it the HTTP server and the
 * two clients, of the store and of tokend. The listening socket outlives servers: at a reload a
 * new server takes it over while the old one finishes its connections.
 *
 *	prepare  web_service_bind
 *	run      web_service_open, what the program adds to the loop, web_service_serve, web_service_run
 *	reload   web_service_stays, web_service_serve
 *	stop     web_service_drain, web_service_leave
 *	cleanup  web_service_close
 *
 * Threads: one.
 */
#ifndef POSTINVITE_WEB_SERVICE_H
#define POSTINVITE_WEB_SERVICE_H

#include "base/daemon.h"
#include "base/ipc_client.h"
#include "web/server.h"

#include <event2/event.h>

/* Zeroed but for the daemon before web_service_bind. What the program may use: */
struct web_service {
	struct daemon *daemon;
	struct event_base *base;
	struct ipc_async *store, *tokend;
	struct web_server *server;
	bool tls; /* does the server speak it? */

	int listener;			    /* ours; servers work on duplicates */
	char *listen;			    /* what it is bound to */
	char *store_listen, *tokend_listen; /* whom we ask */
};

/* Binds the setting of that name: its value and the group of a Unix socket. Returns 0, or -1
 * with error set. */
struct web_service_address {
	const char *setting;
	const char *value;
	gid_t group; /* -1: the process's own */
};
int web_service_bind(struct web_service *service, const struct web_service_address *address,
	struct error *error);

/* Makes the loop and the clients. Returns 0, or -1 with error set (temporary). */
int web_service_open(struct web_service *service, struct error *error);

/* Starts a server as the options say, but for base and listener, which are the service's; the
 * one before finishes its connections. Returns 0, or -1 with error set: the one before stays. */
int web_service_serve(struct web_service *service, const struct web_server_options *options,
	struct error *error);

/* Are these the addresses that are used? They change at the next start only. */
bool web_service_stays(
	const struct web_service *service, const char *listen, const struct settings *settings);

/* Says that it is ready and serves until web_service_leave. */
void web_service_run(struct web_service *service);

/* Takes no more requests, and calls drained once those under way have ended. */
void web_service_drain(
	struct web_service *service, void (*drained)(void *context), void *context);
void web_service_leave(struct web_service *service);

/* Ends everything that is left, in the order that is needed: first web_service_silence, then
 * what uses the clients and the loop, then web_service_close. Both accept a service that never
 * got that far. */
void web_service_silence(struct web_service *service);
void web_service_close(struct web_service *service);

#endif
