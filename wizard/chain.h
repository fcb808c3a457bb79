/*
 * What the routes' chains share: their beginnings, the questions they ask, and their ends.
 */
#ifndef POSTINVITE_WIZARD_CHAIN_H
#define POSTINVITE_WIZARD_CHAIN_H

#include "visit.h"

/* The beginning of every route with a link. NULL: answered already. */
struct visit *chain_begin(void *context, struct web_request *request);

/* Of every POST: a verified link and a form of ours. NULL: answered, or on its way. */
struct visit *chain_begin_post(void *context, struct web_request *request);

/* The end of every chain that meets an error. */
void chain_fail(struct visit *visit, const struct error *error);

/* Ends with the page of the invitation as it is now. */
void chain_show(struct visit *visit);

/* What recording that the link was opened came to: true when the visit goes on, with the
 * invitation as it is now; else it is over, with the page that says why. */
bool chain_opened(struct visit *visit, struct json_object *reply, const struct error *error);

/* tokend's refusal is text for people: true when the visit is over, with the page that says it. */
bool chain_refused(struct visit *visit, const struct error *error);

/* Requests of the store's that name the link. NULL out of memory. */
struct json_object *chain_get(const struct visit *visit);
struct json_object *chain_event(const struct visit *visit, const char *type);

/* Goes to the invitation's page, or one below it: "" or "/done". */
void chain_go(struct visit *visit, const char *suffix);

/* A press of a button: the link was opened, on record; then tokend is asked, with the field of
 * the account's name, and goes on with `next`; or the page is shown where that step is over. */
void chain_press(struct visit *visit, const char *op, visit_next_fn *next);

#endif
