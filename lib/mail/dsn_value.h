/*
 * Values of a delivery-status part's fields (RFC 3464 section 2.1, RFC 6533 section 3):
 * comments, types, addresses.
 *
 * Pure. Values have no control characters, and white space as one space.
 */
#ifndef POSTINVITE_MAIL_DSN_VALUE_H
#define POSTINVITE_MAIL_DSN_VALUE_H

#include <stdbool.h>
#include <stddef.h>

/* Appends text to a value of that size, cut to it, control characters as "?"; dsn_trim removes
 * the space that may be left at its end. */
void dsn_put(char *value, size_t size, const char *text, size_t len);
void dsn_trim(char *value);

/* In place; and the space at both ends. */
void dsn_drop_comments(char *value);

/* "smtp; 550 no such user": what stands behind the type, which is one word. Points into the
 * value, all of which it is without a type. */
const char *dsn_behind_type(const char *value);

/* "rfc822; <a@b>", "utf-8; \x{E4}@b": the address; never longer than the value. */
void dsn_address(const char *value, char *address_r);

/* Is it that mailbox (caseless)? Some systems leave the xtext (RFC 3461 section 4) in an
 * address that they were given with RCPT. None is "". */
bool dsn_is_address(const char *address, const char *mailbox);

#endif
