/*
 * Secrets: one allocation each, wiped by OPENSSL_cleanse, which no compiler removes.
 */
#include "base/secret.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

struct secret {
	size_t len;
	unsigned char bytes[];
};

static struct secret *secret_alloc(size_t len)
{
	struct secret *secret;

	if (len > (size_t)1 << 24)
		return NULL;
	secret = malloc(sizeof(*secret) + len + 1);
	if (secret == NULL)
		return NULL;
	secret->len = len;
	secret->bytes[len] = '\0';
	return secret;
}

struct secret *secret_new(const void *bytes, size_t len)
{
	struct secret *secret = secret_alloc(len);

	if (secret != NULL && len > 0)
		memcpy(secret->bytes, bytes, len);
	return secret;
}

struct secret *secret_from_string(const char *string)
{
	return secret_new(string, strlen(string));
}

struct secret *secret_random(size_t len)
{
	struct secret *secret = secret_alloc(len);

	if (secret != NULL && RAND_priv_bytes(secret->bytes, (int)len) != 1)
		secret_free(&secret);
	return secret;
}

void secret_free(struct secret **secret)
{
	if (secret == NULL || *secret == NULL)
		return;
	OPENSSL_cleanse((*secret)->bytes, (*secret)->len);
	free(*secret);
	*secret = NULL;
}

const unsigned char *secret_bytes(const struct secret *secret)
{
	return secret->bytes;
}

size_t secret_len(const struct secret *secret)
{
	return secret->len;
}

void secret_wipe(void *bytes, size_t len)
{
	OPENSSL_cleanse(bytes, len);
}
