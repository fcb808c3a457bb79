/*
 * A set has the ids one behind the other in one buffer, and a hash table of places in it, keyed
 * by the first 8 bytes of the tag; tags are as good as random, so those bytes are the hash.
 * Full equality is what tags_find asks for: it computes the tag of whom it has found once more.
 */
#include "store/tags.h"

#include "base/buf.h"
#include "invite/tag.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define IDS_MAX	     ((size_t)1024 * 1024 * 1024)
#define SLOTS_MIN    1024
#define NO_ID	     UINT32_MAX
#define HASH_CHARS   12 /* of a tag: 60 bits */
#define POSITION_MAX 4096

struct slot {
	uint32_t hash[2]; /* halves, so that a slot is 12 bytes */
	uint32_t id;	  /* where it begins in ids, NO_ID: empty */
};

struct set {
	struct buf ids; /* with their NULs */
	struct slot *slots;
	size_t size; /* a power of two, or 0 */
	size_t used;
};

struct tags {
	const struct keyfile *keys;
	struct set complete; /* of the last walk that came to its end */
	struct set walked;   /* of the one under way */
	bool walking;
	struct buf position; /* the customer that the walk has come to */
};

static void set_clear(struct set *set)
{
	buf_free(&set->ids);
	free(set->slots);
	*set = (struct set){0};
	buf_init(&set->ids, IDS_MAX);
}

static void hash_tag(const char *tag, uint32_t hash_r[2])
{
	uint64_t hash = 0;

	for (int i = 0; i < HASH_CHARS; i++)
		hash = hash << 5 | (uint64_t)(tag[i] >= 'a' ? tag[i] - 'a' : tag[i] - '2' + 26);
	hash_r[0] = (uint32_t)hash;
	hash_r[1] = (uint32_t)(hash >> 32);
}

static void slot_put(struct set *set, const struct slot *slot)
{
	size_t at = slot->hash[0] & (set->size - 1);

	while (set->slots[at].id != NO_ID)
		at = (at + 1) & (set->size - 1);
	set->slots[at] = *slot;
}

/* Room for one more: at most half of the slots are used. */
static int set_reserve(struct set *set)
{
	struct set larger = {.size = set->size == 0 ? SLOTS_MIN : 2 * set->size};

	if (2 * set->used < set->size)
		return 0;
	larger.slots = malloc(larger.size * sizeof(*larger.slots));
	if (larger.slots == NULL)
		return -1;
	memset(larger.slots, 0xff, larger.size * sizeof(*larger.slots));
	for (size_t i = 0; i < set->size; i++)
		if (set->slots[i].id != NO_ID)
			slot_put(&larger, &set->slots[i]);
	free(set->slots);
	set->slots = larger.slots;
	set->size = larger.size;
	return 0;
}

/* The next slot of that hash from *at on, which is counted from the first one that it may be
 * in; NULL behind the last. */
static const struct slot *set_next(const struct set *set, const uint32_t hash[2], size_t *at)
{
	const struct slot *slot;

	if (set->size == 0)
		return NULL;
	for (;;) {
		slot = &set->slots[(hash[0] + *at) & (set->size - 1)];
		++*at;
		if (slot->id == NO_ID)
			return NULL;
		if (slot->hash[0] == hash[0] && slot->hash[1] == hash[1])
			return slot;
	}
}

static bool set_has(const struct set *set, const uint32_t hash[2], const char *customer_id)
{
	const struct slot *slot;
	size_t at = 0;

	while ((slot = set_next(set, hash, &at)) != NULL)
		if (strcmp(set->ids.data + slot->id, customer_id) == 0)
			return true;
	return false;
}

/* Puts the customer in under each key. */
static int set_add(struct set *set, const struct keyfile *keys, const char *customer_id)
{
	struct slot slot = {.id = NO_ID};
	const struct secret *key;
	unsigned char key_id;

	for (size_t n = 0; (key = keyfile_nth(keys, n, &key_id)) != NULL; n++) {
		char tag[CONSENT_TAG_LEN + 1];

		if (consent_tag(key, customer_id, tag) < 0 || set_reserve(set) < 0)
			return -1;
		hash_tag(tag, slot.hash);
		if (set_has(set, slot.hash, customer_id))
			continue;
		if (slot.id == NO_ID) {
			slot.id = (uint32_t)set->ids.len;
			buf_append(&set->ids, customer_id, strlen(customer_id) + 1);
		}
		if (set->ids.failed)
			return -1;
		slot_put(set, &slot);
		set->used++;
	}
	return 0;
}

struct tags *tags_new(const struct keyfile *keys)
{
	struct tags *tags = calloc(1, sizeof(*tags));

	if (tags == NULL)
		return NULL;
	tags->keys = keys;
	set_clear(&tags->complete);
	buf_init(&tags->position, POSITION_MAX);
	tags_restart(tags);
	return tags;
}

void tags_free(struct tags **tags)
{
	if (*tags == NULL)
		return;
	set_clear(&(*tags)->complete);
	set_clear(&(*tags)->walked);
	buf_free(&(*tags)->position);
	free(*tags);
	*tags = NULL;
}

void tags_restart(struct tags *tags)
{
	set_clear(&tags->walked);
	tags->walking = true;
	buf_reset(&tags->position);
}

bool tags_walking(const struct tags *tags)
{
	return tags->walking;
}

const char *tags_position(const struct tags *tags)
{
	return tags->position.data;
}

void tags_complete(struct tags *tags)
{
	set_clear(&tags->complete);
	tags->complete = tags->walked;
	tags->walked = (struct set){0};
	set_clear(&tags->walked);
	tags->walking = false;
}

int tags_add(struct tags *tags, const char *customer_id, bool walk, struct error *error)
{
	struct set *set = tags->walking ? &tags->walked : &tags->complete;
	int result = set_add(set, tags->keys, customer_id);

	if (result == 0 && walk) {
		buf_reset(&tags->position);
		buf_string(&tags->position, customer_id);
	}
	if (result < 0 || tags->position.failed)
		return error_set(
			error, ERROR_TEMPORARY, "out of memory for the tags of customers");
	return 0;
}

static bool has_tag(const struct tags *tags, const char *customer_id, const char *tag)
{
	const struct secret *key;
	unsigned char key_id;

	for (size_t n = 0; (key = keyfile_nth(tags->keys, n, &key_id)) != NULL; n++) {
		char own[CONSENT_TAG_LEN + 1];

		if (consent_tag(key, customer_id, own) == 0 && strcmp(own, tag) == 0)
			return true;
	}
	return false;
}

const char *tags_find(const struct tags *tags, const char *tag, size_t *n)
{
	const struct set *sets[] = {&tags->complete, &tags->walked};
	size_t seen = 0;
	uint32_t hash[2];

	if (strlen(tag) != CONSENT_TAG_LEN)
		return NULL;
	hash_tag(tag, hash);
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		const struct slot *slot;
		size_t at = 0;

		while ((slot = set_next(sets[i], hash, &at)) != NULL) {
			const char *id = sets[i]->ids.data + slot->id;

			if (seen++ < *n || !has_tag(tags, id, tag))
				continue;
			*n = seen;
			return id;
		}
	}
	return NULL;
}
