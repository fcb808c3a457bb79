/*
 * Verifying an id_token (OpenID Connect Core 1.0 section 3.1.3.7, RFC 7519, Entra's v2.0
 * claims): who signed in, in which tenant. Everything is checked before a claim is given out.
 *
 * Threads: pure functions.
 */
#ifndef POSTINVITE_TOKEN_ID_TOKEN_H
#define POSTINVITE_TOKEN_ID_TOKEN_H

#include "base/error.h"
#include "base/secret.h"
#include "token/jwks.h"
#include "token/reply.h"

#include <time.h>

#define ID_TOKEN_MAX	(32 * 1024)
#define ID_TOKEN_LEEWAY 300 /* seconds that the clocks may differ */

/* The tenant of all personal Microsoft accounts: never a customer's. */
#define PERSONAL_TENANT "9188040d-6c67-4c5b-b112-36a304b66dad"

struct id_token_expectations {
	const char *client_id; /* aud */
	/* of the OpenID configuration; "{tenantid}" in it stands for the token's tid */
	const char *issuer;
	/* what the authorization request sent; NULL: none was (device flow) */
	const char *nonce;
	time_t now;
};

struct id_token_claims {
	char tid[GUID_LEN + 1];	  /* lower case */
	char oid[GUID_LEN + 1];	  /* lower case */
	char *preferred_username; /* a hint to show, never to decide by; "" when absent */
	char *name;		  /* likewise */
};

/*
 * Returns 0 with *claims_r filled in (id_token_claims_free), or -1:
 *	not found   signed with a key that is not among these: fetch them once more
 *	policy      genuine, but of a personal account
 *	permanent   malformed, not genuine, not for us, of another time
 *	temporary   out of memory
 * An id_token of another tenant than the customer's passes: whose it may be is the caller's
 * decision.
 */
int id_token_verify(const struct jwks *keys, const struct secret *token,
	const struct id_token_expectations *expected, struct id_token_claims *claims_r,
	struct error *error);

void id_token_claims_free(struct id_token_claims *claims); /* nulls; accepts zeroed ones */

#endif
