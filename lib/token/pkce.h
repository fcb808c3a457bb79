/*
 * Proof Key for Code Exchange (RFC 7636), method S256, and the random texts of an authorization
 * request.
 *
 * Threads: any.
 */
#ifndef POSTINVITE_TOKEN_PKCE_H
#define POSTINVITE_TOKEN_PKCE_H

#include "base/secret.h"

#define PKCE_CHALLENGE_LEN 43 /* base64url of 32 bytes; a verifier is as long */

/* 32 random bytes in base64url (section 4.1). NULL without randomness or memory. */
struct secret *pkce_verifier_new(void);

/* base64url(SHA-256(verifier)) (section 4.2), NUL-terminated. Returns 0, or -1 when the digest
 * fails. */
int pkce_challenge(const struct secret *verifier, char challenge_r[PKCE_CHALLENGE_LEN + 1]);

/* 128 random bits in base64url, for state and nonce. Returns 0, or -1 without randomness. */
#define PKCE_TEXT_LEN 22
int pkce_random_text(char text_r[PKCE_TEXT_LEN + 1]);

#endif
