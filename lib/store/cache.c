/*
 * A direct-mapped cache. Ids are random, so their bytes are the hash.
 */
#include "store/cache.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PLACES 8192 /* a power of two */

struct cache {
	bool used;
	struct cached places[PLACES];
};

struct cache *cache_new(void)
{
	return calloc(1, sizeof(struct cache));
}

void cache_free(struct cache **cache)
{
	if (*cache != NULL)
		cache_clear(*cache);
	free(*cache);
	*cache = NULL;
}

/* id has at least 8 characters. */
static struct cached *place(struct cache *cache, const char *id)
{
	uint64_t bytes;

	memcpy(&bytes, id, sizeof(bytes));
	return &cache->places[(bytes * UINT64_C(0x9e3779b97f4a7c15)) >> 51];
}

struct cached *cache_find(struct cache *cache, const char *id)
{
	struct cached *at;

	if (strlen(id) != INVITATION_ID_LEN)
		return NULL;
	at = place(cache, id);
	return strcmp(at->id, id) == 0 ? at : NULL;
}

static void drop(struct cached *at)
{
	free(at->value);
	at->value = NULL;
	json_object_put(at->record);
	at->record = NULL;
}

struct cached *cache_put(struct cache *cache, const char *id, const void *value, size_t len)
{
	struct cached *at = place(cache, id);

	cache->used = true;
	drop(at);
	if (strcmp(at->id, id) != 0) {
		strcpy(at->id, id);
		at->token[0] = '\0';
	}
	at->value = malloc(len);
	if (at->value == NULL)
		return NULL;
	memcpy(at->value, value, len);
	at->len = len;
	return at;
}

void cache_forget(struct cache *cache, const char *id)
{
	struct cached *at = cache_find(cache, id);

	if (at != NULL)
		drop(at);
}

void cache_clear(struct cache *cache)
{
	for (size_t i = 0; i < PLACES && cache->used; i++) {
		struct cached *at = &cache->places[i];

		if (*at->id == '\0')
			continue;
		drop(at);
		memset(at, 0, sizeof(*at));
	}
	cache->used = false;
}
