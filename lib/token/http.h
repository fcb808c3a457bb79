/*
 * An HTTPS client on libevent: one request, one outcome.
 *
 * Certificates are always verified; plain http goes to loopback addresses only. Redirects are
 * not followed. A proxy is used only as the environment says (https_proxy, no_proxy), never for
 * loopback addresses. Trusted certificates are the system's, or those of the file that
 * $SSL_CERT_FILE names when the client is made.
 *
 * At most `requests` are under way at once, the rest wait here in order. A request whose time
 * limit passes before it was sent is unsent, later it is uncertain: the server may have carried
 * it out. A POST is never sent twice.
 *
 * Threads: all calls from the thread of the event loop.
 */
#ifndef POSTINVITE_TOKEN_HTTP_H
#define POSTINVITE_TOKEN_HTTP_H

#include "base/error.h"
#include "base/secret.h"
#include "token/reply.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct event_base;
struct http;
struct http_call;

struct http_limits {
	int connect_ms; /* until the connection, TLS included, is there */
	int total_ms;	/* from the moment it leaves the queue to the last byte of the answer */
	int requests;	/* under way at once; as many connections are kept */
};

enum http_outcome {
	HTTP_ANSWERED,	/* status and body are the server's, whole */
	HTTP_UNSENT,	/* nothing reached the server (error: temporary) */
	HTTP_UNCERTAIN, /* it was sent, and no whole answer came (error: uncertain) */
};

struct http_request {
	const char *url;
	/* application/x-www-form-urlencoded for a POST; NULL: GET */
	struct secret *form;
	const struct secret *bearer; /* an access token (RFC 6750 section 2.1), or NULL */
	/* what the server accepts once: on a new connection, which is not kept */
	bool fresh;
	struct secret *json;	    /* application/json for a POST, instead of form */
	const char *const *headers; /* more of them, "Name: value", NULL-terminated; or NULL */
	/* the answer's body is thrown away; once there is a status, it is HTTP_ANSWERED */
	bool status_only;
	int kind; /* what is asked, for http_observe; any number */
};

struct http_answer {
	enum http_outcome outcome;
	/* of HTTP_ANSWERED: at most REPLY_MAX bytes, valid during the callback, wiped then */
	struct reply reply;
	time_t date; /* the server's clock when it answered; 0 or -1: it did not say */
	/* of the other outcomes: "unreachable" "untrusted" "timeout" "broken_answer"
	 * "too_large" */
	const char *fault;
	struct error error; /* and in words, with the server's name */
};

typedef void http_answer_fn(void *context, const struct http_answer *answer);

/* NULL with error set. */
struct http *http_new(
	struct event_base *base, const struct http_limits *limits, struct error *error);
void http_free(struct http **http); /* calls under way are dropped without their callback */

/* Takes request->form and json over (whatever the outcome), copies the rest. The callback comes
 * later, once, never from within. Returns a handle to cancel with, valid until the callback is
 * called; NULL when out of memory (no callback then). */
struct http_call *http_send(struct http *http, const struct http_request *request,
	http_answer_fn *answer, void *context);
void http_cancel(struct http_call **call); /* no callback any more; accepts NULL; nulls */

/* Whoever counts is told of each answer before who asked is: request->kind, and the time since
 * http_send. */
typedef void http_seen_fn(
	void *context, int kind, const struct http_answer *answer, uint64_t us);
void http_observe(struct http *http, http_seen_fn *seen, void *context);

/* How long the first of those that wait for their turn has been waiting. */
uint64_t http_waits_us(const struct http *http);

/* Calls under way or waiting. */
size_t http_pending(const struct http *http);

#endif
