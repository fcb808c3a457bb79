/*
 * Regular expressions of the configuration: PCRE2, UTF-8, caseless, with bounded work, so that
 * no mail can make a pattern run for long.
 */
#ifndef POSTINVITE_BASE_PATTERN_H
#define POSTINVITE_BASE_PATTERN_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct pattern;

/* Compiles; NULL with error set (configuration: what and where in the expression). */
struct pattern *pattern_new(const char *expression, struct error *error);
void pattern_free(struct pattern **pattern);

/* Does it match anywhere in subject? Bytes that are not UTF-8 match nothing; exceeding the work
 * limit is "no". When group1_r is not NULL it gets a malloc'd copy of group 1, or NULL where
 * there is none. Safe to call from any thread. */
bool pattern_match(
	const struct pattern *pattern, const char *subject, size_t len, char **group1_r);

#endif
