/*
 * Records that were asked for lately, with their link tokens, so that working on the same
 * invitations needs neither the database, nor an HMAC, nor a parser. A fixed number of places;
 * which place is an invitation's follows from its id.
 *
 * Who writes a record puts it here too, and calls cache_forget when the transaction is aborted.
 *
 * Threads: as the engine's.
 */
#ifndef POSTINVITE_STORE_CACHE_H
#define POSTINVITE_STORE_CACHE_H

#include "base/json.h"
#include "invite/link.h"

#include <stddef.h>

struct cache;

struct cached {
	char id[INVITATION_ID_LEN + 1];
	char token[LINK_TOKEN_LEN + 1]; /* "": not made yet */
	char *value;			/* as in the database, NULL: not known */
	size_t len;
	struct json_object *record; /* the same, parsed; the cache's; NULL: not known */
};

struct cache *cache_new(void); /* NULL: out of memory */
void cache_free(struct cache **cache);

/* The invitation's place when it is there, or NULL. Valid until the next cache_put. */
struct cached *cache_find(struct cache *cache, const char *id);

/* Puts a copy of the value, in place of whatever was there; the invitation's token stays. NULL out
 * of memory, nothing is known of the invitation then. */
struct cached *cache_put(struct cache *cache, const char *id, const void *value, size_t len);

/* value and record; the token stays right */
void cache_forget(struct cache *cache, const char *id);
void cache_clear(struct cache *cache); /* tokens too */

#endif
