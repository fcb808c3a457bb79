/*
 * Content-Transfer-Encodings as they are written (RFC 2045). Reading them: mail/decode.h.
 *
 * Pure.
 */
#ifndef POSTINVITE_MAIL_ENCODING_H
#define POSTINVITE_MAIL_ENCODING_H

#include "base/buf.h"

#include <stddef.h>

#define ENCODING_FIELD "Content-Transfer-Encoding"

#define ENCODED_LINE_MAX 76
/* RFC 5322 section 2.1.1; Postfix breaks longer lines, and with them links */
#define MAIL_LINE_MAX 998

/* Appends text as quoted-printable (section 6.7), CRLF being line ends; *column is the length of
 * the line so far and becomes the new one. Lines stay within ENCODED_LINE_MAX. */
void quoted_printable_put(struct buf *out, const char *text, size_t len, size_t *column);

/* Appends quoted-printable that says the same in lines within ENCODED_LINE_MAX that end in CRLF,
 * without blanks at their ends or "From " at their start. Escapes stay, soft breaks too. */
void quoted_printable_wrap(struct buf *out, const char *source, size_t len);

/* Appends base64 (section 6.8) in lines of width (a multiple of 4, at most ENCODED_LINE_MAX) with
 * that line end, none behind the last. */
struct base64_lines {
	size_t width;
	const char *end;
};
extern const struct base64_lines base64_full_lines; /* as long as may be, in CRLF */
void base64_put(
	struct buf *out, const char *bytes, size_t len, const struct base64_lines *lines);

#endif
