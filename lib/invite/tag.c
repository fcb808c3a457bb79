/*
 * A consent tag holds 80 bits: nobody guesses one, and a million customers share none. A bounce
 * tag's 40 bits of HMAC only keep strangers from having mail sent on; what a report may say of
 * an invitation is little.
 */
#include "invite/tag.h"

#include "base/encode.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONSENT_BYTES 10
#define ID_BYTES      16
#define MAC_BYTES     5
#define BOUNCE_BYTES  (ID_BYTES + MAC_BYTES)
#define NAME_SIZE     2048

/* HMAC of "kind", NUL, bytes. */
static int sign(const struct secret *key, const char *kind, const void *bytes, size_t len,
	unsigned char digest_r[EVP_MAX_MD_SIZE])
{
	unsigned char text[NAME_SIZE];
	size_t kind_len = strlen(kind) + 1;

	if (len > sizeof(text) - kind_len)
		return -1;
	memcpy(text, kind, kind_len);
	memcpy(text + kind_len, bytes, len);
	return HMAC(EVP_sha256(), secret_bytes(key), (int)secret_len(key), text, kind_len + len,
		       digest_r, NULL) == NULL
		       ? -1
		       : 0;
}

int consent_tag(
	const struct secret *key, const char *customer_id, char tag_r[CONSENT_TAG_LEN + 1])
{
	unsigned char digest[EVP_MAX_MD_SIZE];

	*tag_r = '\0';
	if (sign(key, "consent", customer_id, strlen(customer_id), digest) < 0)
		return -1;
	base32_encode(digest, CONSENT_BYTES, tag_r);
	return 0;
}

int bounce_tag_new(const struct keyfile *keys, const char *id, char tag_r[BOUNCE_TAG_LEN + 1])
{
	unsigned char bytes[BOUNCE_BYTES], digest[EVP_MAX_MD_SIZE], key_id;

	*tag_r = '\0';
	if (!invitation_id_valid(id) ||
		base64url_decode(id, INVITATION_ID_LEN, bytes, ID_BYTES) != ID_BYTES ||
		sign(keyfile_current(keys, &key_id), "bounce", bytes, ID_BYTES, digest) < 0)
		return -1;
	memcpy(bytes + ID_BYTES, digest, MAC_BYTES);
	base32_encode(bytes, sizeof(bytes), tag_r);
	return 0;
}

static bool signed_by_any(const struct keyfile *keys, const unsigned char bytes[BOUNCE_BYTES])
{
	unsigned char digest[EVP_MAX_MD_SIZE], key_id;
	const struct secret *key;

	for (size_t n = 0; (key = keyfile_nth(keys, n, &key_id)) != NULL; n++)
		if (sign(key, "bounce", bytes, ID_BYTES, digest) == 0 &&
			CRYPTO_memcmp(digest, bytes + ID_BYTES, MAC_BYTES) == 0)
			return true;
	return false;
}

int bounce_tag_verify(const struct keyfile *keys, const char *tag,
	char id_r[INVITATION_ID_LEN + 1], struct error *error)
{
	unsigned char bytes[BOUNCE_BYTES];

	if (strlen(tag) != BOUNCE_TAG_LEN ||
		base32_decode(tag, BOUNCE_TAG_LEN, bytes, sizeof(bytes)) != BOUNCE_BYTES ||
		!signed_by_any(keys, bytes))
		return error_set(error, ERROR_NOT_FOUND, "not a bounce address of this site");
	base64url_encode(bytes, ID_BYTES, id_r);
	return 0;
}

char *tagged_address(const char *base, const char *tag)
{
	const char *at = strrchr(base, '@');
	int local = at == NULL ? (int)strlen(base) : (int)(at - base);
	char *address;

	if (asprintf(&address, "%.*s+%s%s", local, base, tag, base + local) < 0)
		return NULL;
	return address;
}

static void take_tag(const char *text, size_t len, char tag_r[TAG_LEN_MAX + 1])
{
	if (len > TAG_LEN_MAX)
		len = 0;
	for (size_t i = 0; i < len; i++)
		tag_r[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a')
							    : text[i];
	tag_r[len] = '\0';
}

bool address_tag(const char *base, const char *address, char tag_r[TAG_LEN_MAX + 1])
{
	const char *base_at = strrchr(base, '@'), *at = strrchr(address, '@');
	size_t local = base_at == NULL ? 0 : (size_t)(base_at - base);
	const char *tag = address + local;

	*tag_r = '\0';
	if (local == 0 || at == NULL || strcasecmp(base_at, at) != 0 ||
		(size_t)(at - address) < local || strncasecmp(base, address, local) != 0 ||
		(tag < at && *tag != '+'))
		return false;
	if (tag < at)
		take_tag(tag + 1, (size_t)(at - tag) - 1, tag_r);
	return true;
}
