/*
 * One request of an operator, from its arrival to its answer: who asks, the generation of
 * settings it runs under, and what it waits for. A visit ends itself with its answer, or when
 * the server cancels it.
 */
#ifndef POSTINVITE_ADMIN_VISIT_H
#define POSTINVITE_ADMIN_VISIT_H

#include "access.h"
#include "admin.h"
#include "site.h"

#include "base/json.h"
#include "web/ask.h"

struct visit {
	struct admin *admin;
	struct web_request *request;
	const struct daemon_generation *generation;
	const struct site *site;
	const struct catalog *catalog;
	struct visitor visitor;
	time_t now;
	/* of the view when the visit began: what its page shows is not older */
	uint64_t version;
	struct json_object *invitation; /* kept by handlers; or NULL */
	struct web_ask ask;
	struct json_object *rows; /* of rows_ask: the ids it asked for, and what is next */
	visit_next_fn *rows_next;
	void *own; /* a handler's; freed by own_free */
	void (*own_free)(void *own);
};

/* For a visitor who has that role at least; ROLE_NONE: for anybody. NULL: answered. */
struct visit *visit_begin(void *admin, struct web_request *request, enum role needed);

/* As web_ask. */
void visit_ask_store(struct visit *visit, struct json_object *request, visit_next_fn *next);
/* As web_ask_slow. */
void visit_ask_tokend(
	struct visit *visit, struct json_object *request, int timeout_ms, visit_next_fn *next);

/* Asks for the invitation that the route's parameter names. */
void visit_ask_invitation(struct visit *visit, visit_next_fn *next);

void visit_keep_invitation(struct visit *visit, struct json_object *reply);

/* These answer and end the visit; it must not be used afterwards. */
void visit_answer(struct visit **visit, unsigned status, const char *type, struct buf *body);
void visit_redirect(struct visit **visit, const char *location);

/* Answers in pieces (web/request.h): `more` gets the visit, which ends when the server cancels
 * it, or by visit_end before its last piece is given. */
void visit_pieces(struct visit *visit, const char *type, web_more_fn *more);
void visit_end(struct visit **visit);

#endif
