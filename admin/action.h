/*
 * What an operator may do with an invitation: one const table. Each action has a page that asks
 * whether it is meant, and is done by that page's form.
 */
#ifndef POSTINVITE_ADMIN_ACTION_H
#define POSTINVITE_ADMIN_ACTION_H

#include "values.h"
#include "visit.h"

/* GET and POST /invitations/ID/NAME; the route's name is the action's. */
web_handler_fn get_action, post_action;

/* The list "actions" of those that make sense for visit->invitation, when the visitor may
 * operate. */
void action_put(const struct visit *visit, struct values *values);

/* The id that a form carries, or NULL where it is none. */
const char *action_change(const struct visit *visit);

/* A new one, in the value "change". */
void action_put_change(struct values *values);

int action_require_words(const struct words *words, struct error *error);

#endif
