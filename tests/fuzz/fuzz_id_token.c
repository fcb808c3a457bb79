/*
 * Signing keys, a token, and a token's claims. Whether a signature is right is the target's to
 * say, so that no run has to make one: behind a wrong one nothing is accepted, behind a right
 * one what the claims must say of client, issuer, tenant and time.
 */
#include "base/encode.h"
#include "base/json.h"
#include "token/id_token.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define NOW    1700000000
#define W64    "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"
#define ISSUER "https://login.example/{tenantid}/v2.0"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool right;

int EVP_DigestVerify(EVP_MD_CTX *md, const unsigned char *signature, size_t signature_len,
	const unsigned char *bytes, size_t len)
{
	if (md == NULL || signature == NULL || signature_len == 0 || bytes == NULL || len == 0)
		abort();
	return right;
}

static bool fit(struct json_object *claims, const struct id_token_claims *said)
{
	return strcmp(json_string(claims, "aud", ""), "client") == 0 &&
	       strcasestr(json_string(claims, "iss", ""), said->tid) != NULL &&
	       json_int(claims, "iat", 0) <= NOW + ID_TOKEN_LEEWAY &&
	       json_int(claims, "exp", 0) > NOW - ID_TOKEN_LEEWAY;
}

/* claims: what the token holds, NULL: whatever it does. */
static void verify(const char *text, size_t len, struct json_object *claims)
{
	static const char document[] =
		"{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":"
		"\"" W64 W64 W64 W64 W64 "wwwwwwwwwwwwwwwwwwwwww\"},"
		"{\"kty\":\"EC\",\"kid\":\"e\",\"crv\":\"P-256\","
		"\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\","
		"\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}]}";
	const char *nonce = claims == NULL ? "n" : NULL;
	const struct id_token_expectations expected = {"client", ISSUER, nonce, NOW};
	static struct jwks *keys;
	struct secret *token = secret_new(text, len);
	struct id_token_claims said;
	struct error error;

	if (keys == NULL)
		keys = jwks_parse(document, strlen(document), &error);
	if (id_token_verify(keys, token, &expected, &said, &error) == 0 &&
		(!right || strcmp(said.tid, PERSONAL_TENANT) == 0 || !guid_valid(said.oid) ||
			(claims != NULL && !fit(claims, &said))))
		abort();
	id_token_claims_free(&said);
	secret_free(&token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[BASE64URL_SIZE(4096) + 64] =
		"eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ."; /* {"alg":"RS256","kid":"k"} */
	struct json_object *claims = NULL;
	struct error error;
	struct jwks *keys = jwks_parse((const char *)data, size, &error);

	jwks_free(&keys);
	right = false;
	verify((const char *)data, size, NULL);
	right = true;
	verify((const char *)data, size, NULL);
	json_parse((const char *)data, size, &claims, &error);
	if (size <= 4096) {
		base64url_encode(data, size, text + strlen(text));
		strcat(text, ".AAAA");
		verify(text, strlen(text), claims);
	}
	json_object_put(claims);
	return 0;
}
