/*
 * The authority's documents: OpenID configurations and signing keys, fetched when asked for and
 * kept.
 *
 * A document is good for a day. Many that ask for the same one share a fetch, and one document
 * is fetched at most every AUTHORITY_REFETCH_MS. Where a fetch fails and there is an older
 * copy, that one is given.
 */
#ifndef POSTINVITE_TOKEND_AUTHORITY_H
#define POSTINVITE_TOKEND_AUTHORITY_H

#include "token/discovery.h"
#include "token/http.h"
#include "token/jwks.h"

#include <stdint.h>

#define AUTHORITY_REFETCH_MS 5000

struct authority;
struct authority_wait;

/* http is borrowed. NULL out of memory. */
struct authority *authority_new(struct event_base *base, struct http *http);
void authority_free(struct authority **authority); /* nobody who waits is called any more */

/* What was asked for, borrowed for the length of the callback, or the refusal. */
struct authority_answer {
	const struct discovery *discovery;
	const struct jwks *keys;
	const struct refusal *refusal; /* NULL: here it is */
};
typedef void authority_fn(void *context, const struct authority_answer *answer);

/* The callback comes later, once, never from within. Return a handle to cancel with, valid
 * until then; NULL when out of memory (no callback then). */
struct authority_wait *authority_discovery(struct authority *authority,
	const char *authority_url, const char *tenant, authority_fn *answer, void *context);

/* since: the copy must have been fetched after that moment (clock_monotonic_ms); 0: any will do. */
struct authority_wait *authority_keys(struct authority *authority, const char *jwks_uri,
	uint64_t since, authority_fn *answer, void *context);
void authority_cancel(struct authority_wait **wait); /* accepts NULL; nulls */

#endif
