/*
 * An HTTP/1.1 server in the caller's libevent loop, on libmicrohttpd: no thread of its own.
 *
 * Limits, so that no client can cost much: WEB_CONNECTIONS connections of WEB_CONNECTION_MEMORY
 * bytes (a request's line and headers fit into that or get 431), bodies of WEB_BODY_MAX bytes
 * (413), and a time to send a whole request, counted from the end of the one before, however
 * slowly bytes arrive.
 *
 * Threads: the event loop's.
 */
#ifndef POSTINVITE_WEB_SERVER_H
#define POSTINVITE_WEB_SERVER_H

#include "base/error.h"
#include "web/request.h"

#define WEB_CONNECTIONS	      1000
#define WEB_CONNECTION_MEMORY 16384
#define WEB_REQUEST_MS	      30000
#define WEB_ANSWER_MS	      60000 /* from the whole request to the whole answer */
#define WEB_DRAIN_MS	      6000
/* for a new connection's first request when the server stops */
#define WEB_FRESH_MS 1000

struct event_base;
struct web_server;

struct web_answered {
	const struct web_route *route; /* NULL: none of ours */
	unsigned status;
	uint64_t us; /* from the whole request to the answer */
	bool idle;   /* it waited for something to happen (web_request_defer) */
};

struct web_server_options {
	struct event_base *base;
	int listener;	      /* taken over, also when web_server_new fails */
	const char *tls_cert; /* PEM text, with tls_key; NULL or "": plain HTTP */
	const char *tls_key;
	/* PEM: clients are asked for a certificate; NULL or "": not */
	const char *tls_client_ca;
	int request_ms; /* for a whole request; 0: WEB_REQUEST_MS */
	const struct web_route *routes;
	/* Before a handler is called: the seconds until the request may be made again, 0 to let it
	 * through. NULL: all may. */
	unsigned (*admit)(void *context, struct web_request *request);
	/* So many connections a client at that address may have at once; 0: any number. NULL: all
	 * may. */
	unsigned (*connections)(void *context, const struct in6_addr *peer);
	/* Answers, before it returns, what no route does: 400, 404, 405, 413, 429 (Retry-After is
	 * set), 503. */
	void (*problem)(void *context, struct web_request *request, unsigned status);
	/* A request is being answered. NULL: nobody counts. */
	void (*answered)(void *context, const struct web_answered *answered);
	void *context; /* of admit, connections, problem, answered and the routes */
};

/* NULL: error. */
struct web_server *web_server_new(
	const struct web_server_options *options, struct error *error);

/* Stops: no new connection, idle requests are answered 503, work under way is finished within
 * WEB_DRAIN_MS. Then `drained` is called from the loop, once; it may free the server. */
void web_server_drain(struct web_server *server, void (*drained)(void *context), void *context);

/* Drains it and frees it then: another has taken its place, and work under way has the time
 * that it always has. Nulls. */
void web_server_retire(struct web_server **server);

/* Closes everything; deferred requests are cancelled. Accepts NULL; nulls. */
void web_server_free(struct web_server **server);

#endif
