/*
 * Charsets of text parts: which are like ASCII, which are not what they are called, and the way
 * from one to another.
 *
 * Pure. Names are compared caseless; "" stands for one that is not named.
 */
#ifndef POSTINVITE_MAIL_CHARSET_H
#define POSTINVITE_MAIL_CHARSET_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

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
