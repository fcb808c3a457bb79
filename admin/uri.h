/*
 * The query of an address.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_ADMIN_URI_H
#define POSTINVITE_ADMIN_URI_H

#include "base/buf.h"

/* Appends "name=value" with the "?" or "&" that it needs, all but unreserved characters of the
 * value as %XX (RFC 3986 section 2); nothing for an empty value. */
void uri_add(struct buf *query, const char *name, const char *value);

#endif
