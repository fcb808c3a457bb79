/*
 * A decoded text, and for each of its bytes where it came from in the source. It is what is
 * read next (HTML under quoted-printable), so that a hit in what the reader sees becomes a byte
 * range of the source.
 *
 * Pure. A decoded text is the caller's (decoded_free); its source must outlive only the call
 * that builds it.
 */
#ifndef POSTINVITE_MAIL_DECODE_H
#define POSTINVITE_MAIL_DECODE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longer parts are not looked into: no Welcome mail has a text of that size. */
#define DECODE_MAX ((size_t)4 * 1024 * 1024)

struct decoded {
	char *text; /* NUL-terminated */
	size_t len;
	/* at[i]: where text[i] starts in the source; at[len]: where the last one ends */
	uint32_t *at;
};

/* Return 0, or -1: out of memory or a source above DECODE_MAX. */
int decode_quoted_printable(const char *source, size_t len, struct decoded *decoded_r);
int decode_base64(const char *source, size_t len,
	struct decoded *decoded_r); /* foreign bytes skipped, ends behind padding */
int decode_html(const char *source, size_t len,
	struct decoded *decoded_r); /* character references replaced */
void decoded_free(struct decoded *decoded);

/* Is it base64 alone, with blanks at the start and the end of lines at most? Readers differ about
 * what words in it or behind it say. */
bool base64_is_clean(const char *source, size_t len);

/* The ASCII character that the reference at text ("&amp;") stands for, 0 when none that links
 * and placeholders are made of; *len_r is its length. */
char html_reference(const char *text, size_t len, size_t *len_r);

/* Appends text as quoted-printable (RFC 2045 section 6.7), CRLF being line ends; *column is the
 * length of the line so far and becomes the new one. Lines stay within 76. */
void quoted_printable_put(struct buf *out, const char *text, size_t len, size_t *column);

/* Appends quoted-printable that says the same in lines within 76 that end in CRLF, without blanks
 * at their ends or "From " at their start. Escapes stay, soft breaks too. */
void quoted_printable_wrap(struct buf *out, const char *source, size_t len);

/* Appends base64 in lines of width (a multiple of 4) with that line end, none behind the last. */
struct base64_lines {
	size_t width;
	const char *end;
};
void base64_put(
	struct buf *out, const char *bytes, size_t len, const struct base64_lines *lines);

/* Appends the bytes in another charset. Returns 0, or -1 when it cannot be done without loss. */
int charset_convert(
	const char *from, const char *to, const char *bytes, size_t len, struct buf *out);

/* Do its bytes below 0x80 mean what they mean in ASCII? Unknown and unnamed ones do. */
bool charset_is_ascii_based(const char *charset);

/* Some charsets that are based on ASCII (Shift_JIS, Big5, GBK) have characters of two bytes
 * whose second one would alone be a letter, a bracket or a backslash. May the bytes have any? */
bool charset_has_pairs(const char *charset);

/* Makes these second bytes such as stand for no character of ASCII. */
void charset_mask_pairs(const char *charset, char *bytes, size_t len);

/* The charset that these bytes are in: UTF-16 and its like with the order of bytes that they
 * have, by their mark (which stays a character of the text), else by where the zeros are, else
 * big-endian (RFC 2781); others by their own name. */
const char *charset_of(const char *named, const char *bytes, size_t len);

#endif
