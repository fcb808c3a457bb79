/*
 * A record's bytes:
 *
 *	u8  version         1
 *	u8  key id          of vault_key_file
 *	    nonce           12 random bytes
 *	u32 clear length    big endian
 *	    clear           JSON text, as it was put
 *	    sealed          the secret, AES-256-GCM (NIST SP 800-38D), as long as it was
 *	    tag             16 bytes
 *
 * Associated data: version, key id, kind, NUL, id, NUL, clear. Kind and id hold no NUL, so that
 * no two records have the same. The clear text is kept and authenticated as bytes: no JSON has
 * to be spelled twice alike.
 */
#include "token/seal.h"

#include "base/buf.h"
#include "base/json.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define VERSION	    1
#define NONCE_LEN   12
#define TAG_LEN	    16
#define HEADER_LEN  (2 + NONCE_LEN + 4)
#define RECORD_MAX  (HEADER_LEN + VAULT_CLEAR_MAX + VAULT_SECRET_MAX + TAG_LEN)
#define AAD_MAX	    (2 + VAULT_KIND_MAX + 1 + VAULT_ID_MAX + 1 + VAULT_CLEAR_MAX)
#define KEY_IDS	    256
#define PART_ABSENT 0xffffffffu

struct seal_keys {
	struct secret *keys[KEY_IDS]; /* by key id */
	unsigned char current;
};

/* The parts of a record as it lies in the store. */
struct sealed {
	unsigned char key_id;
	const unsigned char *nonce;
	const char *clear;
	size_t clear_len;
	const unsigned char *bytes; /* ciphertext */
	size_t len;
	const unsigned char *tag;
};

static void put_u32(unsigned char *bytes, uint32_t value)
{
	bytes[0] = (unsigned char)(value >> 24);
	bytes[1] = (unsigned char)(value >> 16);
	bytes[2] = (unsigned char)(value >> 8);
	bytes[3] = (unsigned char)value;
}

static uint32_t get_u32(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

struct seal_keys *seal_keys_new(const struct keyfile *keys)
{
	struct seal_keys *copies = calloc(1, sizeof(*copies));
	const struct secret *key;
	unsigned char id;

	if (copies == NULL)
		return NULL;
	for (size_t n = 0; (key = keyfile_nth(keys, n, &id)) != NULL; n++) {
		copies->keys[id] = secret_new(secret_bytes(key), secret_len(key));
		if (copies->keys[id] == NULL) {
			seal_keys_free(&copies);
			return NULL;
		}
	}
	keyfile_current(keys, &copies->current);
	return copies;
}

void seal_keys_free(struct seal_keys **keys)
{
	if (keys == NULL || *keys == NULL)
		return;
	for (size_t i = 0; i < KEY_IDS; i++)
		secret_free(&(*keys)->keys[i]);
	free(*keys);
	*keys = NULL;
}

static void put_aad(
	struct buf *aad, const struct vault_record *record, const struct sealed *sealed)
{
	buf_byte(aad, VERSION);
	buf_byte(aad, (char)sealed->key_id);
	buf_append(aad, record->kind, strlen(record->kind) + 1);
	buf_append(aad, record->id, strlen(record->id) + 1);
	buf_append(aad, sealed->clear, sealed->clear_len);
}

/* One AES-256-GCM run: encrypts and writes the tag, or decrypts and compares it. Returns 0 or
 * -1. */
static int run_cipher(const struct secret *key, const struct sealed *sealed,
	const struct buf *aad, unsigned char *out, unsigned char *tag_r)
{
	const int encrypt = tag_r != NULL;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len, result = -1;

	if (ctx == NULL || EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, secret_bytes(key),
				   sealed->nonce, encrypt) != 1)
		goto out;
	if (EVP_CipherUpdate(
		    ctx, NULL, &len, (const unsigned char *)aad->data, (int)aad->len) != 1 ||
		EVP_CipherUpdate(ctx, out, &len, sealed->bytes, (int)sealed->len) != 1)
		goto out;
	if (!encrypt && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN,
				(void *)(uintptr_t)sealed->tag) != 1)
		goto out;
	if (EVP_CipherFinal_ex(ctx, out + len, &len) != 1)
		goto out;
	if (encrypt && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, tag_r) != 1)
		goto out;
	result = 0;
out:
	EVP_CIPHER_CTX_free(ctx);
	return result;
}

unsigned char *seal_record(const struct seal_keys *keys, const struct vault_record *record,
	size_t *len_r, struct error *error)
{
	const char *clear = json_text(record->clear);
	struct sealed sealed = {
		.key_id = keys->current,
		.clear = clear,
		.clear_len = clear != NULL ? strlen(clear) : 0,
		.bytes = secret_bytes(record->secret),
		.len = secret_len(record->secret),
	};
	unsigned char *bytes, *body;
	struct buf aad;
	int result = -1;

	if (sealed.clear_len > VAULT_CLEAR_MAX) {
		error_set(error, ERROR_PERMANENT, "vault: the record is too long");
		return NULL;
	}
	*len_r = HEADER_LEN + sealed.clear_len + sealed.len + TAG_LEN;
	bytes = malloc(*len_r);
	buf_init(&aad, AAD_MAX);
	put_aad(&aad, record, &sealed);
	if (bytes != NULL && clear != NULL && !aad.failed &&
		RAND_bytes(bytes + 2, NONCE_LEN) == 1) {
		bytes[0] = VERSION;
		bytes[1] = sealed.key_id;
		sealed.nonce = bytes + 2;
		put_u32(bytes + 2 + NONCE_LEN, (uint32_t)sealed.clear_len);
		memcpy(bytes + HEADER_LEN, clear, sealed.clear_len);
		body = bytes + HEADER_LEN + sealed.clear_len;
		result = run_cipher(
			keys->keys[sealed.key_id], &sealed, &aad, body, body + sealed.len);
	}
	buf_free(&aad);
	if (result == 0)
		return bytes;
	free(bytes);
	error_set(error, ERROR_TEMPORARY, "vault: cannot seal, out of memory or randomness");
	return NULL;
}

