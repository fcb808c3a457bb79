/*
 * What mime.c asks of a message before GMime reads it (mime_size.c), and of GMime's objects
 * (mime_kind.c).
 */
#ifndef POSTINVITE_MAIL_MIME_INTERNAL_H
#define POSTINVITE_MAIL_MIME_INTERNAL_H

#include "mail/mime.h"

#include <gmime/gmime.h>

/* Is it cheap to read? Returns 0, or -1 (not found: there is no reading it, as mime_parse says). */
int mime_check_size(const char *bytes, size_t len, struct error *error);

/* "it has more than MAX of WHAT" (not found). Returns -1. */
int mime_too_many(struct error *error, int max, const char *what);

/* By its Content-Type; PART_PLAIN also where that is empty, or "text" alone (RFC 2045 section
 * 5.2). */
enum part_kind mime_kind(GMimePart *part);

/* By its Content-Transfer-Encoding, in quotes or with parameters, too. A name that nobody knows
 * is ENCODING_IDENTITY, as mail programs take it, but for "x-...": ENCODING_UNKNOWN. */
enum part_encoding mime_encoding(GMimePart *part);

/* Is its text format=flowed with delsp=yes (RFC 3676)? */
bool mime_is_delsp(GMimePart *part);

/* Words for what forbids an edit of it, or NULL. top: it is the whole message. */
const char *mime_protection_of(GMimeObject *object, bool top);

#endif
