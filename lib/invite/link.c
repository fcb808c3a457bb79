/*
 * Link tokens. What is signed is the first 18 bytes, so that neither version nor key id can be
 * exchanged; the tag is the first 16 bytes of the HMAC, compared in constant time.
 */
#include "invite/link.h"

#include "base/encode.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#define VERSION	     1
#define ID_BYTES     16
#define SIGNED_BYTES (2 + ID_BYTES)
#define TAG_BYTES    16
#define TOKEN_BYTES  (SIGNED_BYTES + TAG_BYTES)

int invitation_id_new(char id_r[INVITATION_ID_LEN + 1])
{
	unsigned char bytes[ID_BYTES];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return -1;
	base64url_encode(bytes, sizeof(bytes), id_r);
	return 0;
}

bool invitation_id_valid(const char *text)
{
	unsigned char bytes[ID_BYTES];

	return text != NULL && strlen(text) == INVITATION_ID_LEN &&
	       base64url_decode(text, INVITATION_ID_LEN, bytes, sizeof(bytes)) == ID_BYTES;
}

static int sign(
	const struct secret *key, const unsigned char *bytes, unsigned char tag_r[TAG_BYTES])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len;

	if (HMAC(EVP_sha256(), secret_bytes(key), (int)secret_len(key), bytes, SIGNED_BYTES,
		    digest, &len) == NULL)
		return -1;
	memcpy(tag_r, digest, TAG_BYTES);
	return 0;
}

int link_token_new(const struct keyfile *keys, const char *id, char token_r[LINK_TOKEN_LEN + 1])
{
	unsigned char token[TOKEN_BYTES];
	const struct secret *key = keyfile_current(keys, &token[1]);

	token[0] = VERSION;
	if (!invitation_id_valid(id) ||
		base64url_decode(id, INVITATION_ID_LEN, token + 2, ID_BYTES) != ID_BYTES ||
		sign(key, token, token + SIGNED_BYTES) != 0)
		return -1;
	base64url_encode(token, sizeof(token), token_r);
	return 0;
}

int link_token_verify(const struct keyfile *keys, const char *token,
	char id_r[INVITATION_ID_LEN + 1], struct error *error)
{
	unsigned char bytes[TOKEN_BYTES], tag[TAG_BYTES];
	const struct secret *key;

	if (token != NULL && strlen(token) == LINK_TOKEN_LEN &&
		base64url_decode(token, LINK_TOKEN_LEN, bytes, sizeof(bytes)) == TOKEN_BYTES &&
		bytes[0] == VERSION && (key = keyfile_find(keys, bytes[1])) != NULL &&
		sign(key, bytes, tag) == 0 &&
		CRYPTO_memcmp(tag, bytes + SIGNED_BYTES, TAG_BYTES) == 0) {
		base64url_encode(bytes + 2, ID_BYTES, id_r);
		return 0;
	}
	return error_set(error, ERROR_NOT_FOUND, "not a link of this site");
}
