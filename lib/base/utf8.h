/*
 * What is UTF-8 (RFC 3629 section 4), and which control characters a text has. Most text is
 * ASCII without any, and tells so by eight bytes at once.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_BASE_UTF8_H
#define POSTINVITE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the sequence at p, 0 when it is none; what p points to ends with a NUL. */
size_t utf8_length(const unsigned char *p);

/* Is all of the text UTF-8? A NUL follows it. */
bool utf8_valid(const char *text, size_t len);

/* The first control character (below 0x20, or 0x7f) of the text that is none of `allowed`;
 * NULL: there is none. */
const char *utf8_control(const char *text, size_t len, const char *allowed);

/* How many bytes a control character at `text` has, one that terminals obey: 1 below 0x20 and for
 * 0x7f, 2 from U+0080 to U+009F, 0 when there is none. */
size_t utf8_control_length(const char *text);

#endif
