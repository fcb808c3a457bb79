/*
 * Parts of addresses.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_ADMIN_URI_H
#define POSTINVITE_ADMIN_URI_H

#include "base/buf.h"

/* Appends text as a value of a query (RFC 3986 section 2: all but unreserved characters as %XX). */
void uri_value(const char *text, struct buf *out);

/* Appends "name=value" with the "?" or "&" that it needs; nothing for an empty value. */
void uri_add(struct buf *query, const char *name, const char *value);

#endif
