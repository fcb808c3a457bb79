/*
 * What server.c and request.c share; nobody else includes this.
 */
#ifndef POSTINVITE_WEB_INTERNAL_H
#define POSTINVITE_WEB_INTERNAL_H

#include "web/client.h"
#include "web/form.h"
#include "web/request.h"
#include "web/server.h"

#include <microhttpd.h>
#include <stdint.h>

#define WEB_HEADERS_MAX 8

struct web_header_value {
	char *name;
	char *value;
};

/* One socket; in the server's list while open. */
struct web_connection {
	struct web_server *server;
	struct MHD_Connection *mhd;
	struct web_request *request; /* from its headers to its end, or NULL */
	uint64_t deadline;	     /* clock_monotonic_ms */
	uint64_t fresh_until;	     /* its first request may still be on its way; 0: it came */
	char client[CLIENT_KEY_SIZE]; /* "": a Unix socket's */
	struct web_connection *next, **link;
};

struct web_request {
	struct web_connection *connection;
	const struct web_route *route;
	char parameter[ROUTE_PARAMETER_MAX + 1];
	enum route_match match;

	struct buf body;
	struct form *form;
	unsigned fault; /* status of what is wrong with the request itself, or 0 */

	bool dispatched;
	uint64_t begun_us; /* clock_monotonic_us: it was whole */
	bool suspended;
	bool idle;
	web_cancel_fn *cancel; /* set while deferred */
	void *cancel_context;

	struct web_header_value headers[WEB_HEADERS_MAX];
	size_t header_count;
	bool answered;
	struct MHD_Response *response; /* the answer; NULL when there was no memory for it */
	unsigned status;

	web_more_fn *more; /* of an answer in pieces; NULL: it is none, or over */
	void *more_context;
	struct buf piece; /* being sent */
	size_t piece_sent;
	enum { PIECES_IDLE, PIECES_ASKED, PIECES_LAST, PIECES_BROKEN } pieces;
};

/* A request whose headers have arrived. NULL out of memory. */
struct web_request *web_request_new(struct web_connection *connection);
void web_request_free(struct web_request **request);

/* Forgets a deferral: calls cancel. */
void web_request_cancel(struct web_request *request);

/* Has the loop run libmicrohttpd once more, soon: a suspended connection was resumed. */
void web_server_wake(struct web_server *server);

#endif
