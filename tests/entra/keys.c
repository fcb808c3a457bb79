#include "keys.h"

#include "req.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_MAX 4

struct key {
	EVP_PKEY *pkey;
	char *kid;
};

static struct key keys[KEYS_MAX]; /* newest last */
static size_t key_count;
static struct key rogue; /* never published */
static EVP_PKEY *dkim_key;

static struct key key_new(void)
{
	struct key key = {EVP_RSA_gen(2048), random_token(27)};

	if (!key.pkey)
		abort();
	return key;
}

static void key_free(struct key *key)
{
	EVP_PKEY_free(key->pkey);
	free(key->kid);
	*key = (struct key){0};
}

void keys_init(void)
{
	keys[key_count++] = key_new();
	dkim_key = EVP_RSA_gen(2048);
	if (!dkim_key)
		abort();
}

void keys_free(void)
{
	while (key_count)
		key_free(&keys[--key_count]);
	key_free(&rogue);
	EVP_PKEY_free(dkim_key);
}

void keys_rotate(bool drop_old)
{
	while (drop_old && key_count)
		key_free(&keys[--key_count]);
	if (key_count == KEYS_MAX) {
		key_free(&keys[0]);
		memmove(keys, keys + 1, (KEYS_MAX - 1) * sizeof *keys);
		key_count--;
	}
	keys[key_count++] = key_new();
}

static void add_number(
	struct json_object *json, const char *name, EVP_PKEY *pkey, const char *param)
{
	BIGNUM *number = NULL;
	unsigned char bytes[512];
	char *text;
	int len;

	if (!EVP_PKEY_get_bn_param(pkey, param, &number))
		abort();
	len = BN_bn2bin(number, bytes);
	text = base64url(bytes, (size_t)len);
	json_add(json, name, text);
	free(text);
	BN_free(number);
}

struct json_object *keys_jwks(const char *issuer)
{
	struct json_object *jwks = json_object_new_object(), *list = json_object_new_array();

	for (size_t i = 0; i < key_count; i++) {
		struct json_object *key = json_object_new_object();

		json_add(key, "kty", "RSA");
		json_add(key, "use", "sig");
		json_add(key, "kid", keys[i].kid);
		json_add(key, "x5t", keys[i].kid);
		add_number(key, "n", keys[i].pkey, OSSL_PKEY_PARAM_RSA_N);
		add_number(key, "e", keys[i].pkey, OSSL_PKEY_PARAM_RSA_E);
		json_add(key, "cloud_instance_name", "microsoftonline.com");
		json_add(key, "issuer", issuer);
		json_object_array_add(list, key);
	}
	json_object_object_add(jwks, "keys", list);
	return jwks;
}

void keys_sign(EVP_PKEY *key, const char *text, unsigned char **signature, size_t *len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	*len = (size_t)EVP_PKEY_get_size(key);
	*signature = xcalloc(1, *len);
	if (EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1 ||
		EVP_DigestSign(
			ctx, *signature, len, (const unsigned char *)text, strlen(text)) != 1)
		abort();
	EVP_MD_CTX_free(ctx);
}

/* The old confusion: an HMAC keyed with the public key. */
static void sign_hs256(EVP_PKEY *key, const char *text, unsigned char **signature, size_t *len)
{
	unsigned char *der = NULL;
	int der_len = i2d_PUBKEY(key, &der);
	unsigned int out_len = 0;

	*signature = xcalloc(1, EVP_MAX_MD_SIZE);
	HMAC(EVP_sha256(), der, der_len, (const unsigned char *)text, strlen(text), *signature,
		&out_len);
	*len = out_len;
	OPENSSL_free(der);
}

static void add_part(struct buf *jwt, struct json_object *json)
{
	char *text = json_text(json), *part = base64url(text, strlen(text));

	buf_puts(jwt, part);
	free(text);
	free(part);
}

/* Claims of the fault replace the true ones; null removes one. */
static void override(struct json_object *claims, struct json_object *how)
{
	static const char special[] = "bad_signature unknown_kid alg";

	json_object_object_foreach(how, name, value)
	{
		if (word_in(special, name))
			continue;
		if (value)
			json_object_object_add(claims, name, json_object_get(value));
		else
			json_object_object_del(claims, name);
	}
}

static void add_signature(struct buf *jwt, const struct key *key, const char *alg, bool bad)
{
	unsigned char *signature = NULL;
	size_t len = 0;
	char *text;

	if (!strcmp(alg, "HS256"))
		sign_hs256(key->pkey, jwt->data, &signature, &len);
	else if (strcmp(alg, "none"))
		keys_sign(key->pkey, jwt->data, &signature, &len);
	if (bad && len)
		signature[len / 2] ^= 1;
	text = base64url(signature, len);
	buf_puts(jwt, ".");
	buf_puts(jwt, text);
	free(text);
	free(signature);
}

char *keys_id_token(struct json_object *claims, struct json_object *how)
{
	const char *alg = json_str(how, "alg");
	const struct key *key = &keys[key_count - 1];
	struct json_object *header = json_object_new_object();
	struct buf jwt = {0};

	if (json_flag(how, "unknown_kid")) {
		if (!rogue.pkey)
			rogue = key_new();
		key = &rogue;
	}
	alg = alg ? alg : "RS256";
	json_add(header, "typ", "JWT");
	json_add(header, "alg", alg);
	json_add(header, "kid", key->kid);
	if (how)
		override(claims, how);
	add_part(&jwt, header);
	buf_puts(&jwt, ".");
	add_part(&jwt, json_object_get(claims));
	add_signature(&jwt, key, alg, json_flag(how, "bad_signature"));
	return jwt.data;
}

EVP_PKEY *keys_dkim(void)
{
	return dkim_key;
}

char *keys_dkim_record(void)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(dkim_key, &der);
	char *text = base64(der, (size_t)len), *record = xformat("v=DKIM1; k=rsa; p=%s", text);

	OPENSSL_free(der);
	free(text);
	return record;
}
