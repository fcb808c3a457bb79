/*
 * The language that a browser asks for: Accept-Language (RFC 9110 section 12.5.4), matched by
 * look-up (RFC 4647 section 3.4): "de-AT" finds "de", "*" finds what the site prefers, q=0 is a
 * language that is not wanted.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_WEB_LANGUAGE_H
#define POSTINVITE_WEB_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>

#define LANGUAGE_TAG_MAX    35 /* RFC 5646 section 4.4.1 */
#define LANGUAGE_RANGES_MAX 32 /* of a header; what follows is not read */

/* Is it a language tag such as "de", "pt-BR", "zh-Hant"? */
bool language_valid(const char *tag, size_t len);

/* The index among the `count` available tags that fits the header best, or `otherwise` when
 * none does or the header is NULL. Whatever the header holds: a range that is malformed is
 * skipped. */
size_t language_choose(
	const char *header, const char *const *available, size_t count, size_t otherwise);

#endif
