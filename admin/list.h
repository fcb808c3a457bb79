/*
 * Customer Invitations: the list, as its address says (query.h).
 */
#ifndef POSTINVITE_ADMIN_LIST_H
#define POSTINVITE_ADMIN_LIST_H

#include "web/route.h"
#include "web/words.h"

web_handler_fn get_list;

int list_require_words(const struct words *words, struct error *error);

#endif
