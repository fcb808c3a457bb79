/*
 * The authority's OpenID configuration (OpenID Connect Discovery 1.0 section 4, RFC 8414, RFC 8628
 * section 4).
 *
 * Secrets are sent to these endpoints, so the document must name the authority itself: issuer
 * and every endpoint must have the very origin of authority_url, which settings allow to be
 * https, or http on a loopback address.
 *
 * Threads: immutable once parsed.
 */
#ifndef POSTINVITE_TOKEN_DISCOVERY_H
#define POSTINVITE_TOKEN_DISCOVERY_H

#include "base/error.h"
#include "token/refusal.h"
#include "token/reply.h"

struct discovery {
	char *issuer; /* may hold "{tenantid}" */
	char *authorization_endpoint;
	char *token_endpoint;
	char *device_authorization_endpoint;
	char *jwks_uri;
	/* out of the issuer, lower case; "" when that holds "{tenantid}" */
	char tenant_id[GUID_LEN + 1];
};

/* Can it stand in a URL as a tenant: a GUID, a domain or an alias such as "organizations"
 * (letters, digits, "-", "."; at most 253)? */
bool tenant_valid(const char *tenant);

/* AUTHORITY/TENANT/v2.0/.well-known/openid-configuration; the caller's (free). NULL: tenant is
 * not valid, or out of memory. */
char *discovery_url(const char *authority_url, const char *tenant);

/* Reads the answer. Returns the document, or NULL with the refusal: an unknown tenant or a
 * foreign origin is OUTCOME_CONFIGURATION. */
struct discovery *discovery_read(
	const struct reply *reply, const char *authority_url, struct refusal *refusal_r);
void discovery_free(struct discovery **discovery);

#endif
