/*
 * A bucket is one number: the moment at which it will be full again (the "theoretical arrival
 * time" of ITU-T I.371's GCRA). Keys are found by a keyed digest, so that nobody can choose
 * keys that meet in one set; a digest's first bytes name the set, and the bytes behind them the
 * key.
 */
#include "web/limit.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define WAYS	  8 /* of a set */
#define SALT_SIZE 16
#define KEY_MAX	  256 /* what is behind it does not count */

struct bucket {
	unsigned char key[16]; /* zeros: free */
	uint64_t full_at;
};

struct limit {
	unsigned char salt[SALT_SIZE];
	size_t sets;
	struct bucket buckets[];
};

struct limit *limit_new(size_t keys)
{
	size_t sets = (keys + WAYS - 1) / WAYS;
	struct limit *limit =
		calloc(1, sizeof(*limit) + sets * WAYS * sizeof(limit->buckets[0]));

	if (limit == NULL)
		return NULL;
	limit->sets = sets;
	if (RAND_bytes(limit->salt, SALT_SIZE) != 1)
		limit_free(&limit);
	return limit;
}

void limit_free(struct limit **limit)
{
	free(*limit);
	*limit = NULL;
}

/* The key's bucket, or that of the set which may be forgotten first; NULL when there is no
 * digest. */
static struct bucket *find(struct limit *limit, const char *key)
{
	unsigned char text[SALT_SIZE + KEY_MAX], digest[EVP_MAX_MD_SIZE];
	size_t len = strnlen(key, KEY_MAX);
	struct bucket *set, *oldest;
	uint64_t number;

	memcpy(text, limit->salt, SALT_SIZE);
	memcpy(text + SALT_SIZE, key, len);
	if (EVP_Digest(text, SALT_SIZE + len, digest, NULL, EVP_sha256(), NULL) != 1)
		return NULL;
	memcpy(&number, digest, sizeof(number));
	set = oldest = &limit->buckets[number % limit->sets * WAYS];
	for (size_t i = 0; i < WAYS; i++) {
		if (memcmp(set[i].key, digest + sizeof(number), sizeof(set[i].key)) == 0)
			return &set[i];
		if (set[i].full_at < oldest->full_at)
			oldest = &set[i];
	}
	memcpy(oldest->key, digest + sizeof(number), sizeof(oldest->key));
	oldest->full_at = 0;
	return oldest;
}

uint64_t limit_take(
	struct limit *limit, const struct limit_rule *rule, const char *key, uint64_t now)
{
	uint64_t room = (uint64_t)rule->pace_ms * (rule->burst - 1);
	struct bucket *bucket = find(limit, key);

	if (bucket == NULL)
		return 0;
	if (bucket->full_at > now + room)
		return bucket->full_at - now - room;
	bucket->full_at = (bucket->full_at > now ? bucket->full_at : now) + rule->pace_ms;
	return 0;
}
