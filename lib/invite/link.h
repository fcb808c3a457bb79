/*
 * Link tokens: wizard_url/i/TOKEN, TOKEN = base64url(version byte, key id byte, 16 bytes of
 * invitation id, 16 bytes of HMAC-SHA-256 over what stands before under the link key). Verified
 * without a look-up.
 */
#ifndef POSTINVITE_INVITE_LINK_H
#define POSTINVITE_INVITE_LINK_H

#include "base/error.h"
#include "base/keyfile.h"

#include <stdbool.h>

#define INVITATION_ID_LEN 22 /* base64url of 128 random bits */
#define LINK_TOKEN_LEN	  46 /* base64url of 34 bytes */

/* A new invitation id, NUL-terminated. Returns 0, or -1 without randomness. */
int invitation_id_new(char id_r[INVITATION_ID_LEN + 1]);

/* Is it the form of an invitation id? */
bool invitation_id_valid(const char *text);

/* The token of an invitation under the current key. Returns 0, or -1 when id is none. */
int link_token_new(
	const struct keyfile *keys, const char *id, char token_r[LINK_TOKEN_LEN + 1]);

/* The invitation of a token. Returns 0, or -1 (not found: not a token of ours). */
int link_token_verify(const struct keyfile *keys, const char *token,
	char id_r[INVITATION_ID_LEN + 1], struct error *error);

#endif
