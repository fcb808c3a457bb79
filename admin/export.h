/*
 * The list as a file: all that the query finds, in its order, in pieces. Records are as they
 * are when their piece is made; what was removed meanwhile is left out.
 */
#ifndef POSTINVITE_ADMIN_EXPORT_H
#define POSTINVITE_ADMIN_EXPORT_H

#include "web/route.h"
#include "web/words.h"

web_handler_fn get_csv;	 /* the list's columns, RFC 4180 */
web_handler_fn get_json; /* whole records, one JSON object a line */

int export_require_words(const struct words *words, struct error *error);

#endif
