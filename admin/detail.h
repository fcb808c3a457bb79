/*
 * The page of one invitation: its facts, its history, what can be done.
 */
#ifndef POSTINVITE_ADMIN_DETAIL_H
#define POSTINVITE_ADMIN_DETAIL_H

#include "visit.h"

web_handler_fn get_invitation;

/* Goes to the page of that invitation, which then says that `what` was done: the word done_WHAT. */
void detail_go(struct visit **visit, const char *id, const char *what);

int detail_require_words(const struct words *words, struct error *error);

#endif
