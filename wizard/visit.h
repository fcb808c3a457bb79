/*
 * One request of a customer, from its arrival to its answer: the invitation it is about, the
 * generation of settings it runs under, and what it waits for. A visit ends itself with its
 * answer, or when the server cancels it.
 */
#ifndef POSTINVITE_WIZARD_VISIT_H
#define POSTINVITE_WIZARD_VISIT_H

#include "site.h"

#include "invite/link.h"
#include "invite/record.h"
#include "web/ask.h"
#include "web/service.h"

/* The program. */
struct wizard {
	struct web_service web;
	struct limit *limit; /* limits.h */
	struct monitor *monitor;
};

struct visit {
	struct wizard *wizard;
	struct web_request *request;
	const struct daemon_generation *generation;
	const struct site *site;
	const struct catalog *catalog;	/* the language of its pages */
	char token[LINK_TOKEN_LEN + 1]; /* "" until verified */
	char id[INVITATION_ID_LEN + 1]; /* "" until verified */
	const char *policy;		/* the answer's Content-Security-Policy */
	struct json_object *invitation; /* as last seen, or NULL */
	struct json_object *code; /* tokend's live code, shown to this browser only; or NULL */
	struct web_ask ask;
	visit_next_fn *after_code; /* of code_fetch */
	/* of chain_press: what tokend is asked once the link is opened, and what is next */
	const char *op;
	visit_next_fn *after_open;
	char refusal[512]; /* tokend's, for the customer; or "" */
};

/* NULL: out of memory, and answered. */
struct visit *visit_new(struct wizard *wizard, struct web_request *request);

/* Verifies the link token. Returns 0, or -1: not one of ours. */
int visit_link(struct visit *visit, const char *token);

/* As web_ask. */
void visit_ask_store(
	struct visit *visit, struct json_object *request, int timeout_ms, visit_next_fn *next);
void visit_ask_tokend(struct visit *visit, struct json_object *request, visit_next_fn *next);

/* The same of what tokend may ask Microsoft first: web_ask_slow. */
void visit_ask_microsoft(struct visit *visit, struct json_object *request, visit_next_fn *next);

/* Keeps the reply's "invitation". */
void visit_keep_invitation(struct visit *visit, struct json_object *reply);
enum status visit_status(const struct visit *visit);

/* These answer and end the visit; it must not be used afterwards. */
void visit_answer(struct visit **visit, unsigned status, const char *type, struct buf *body);
void visit_redirect(struct visit **visit, const char *location);

#endif
