/*
 * Whose consent address is it? A tag is an HMAC of the customer id, so it is found by having
 * computed those of all customers: in memory, under each key of the link key file, in small
 * steps beside the store's work, and only where consent_address is set. Nothing of it is on
 * disk: another key, or another table, costs another walk over the customers' ids and no write.
 * Until a walk has come to its end, a tag that is not found is not known to be wrong either.
 *
 * A million customers and one key: 50 MiB, and 4 s of one core in all after a start or another
 * table.
 *
 * Threads: as the engine's.
 */
#ifndef POSTINVITE_STORE_TAGS_H
#define POSTINVITE_STORE_TAGS_H

#include "base/error.h"
#include "base/keyfile.h"

#include <stdbool.h>

struct tags;

/* keys are borrowed. NULL: out of memory. */
struct tags *tags_new(const struct keyfile *keys);
void tags_free(struct tags **tags); /* accepts NULL; nulls */

/* Begins a new walk; what was found before stays until it is over. */
void tags_restart(struct tags *tags);

/* Is the walk not over? Then the next customer is the least id greater than that ("" at first). */
bool tags_walking(const struct tags *tags);
const char *tags_position(const struct tags *tags);

/* The walk is over. */
void tags_complete(struct tags *tags);

/* A customer, within the walk (it moves on) or at any time beside it. Returns 0 or -1
 * (temporary: out of memory). */
int tags_add(struct tags *tags, const char *customer_id, bool walk, struct error *error);

/* The customers that may have that tag, one after the other: *n starts at 0. NULL behind the
 * last. Valid until the next tags_add. They had it when they were added: whether such a
 * customer still exists is the caller's to ask. */
const char *tags_find(const struct tags *tags, const char *tag, size_t *n);

#endif
