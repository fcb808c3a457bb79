/*
 * Addresses as they stand in envelopes and in lists of the configuration (RFC 5321 section 4.1.2).
 * Those of header fields: mail_addresses (mail/value.h).
 *
 * Pure.
 */
#ifndef POSTINVITE_MAIL_ADDRESS_H
#define POSTINVITE_MAIL_ADDRESS_H

#include "base/settings.h"

#include <stdbool.h>
#include <stddef.h>

/* Is address in the list of addresses and "@domain"s (caseless)? */
bool address_listed(string_list list, const char *address);

/* The envelope address without its angle brackets, and without what Postfix leaves out of it,
 * too (needless quotes, a route), into size bytes; "" for the null sender in both of its
 * spellings. Returns false when it does not fit. */
bool envelope_address(const char *argument, char *address_r, size_t size);

/* Has it the form of a mailbox: local part without quotes, "@", domain or address literal? */
bool mailbox_valid(const char *address);

#endif
