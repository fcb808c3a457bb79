/*
 * What a mail says that is a bounce and no delivery status notification: in words, as mail
 * systems before and beside RFC 3464 put them.
 *
 * Pure.
 */
#ifndef POSTINVITE_MAIL_BOUNCE_H
#define POSTINVITE_MAIL_BOUNCE_H

#include "mail/dsn.h"
#include "mail/headers.h"

#include <stdbool.h>

/* May a mail with the null sender be a report on a delivery, by its header alone? Automatic
 * answers of people (RFC 3834), notes that a mail was read (RFC 8098), complaints (RFC 5965)
 * are none. */
bool bounce_possible(const struct headers *headers);

/* Reads the words: those of the subject and of the text up to the mail that it returns. Returns
 * true and what became of that ("failed" or "delayed"), or false when they say neither. */
bool bounce_read(const struct headers *headers, const char *text, size_t len,
	struct dsn_recipient *recipient_r);

#endif
