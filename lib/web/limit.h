/*
 * How often something may be done, in a memory that does not grow: token buckets by key (a
 * client, a link).
 *
 * A key that was not seen for a while is as good as new. Where more keys come than there is
 * room for, the one that is nearest to being as good as new is forgotten: too many keys make
 * limits more generous, never stricter.
 *
 * Threads: one at a time.
 */
#ifndef POSTINVITE_WEB_LIMIT_H
#define POSTINVITE_WEB_LIMIT_H

#include <stddef.h>
#include <stdint.h>

struct limit;

struct limit_rule {
	unsigned burst;	  /* so many at once, at least 1 */
	unsigned pace_ms; /* and then one each */
};

/* Room for that many keys, about 24 bytes each. NULL: out of memory or randomness. */
struct limit *limit_new(size_t keys);
void limit_free(struct limit **limit); /* accepts NULL; nulls */

/* Takes one for that key under that rule; a key is always asked for under the same one. now:
 * clock_monotonic_ms. Returns 0, or in how many ms there will be one; then nothing is taken. */
uint64_t limit_take(
	struct limit *limit, const struct limit_rule *rule, const char *key, uint64_t now);

#endif