/* Finds the parts. Returns 0, or -1 when the bytes are no record. */
static int take_apart(const void *record, size_t len, struct sealed *sealed_r)
{
	const unsigned char *bytes = record;
	size_t clear_len;

	if (len < HEADER_LEN + TAG_LEN || len > RECORD_MAX || bytes[0] != VERSION)
		return -1;
	clear_len = get_u32(bytes + 2 + NONCE_LEN);
	if (clear_len > len - HEADER_LEN - TAG_LEN)
		return -1;
	*sealed_r = (struct sealed){
		.key_id = bytes[1],
		.nonce = bytes + 2,
		.clear = (const char *)bytes + HEADER_LEN,
		.clear_len = clear_len,
		.bytes = bytes + HEADER_LEN + clear_len,
		.len = len - HEADER_LEN - clear_len - TAG_LEN,
		.tag = bytes + len - TAG_LEN,
	};
	return 0;
}

unsigned char seal_current(const struct seal_keys *keys)
{
	return keys->current;
}

unsigned char seal_key_of(const void *bytes, size_t len)
{
	struct sealed sealed;

	return take_apart(bytes, len, &sealed) == 0 ? sealed.key_id : 0;
}

/* The secret, or NULL when the record is not what was sealed. */
static struct secret *unseal(const struct secret *key, const struct sealed *sealed,
	const struct vault_record *record)
{
	unsigned char *plain = malloc(sealed->len + 1);
	struct secret *secret = NULL;
	struct buf aad;

	buf_init(&aad, AAD_MAX);
	put_aad(&aad, record, sealed);
	if (plain != NULL && !aad.failed && run_cipher(key, sealed, &aad, plain, NULL) == 0)
		secret = secret_new(plain, sealed->len);
	if (plain != NULL)
		secret_wipe(plain, sealed->len);
	free(plain);
	buf_free(&aad);
	return secret;
}

int unseal_record(const struct seal_keys *keys, const void *bytes, size_t len,
	struct vault_record *record, struct error *error)
{
	const struct secret *key;
	struct error json_error;
	struct sealed sealed;

	if (take_apart(bytes, len, &sealed) != 0)
		return error_set(error, ERROR_PERMANENT, "vault: %s/%s is damaged",
			record->kind, record->id);
	key = keys->keys[sealed.key_id];
	if (key == NULL)
		return error_set(error, ERROR_CONFIGURATION,
			"vault: %s/%s is sealed under key id %u, which is not in vault_key_file; "
			"put that key's line back below the first one",
			record->kind, record->id, sealed.key_id);
	record->secret = unseal(key, &sealed, record);
	if (record->secret != NULL &&
		json_parse(sealed.clear, sealed.clear_len, &record->clear, &json_error) == 0)
		return 0;
	vault_record_clear(record);
	return error_set(error, ERROR_PERMANENT,
		"vault: %s/%s does not open with key id %u: it was altered, or that id's key is "
		"another one now",
		record->kind, record->id, sealed.key_id);
}

void vault_record_clear(struct vault_record *record)
{
	json_object_put(record->clear);
	record->clear = NULL;
	secret_free(&record->secret);
}

struct secret *vault_pack(const struct secret *const *parts, size_t n)
{
	struct secret *packed;
	unsigned char *bytes, *at;
	size_t len = 4 * n;

	for (size_t i = 0; i < n; i++)
		len += parts[i] != NULL ? secret_len(parts[i]) : 0;
	at = bytes = malloc(len + 1);
	if (bytes == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t part = parts[i] != NULL ? secret_len(parts[i]) : 0;

		put_u32(at, parts[i] != NULL ? (uint32_t)part : PART_ABSENT);
		if (part > 0)
			memcpy(at + 4, secret_bytes(parts[i]), part);
		at += 4 + part;
	}
	packed = secret_new(bytes, len);
	secret_wipe(bytes, len);
	free(bytes);
	return packed;
}

int vault_unpack(const struct secret *packed, struct secret **parts_r, size_t n)
{
	const unsigned char *at = secret_bytes(packed), *end = at + secret_len(packed);
	bool good = true;

	for (size_t i = 0; i < n; i++)
		parts_r[i] = NULL;
	for (size_t i = 0; good && i < n; i++) {
		uint32_t len = end - at >= 4 ? get_u32(at) : 0;

		good = end - at >= 4 && (len == PART_ABSENT || len <= (size_t)(end - at) - 4);
		if (!good)
			break;
		at += 4;
		if (len == PART_ABSENT)
			continue;
		parts_r[i] = secret_new(at, len);
		good = parts_r[i] != NULL;
		at += len;
	}
	if (good && at == end)
		return 0;
	for (size_t i = 0; i < n; i++)
		secret_free(&parts_r[i]);
	return -1;
}
