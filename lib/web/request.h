/*
 * One HTTP request as a handler sees it, and its answer.
 *
 * A handler either answers before it returns, or calls web_request_defer and answers later from
 * the same event loop; the client waits meanwhile at no cost but its connection. Exactly one
 * answer a request. A request is valid until answered or cancelled.
 *
 * Every answer carries the security headers: a strict Content-Security-Policy, Referrer-Policy,
 * X-Content-Type-Options, X-Frame-Options, Cache-Control: no-store. web_header replaces one by
 * name.
 *
 * Threads: the event loop's.
 */
#ifndef POSTINVITE_WEB_REQUEST_H
#define POSTINVITE_WEB_REQUEST_H

#include "base/buf.h"
#include "web/route.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/types.h>

#define WEB_BODY_MAX 8192

const struct web_route *web_request_route(
	const struct web_request *request);			      /* NULL: none fits */
const char *web_request_parameter(const struct web_request *request); /* what '*' stood for */

/* A query argument, a header, a cookie or a form field: valid UTF-8 text, or NULL. A form is
 * there when its type is application/x-www-form-urlencoded and it is well formed. They live as
 * long as the request. */
const char *web_request_query(const struct web_request *request, const char *name);
const char *web_request_field(const struct web_request *request, const char *name);
const char *web_request_header(const struct web_request *request, const char *name);
const char *web_request_cookie(const struct web_request *request, const char *name);

/* The values of a request header that may come several times, joined by commas. */
void web_request_headers(
	const struct web_request *request, const char *name, struct buf *values);

/* The other end of the connection. false: it has no address, it came by a Unix socket. */
bool web_request_peer(const struct web_request *request, struct in6_addr *peer_r);

/* The user at the other end of a Unix socket (SO_PEERCRED). false: it came by another. */
bool web_request_peer_user(const struct web_request *request, uid_t *uid_r);

#define WEB_NAME_MAX 256

/* What is known of the client's certificate: verified against tls_client_ca, for use by
 * clients, within its dates. */
enum web_certificate {
	WEB_CERTIFICATE_NONE, /* none was shown, or the connection has no TLS */
	WEB_CERTIFICATE_BAD,
	WEB_CERTIFICATE_GOOD,
};

/* The common name of the subject when it is good, else in words why it is not. */
enum web_certificate web_request_certificate(
	const struct web_request *request, char text_r[WEB_NAME_MAX]);

/* The answer comes later. When the server stops before, `cancel` is called and the server
 * answers 503 itself: the handler forgets the request. `idle` says that it waits for something
 * to happen (a long poll), not for work to be done: a server that stops does not wait for it. */
typedef void web_cancel_fn(void *context);
void web_request_defer(
	struct web_request *request, bool idle, web_cancel_fn *cancel, void *context);

/* A header of the answer to come, replacing one of that name, Set-Cookie excepted, which adds. */
void web_header(struct web_request *request, const char *name, const char *value);

/* Answers in pieces, so that no answer has to be in memory as a whole. `more` is called when
 * the client can take the next one, and then, or later from the loop, web_piece is: exactly
 * once each time. The pieces' end is a last one. A server that stops, and a client that goes
 * away or takes nothing for WEB_ANSWER_MS, call `cancel`: nothing is asked for any more. */
typedef void web_more_fn(void *context);
void web_answer_pieces(struct web_request *request, const char *type, web_more_fn *more,
	web_cancel_fn *cancel, void *context);

/* The bytes are taken over (empty afterwards). A piece that has failed, or an abort (piece
 * NULL), breaks the connection off, so that the client sees that it did not get the whole. */
void web_piece(struct web_request *request, struct buf *piece, bool last);

/* Answers. The body is taken over (empty afterwards); NULL: no body. A body that has failed
 * becomes a 500 without text. */
void web_answer(
	struct web_request *request, unsigned status, const char *type, struct buf *body);

/* 303 See Other: the browser goes there with GET. */
void web_redirect(struct web_request *request, const char *location);

#endif
