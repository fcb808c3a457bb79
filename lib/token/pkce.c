/*
 * A verifier is 32 random bytes in base64url, 43 characters, as RFC 7636 section 4.1 recommends.
 */
#include "token/pkce.h"

#include "base/encode.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

struct secret *pkce_verifier_new(void)
{
	struct secret *bytes = secret_random(32), *verifier;
	char text[PKCE_CHALLENGE_LEN + 1];

	if (bytes == NULL)
		return NULL;
	base64url_encode(secret_bytes(bytes), secret_len(bytes), text);
	verifier = secret_from_string(text);
	secret_wipe(text, sizeof(text));
	secret_free(&bytes);
	return verifier;
}

int pkce_challenge(const struct secret *verifier, char challenge_r[PKCE_CHALLENGE_LEN + 1])
{
	unsigned char digest[32];
	unsigned len;

	if (EVP_Digest(secret_bytes(verifier), secret_len(verifier), digest, &len, EVP_sha256(),
		    NULL) != 1)
		return -1;
	base64url_encode(digest, sizeof(digest), challenge_r);
	return 0;
}

int pkce_random_text(char text_r[PKCE_TEXT_LEN + 1])
{
	unsigned char bytes[16];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return -1;
	base64url_encode(bytes, sizeof(bytes), text_r);
	return 0;
}
