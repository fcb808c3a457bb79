/*
 * What is UTF-8 (RFC 3629 section 4).
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

#endif
