/*
 * The authority's signing keys (RFC 7517) and checking a signature with them (RFC 7515, 7518).
 *
 * RS256, PS256 and ES256 with keys of the fitting type: RSA of 2048 to 8192 bits, EC P-256.
 * Keys of other types, without kid, or "use" other than "sig" are passed over; x5c is not
 * looked at. At most JWKS_MAX_KEYS.
 *
 * Threads: immutable once parsed; may be used by many at once.
 */
#ifndef POSTINVITE_TOKEN_JWKS_H
#define POSTINVITE_TOKEN_JWKS_H

#include "base/error.h"

#include <stddef.h>

#define JWKS_MAX_KEYS 64

struct jwks;

/* Parses. NULL with error set: permanent (malformed, or no usable key) or temporary (memory). */
struct jwks *jwks_parse(const char *text, size_t len, struct error *error);
void jwks_free(struct jwks **keys);

struct jws {
	const char *alg, *kid;
	const char *signed_bytes; /* "header.payload" as it stands in the token */
	size_t signed_len;
	const unsigned char *signature;
	size_t signature_len;
};

/* Returns 0 when the signature is that key's, and in *key_issuer_r the issuer whose tokens the
 * key may sign (as long as keys; "{tenantid}" in it stands for any tenant; NULL: the key names
 * none, it is the authority's). -1: not found (no key of that kid: fetch the keys once more,
 * rate-limited), permanent (algorithm not accepted or not the key's, wrong signature). */
int jwks_verify(const struct jwks *keys, const struct jws *jws, const char **key_issuer_r,
	struct error *error);

#endif
