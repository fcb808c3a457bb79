/*
 * A new invitation, for a customer of the table or a mailbox.
 */
#ifndef POSTINVITE_ADMIN_NEW_H
#define POSTINVITE_ADMIN_NEW_H

#include "web/route.h"
#include "web/words.h"

web_handler_fn get_new, post_new;

int new_require_words(const struct words *words, struct error *error);

#endif
