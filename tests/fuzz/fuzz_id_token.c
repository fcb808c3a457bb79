/*
 * Any bytes as a key set, as a token, and as the claims of a token whose signature is good: no
 * input can guess a signature, so the claims are signed here, with one key for all inputs.
 * (Making it takes more lines than a target has otherwise.)
 */
#include "base/encode.h"
#include "token/id_token.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static EVP_PKEY *key;
static struct jwks *keys;

static void make_keys(void)
{
	unsigned char modulus[256];
	char text[BASE64URL_SIZE(sizeof(modulus))], document[512];
	BIGNUM *n = NULL;
	struct error error;

	key = EVP_RSA_gen(2048);
	EVP_PKEY_get_bn_param(key, "n", &n);
	base64url_encode(modulus, (size_t)BN_bn2bin(n, modulus), text);
	BN_free(n);
	snprintf(document, sizeof(document),
		"{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"%s\"}]}",
		text);
	keys = jwks_parse(document, strlen(document), &error);
}

static void verify(const char *text, size_t len)
{
	const struct id_token_expectations expected = {
		"client", "https://login.example/{tenantid}/v2.0", NULL, 1700000000};
	struct secret *token = secret_new(text, len);
	struct id_token_claims claims;
	struct error error;

	if (id_token_verify(keys, token, &expected, &claims, &error) == 0 &&
		strcmp(claims.tid, PERSONAL_TENANT) == 0)
		abort();
	id_token_claims_free(&claims);
	secret_free(&token);
}

static void sign_and_verify(const uint8_t *claims, size_t size)
{
	char text[BASE64URL_SIZE(4096) + 512] =
		"eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ."; /* {"alg":"RS256","kid":"k"} */
	unsigned char signature[256];
	size_t len = sizeof(signature);
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	base64url_encode(claims, size, text + strlen(text));
	if (EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) != 1 ||
		EVP_DigestSign(md, signature, &len, (unsigned char *)text, strlen(text)) != 1)
		abort();
	EVP_MD_CTX_free(md);
	strcat(text, ".");
	base64url_encode(signature, len, text + strlen(text));
	verify(text, strlen(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error error;
	struct jwks *parsed = jwks_parse((const char *)data, size, &error);

	jwks_free(&parsed);
	if (keys == NULL)
		make_keys();
	verify((const char *)data, size);
	if (size <= 4096)
		sign_and_verify(data, size);
	return 0;
}
