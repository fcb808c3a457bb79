/*
 * Keys are built once, when the set is parsed, as EVP_PKEY; checking a signature is then one
 * look for the kid and one EVP_DigestVerify. The algorithm comes out of one table of signature
 * algorithms over public keys: "none" and HS256 are not in it, and a row names the type of key
 * that it takes, so that a token cannot have its signature checked with anything but what the
 * key is for.
 */
#include "token/jwks.h"

#include "base/encode.h"
#include "base/json.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define KID_MAX	     256
#define MODULUS_MAX  1024 /* bytes */
#define EXPONENT_MAX 8
#define P256_BYTES   32

struct key {
	char *kid;
	char *issuer; /* NULL: the key names none */
	int type;     /* EVP_PKEY_RSA or EVP_PKEY_EC */
	EVP_PKEY *pkey;
};

struct jwks {
	size_t n;
	struct key keys[JWKS_MAX_KEYS];
};

struct algorithm {
	const char *name;
	int type;
	bool pss;
};

static const struct algorithm algorithms[] = {
	{"RS256", EVP_PKEY_RSA, false},
	{"PS256", EVP_PKEY_RSA, true},
	{"ES256", EVP_PKEY_EC, false},
};

static int member_bytes(
	struct json_object *jwk, const char *name, unsigned char *bytes_r, size_t size)
{
	const char *text = json_string(jwk, name, "");

	return base64url_decode(text, strlen(text), bytes_r, size);
}

/* The key of these parameters, or NULL. */
static EVP_PKEY *pkey_of(const char *type, OSSL_PARAM_BLD *builder)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return pkey;
}

