/*
 * Which DKIM signatures an edit of the message breaks in a way that its sender's domain answers
 * for.
 *
 * Pure.
 */
#ifndef POSTINVITE_MAIL_BROKEN_DKIM_H
#define POSTINVITE_MAIL_BROKEN_DKIM_H

#include "mail/headers.h"

#define DKIM_SIGNATURE "DKIM-Signature"

/* Is the n-th DKIM-Signature field (from 1) of a domain in From:, or of one above it? Left as
 * it is, broken by us, it would speak against the mail; what other domains signed on the way is
 * theirs. Fields behind the first 100 are not looked at. */
bool broken_dkim(const struct headers *headers, size_t n);

#endif