static EVP_PKEY *rsa_key(struct json_object *jwk)
{
	unsigned char modulus[MODULUS_MAX], exponent[EXPONENT_MAX];
	int modulus_len = member_bytes(jwk, "n", modulus, sizeof(modulus));
	int exponent_len = member_bytes(jwk, "e", exponent, sizeof(exponent));
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	BIGNUM *n = NULL, *e = NULL;
	EVP_PKEY *pkey = NULL;

	if (builder != NULL && modulus_len > 0 && exponent_len > 0) {
		n = BN_bin2bn(modulus, modulus_len, NULL);
		e = BN_bin2bn(exponent, exponent_len, NULL);
	}
	if (n != NULL && e != NULL && BN_num_bits(n) >= 2048 && BN_is_odd(n) && BN_is_odd(e) &&
		!BN_is_one(e) &&
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		pkey = pkey_of("RSA", builder);
	BN_free(n);
	BN_free(e);
	OSSL_PARAM_BLD_free(builder);
	return pkey;
}

static EVP_PKEY *ec_key(struct json_object *jwk)
{
	unsigned char point[1 + 2 * P256_BYTES] = {4}; /* uncompressed */
	OSSL_PARAM_BLD *builder;
	EVP_PKEY *pkey = NULL;

	if (strcmp(json_string(jwk, "crv", ""), "P-256") != 0 ||
		member_bytes(jwk, "x", point + 1, P256_BYTES) != P256_BYTES ||
		member_bytes(jwk, "y", point + 1 + P256_BYTES, P256_BYTES) != P256_BYTES)
		return NULL;
	builder = OSSL_PARAM_BLD_new();
	if (builder != NULL &&
		OSSL_PARAM_BLD_push_utf8_string(
			builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
		OSSL_PARAM_BLD_push_octet_string(
			builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) == 1)
		pkey = pkey_of("EC", builder);
	OSSL_PARAM_BLD_free(builder);
	return pkey;
}

/* Appends the key when it is one for signatures of a kind that is accepted. */
static void add_key(struct jwks *keys, struct json_object *jwk)
{
	const char *type = json_string(jwk, "kty", ""), *kid = json_string(jwk, "kid", "");
	const char *issuer = json_string(jwk, "issuer", NULL);
	struct key *key = &keys->keys[keys->n];

	if (*kid == '\0' || strlen(kid) > KID_MAX ||
		strcmp(json_string(jwk, "use", "sig"), "sig") != 0)
		return;
	*key = (struct key){0};
	if (strcmp(type, "RSA") == 0) {
		key->type = EVP_PKEY_RSA;
		key->pkey = rsa_key(jwk);
	} else if (strcmp(type, "EC") == 0) {
		key->type = EVP_PKEY_EC;
		key->pkey = ec_key(jwk);
	}
	if (key->pkey == NULL)
		return;
	keys->n++;
	key->kid = strdup(kid);
	key->issuer = issuer != NULL ? strdup(issuer) : NULL;
	if (key->kid == NULL || (issuer != NULL && key->issuer == NULL)) {
		free(key->kid);
		free(key->issuer);
		EVP_PKEY_free(key->pkey);
		keys->n--;
	}
}

struct jwks *jwks_parse(const char *text, size_t len, struct error *error)
{
	struct json_object *document, *list;
	struct jwks *keys;

	if (json_parse(text, len, &document, error) != 0) {
		error_prefix(error, "signing keys");
		return NULL;
	}
	list = json_member(document, "keys");
	keys = calloc(1, sizeof(*keys));
	if (keys == NULL)
		error_memory(error);
	else if (json_object_is_type(list, json_type_array))
		for (size_t i = 0;
			i < json_object_array_length(list) && keys->n < JWKS_MAX_KEYS; i++)
			add_key(keys, json_object_array_get_idx(list, i));
	json_object_put(document);
	if (keys != NULL && keys->n == 0) {
		error_set(error, ERROR_PERMANENT, "signing keys: no key that can be used");
		jwks_free(&keys);
	}
	return keys;
}

void jwks_free(struct jwks **keys)
{
	if (keys == NULL || *keys == NULL)
		return;
	for (size_t i = 0; i < (*keys)->n; i++) {
		free((*keys)->keys[i].kid);
		free((*keys)->keys[i].issuer);
		EVP_PKEY_free((*keys)->keys[i].pkey);
	}
	free(*keys);
	*keys = NULL;
}

static const struct algorithm *find_algorithm(const char *name)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return &algorithms[i];
	return NULL;
}

static const struct key *find_key(const struct jwks *keys, const char *kid)
{
	for (size_t i = 0; i < keys->n; i++)
		if (strcmp(keys->keys[i].kid, kid) == 0)
			return &keys->keys[i];
	return NULL;
}

/* JWS writes an ECDSA signature as r and s one behind the other (RFC 7518 section 3.4), OpenSSL
 * wants DER. Returns its length (OPENSSL_free), or -1. */
static int ecdsa_der(const struct jws *jws, unsigned char **der_r)
{
	ECDSA_SIG *signature;
	BIGNUM *r, *s;
	int len = -1;

	*der_r = NULL;
	if (jws->signature_len != 2 * P256_BYTES)
		return -1;
	signature = ECDSA_SIG_new();
	r = BN_bin2bn(jws->signature, P256_BYTES, NULL);
	s = BN_bin2bn(jws->signature + P256_BYTES, P256_BYTES, NULL);
	if (signature != NULL && r != NULL && s != NULL &&
		ECDSA_SIG_set0(signature, r, s) == 1) {
		r = s = NULL; /* the signature's now */
		len = i2d_ECDSA_SIG(signature, der_r);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(signature);
	return len;
}

static bool genuine(
	const struct key *key, const struct algorithm *algorithm, const struct jws *jws)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx;
	unsigned char *der = NULL;
	const unsigned char *signature = jws->signature;
	size_t len = jws->signature_len;
	bool good = md != NULL &&
		    EVP_DigestVerifyInit(md, &ctx, EVP_sha256(), NULL, key->pkey) == 1;

	if (good && algorithm->pss)
		good = EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
	if (good && key->type == EVP_PKEY_EC) {
		int der_len = ecdsa_der(jws, &der);

		good = der_len > 0;
		signature = der;
		len = good ? (size_t)der_len : 0;
	}
	good = good && EVP_DigestVerify(md, signature, len,
			       (const unsigned char *)jws->signed_bytes, jws->signed_len) == 1;
	OPENSSL_free(der);
	EVP_MD_CTX_free(md);
	return good;
}

int jwks_verify(const struct jwks *keys, const struct jws *jws, const char **key_issuer_r,
	struct error *error)
{
	const struct algorithm *algorithm = find_algorithm(jws->alg);
	const struct key *key;

	if (algorithm == NULL)
		return error_set(error, ERROR_PERMANENT,
			"signed with an algorithm that is not accepted; RS256, PS256 and ES256 "
			"are");
	key = find_key(keys, jws->kid);
	if (key == NULL)
		return error_set(error, ERROR_NOT_FOUND,
			"signed with a key that is not among the authority's");
	if (key->type != algorithm->type)
		return error_set(
			error, ERROR_PERMANENT, "the key is not one for %s", algorithm->name);
	if (!genuine(key, algorithm, jws))
		return error_set(error, ERROR_PERMANENT, "the signature is wrong");
	*key_issuer_r = key->issuer;
	return 0;
}
