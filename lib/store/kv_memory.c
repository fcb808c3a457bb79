/*
 * Trees in memory: each a sorted array of pairs. A transaction keeps what each write replaced
 * and puts it back, last first, when it is aborted. A cursor remembers its last key and looks
 * for the next one, so writes cannot disturb it. A sealed tree is a kv of its own in its
 * parent's list, where closing leaves it.
 */
#include "store/kv_memory.h"

#include "store/kv_class.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct pair {
	size_t key_len, value_len;
	unsigned char bytes[]; /* key, then value */
};

struct tree {
	struct pair **pairs;
	size_t n, cap;
};

/* One write of the open transaction: the pair that was there before, or the key that was not. */
struct undo {
	unsigned tree;
	bool was_there;
	struct pair *pair;
};

struct kv_memory {
	struct kv kv;
	struct tree *trees;
	struct undo *undo;
	size_t undo_n, undo_cap;
	struct kv_memory *sealed; /* the first of its sealed trees */
	struct kv_memory *next;	  /* of a sealed tree: the one behind it */
	char name[KV_NAME_MAX + 1];
};

struct memory_cursor {
	struct kv_cursor cursor;
	unsigned tree;
	unsigned char at[KV_KEY_MAX]; /* the last key given */
	size_t at_len;
};

static struct kv_bytes key_of(const struct pair *pair)
{
	return (struct kv_bytes){pair->bytes, pair->key_len};
}

static struct kv_bytes value_of(const struct pair *pair)
{
	return (struct kv_bytes){pair->bytes + pair->key_len, pair->value_len};
}

static struct pair *pair_new(struct kv_bytes key, struct kv_bytes value)
{
	struct pair *pair = malloc(sizeof(*pair) + key.len + value.len);

	if (pair == NULL)
		return NULL;
	pair->key_len = key.len;
	pair->value_len = value.len;
	memcpy(pair->bytes, key.data, key.len);
	if (value.len > 0)
		memcpy(pair->bytes + key.len, value.data, value.len);
	return pair;
}

static int compare(struct kv_bytes a, struct kv_bytes b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len > 0 ? memcmp(a.data, b.data, len) : 0;

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* The position of the first key not less than `key`; *equal_r tells whether it is that key. */
static size_t find(const struct tree *tree, struct kv_bytes key, bool *equal_r)
{
	size_t low = 0, high = tree->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(key_of(tree->pairs[middle]), key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*equal_r = low < tree->n && compare(key_of(tree->pairs[low]), key) == 0;
	return low;
}

static int grow(void **array, size_t *cap, size_t n, size_t size)
{
	size_t more = *cap > 0 ? *cap * 2 : 16;
	void *larger;

	if (n < *cap)
		return 0;
	larger = realloc(*array, more * size);
	if (larger == NULL)
		return -1;
	*array = larger;
	*cap = more;
	return 0;
}

static void take_out(struct tree *tree, size_t at)
{
	memmove(tree->pairs + at, tree->pairs + at + 1,
		(tree->n - at - 1) * sizeof(struct pair *));
	tree->n--;
}

/* There is room: the tree was grown before, or the pair stood there before. */
static void put_in(struct tree *tree, size_t at, struct pair *pair)
{
	memmove(tree->pairs + at + 1, tree->pairs + at, (tree->n - at) * sizeof(struct pair *));
	tree->pairs[at] = pair;
	tree->n++;
}

static int memory_begin(struct kv *kv, struct error *error)
{
	(void)kv;
	(void)error;
	return 0;
}

static int memory_commit(struct kv *kv, struct error *error)
{
	struct kv_memory *memory = (struct kv_memory *)kv;

	(void)error;
	while (memory->undo_n > 0)
		free(memory->undo[--memory->undo_n].pair);
	return 0;
}

static void memory_abort(struct kv *kv)
{
	struct kv_memory *memory = (struct kv_memory *)kv;

	while (memory->undo_n > 0) {
		struct undo *undo = &memory->undo[--memory->undo_n];
		struct tree *tree = &memory->trees[undo->tree];
		bool there;
		size_t at = find(tree, key_of(undo->pair), &there);

		if (there) {
			free(tree->pairs[at]);
			take_out(tree, at);
		}
		if (undo->was_there)
			put_in(tree, at, undo->pair);
		else
			free(undo->pair);
	}
}

static int memory_sync(struct kv *kv, struct error *error)
{
	(void)kv;
	(void)error;
	return 0;
}

static int memory_get(struct kv *kv, unsigned tree, struct kv_bytes key,
	struct kv_bytes *value_r, struct error *error)
{
	struct tree *in = &((struct kv_memory *)kv)->trees[tree];
	bool there;
	size_t at = find(in, key, &there);

	(void)error;
	if (there)
		*value_r = value_of(in->pairs[at]);
	return there;
}

static int memory_put(struct kv *kv, unsigned tree, const struct kv_bytes pair[2],
	bool overwrite, struct error *error)
{
	struct kv_memory *memory = (struct kv_memory *)kv;
	struct tree *in = &memory->trees[tree];
	struct pair *fresh, *key = NULL;
	bool there;
	size_t at = find(in, pair[0], &there);

	if (there && !overwrite)
		return 0;
	fresh = pair_new(pair[0], pair[1]);
	if (!there)
		key = pair_new(pair[0], (struct kv_bytes){0});
	if (fresh == NULL || (!there && key == NULL) ||
		grow((void **)&in->pairs, &in->cap, in->n, sizeof(*in->pairs)) != 0 ||
		grow((void **)&memory->undo, &memory->undo_cap, memory->undo_n,
			sizeof(*memory->undo)) != 0) {
		free(fresh);
		free(key);
		return error_memory(error);
	}
	memory->undo[memory->undo_n++] =
		(struct undo){tree, there, there ? in->pairs[at] : key};
	if (there)
		in->pairs[at] = fresh;
	else
		put_in(in, at, fresh);
	return 1;
}

static int memory_delete(struct kv *kv, unsigned tree, struct kv_bytes key, struct error *error)
{
	struct kv_memory *memory = (struct kv_memory *)kv;
	struct tree *in = &memory->trees[tree];
	bool there;
	size_t at = find(in, key, &there);

	if (!there)
		return 0;
	if (grow((void **)&memory->undo, &memory->undo_cap, memory->undo_n,
		    sizeof(*memory->undo)) != 0)
		return error_memory(error);
	memory->undo[memory->undo_n++] = (struct undo){tree, true, in->pairs[at]};
	take_out(in, at);
	return 1;
}

static int memory_last(
	struct kv *kv, unsigned tree, struct kv_bytes *key_r, struct error *error)
{
	struct tree *in = &((struct kv_memory *)kv)->trees[tree];

	(void)error;
	if (in->n == 0)
		return 0;
	*key_r = key_of(in->pairs[in->n - 1]);
	return 1;
}

static struct kv_cursor *memory_cursor(struct kv *kv, unsigned tree, struct error *error)
{
	struct memory_cursor *cursor = calloc(1, sizeof(*cursor));

	(void)kv;
	if (cursor == NULL) {
		error_memory(error);
		return NULL;
	}
	cursor->tree = tree;
	return &cursor->cursor;
}

static int memory_step(struct kv_cursor *base, const struct kv_bytes *from,
	struct kv_bytes pair_r[2], struct error *error)
{
	struct memory_cursor *cursor = (struct memory_cursor *)base;
	struct tree *in = &((struct kv_memory *)base->kv)->trees[cursor->tree];
	struct kv_bytes key = {cursor->at, cursor->at_len};
	bool there;
	size_t at;

	(void)error;
	at = find(in, from != NULL ? *from : key, &there);
	if (from == NULL && there)
		at++;
	if (at >= in->n)
		return 0;
	pair_r[0] = key_of(in->pairs[at]);
	pair_r[1] = value_of(in->pairs[at]);
	memcpy(cursor->at, pair_r[0].data, pair_r[0].len);
	cursor->at_len = pair_r[0].len;
	return 1;
}

static void memory_cursor_close(struct kv_cursor *cursor)
{
	free(cursor);
}

static int memory_checkpoint(struct kv *kv, unsigned kilobytes, struct error *error)
{
	(void)kv;
	(void)kilobytes;
	(void)error;
	return 0;
}

static void free_memory(struct kv_memory *memory)
{
	for (unsigned i = 0; i < memory->kv.trees; i++) {
		for (size_t j = 0; j < memory->trees[i].n; j++)
			free(memory->trees[i].pairs[j]);
		free(memory->trees[i].pairs);
	}
	free(memory->trees);
	memory_commit(&memory->kv,
		&(struct error){0}); /* of what was written before, nothing is asked back */
	free(memory->undo);
	free(memory);
}

/* The place in the list of the sealed tree of that name. */
static struct kv_memory **find_sealed(struct kv *kv, const char *name)
{
	struct kv_memory **at = &((struct kv_memory *)kv)->sealed;

	while (*at != NULL && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	return at;
}

static int memory_discard(struct kv *kv, const char *name, struct error *error)
{
	struct kv_memory **at = find_sealed(kv, name), *found = *at;

	(void)error;
	if (found != NULL) {
		*at = found->next;
		free_memory(found);
	}
	return 0;
}

static int memory_seal(struct kv *kv, struct error *error)
{
	kv->staged = false;
	memory_commit(kv, error);
	return 1;
}

static void sealed_close(struct kv *kv)
{
	(void)kv;
}

static const struct kv_class sealed_class = {
	.close = sealed_close,
	.get = memory_get,
	.put = memory_put,
	.cursor = memory_cursor,
	.step = memory_step,
	.cursor_close = memory_cursor_close,
	.seal = memory_seal,
};

static struct kv *memory_stage(struct kv *kv, const char *name, struct error *error)
{
	static const char *const one[] = {"sealed", NULL};
	struct kv_memory *parent = (struct kv_memory *)kv, *fresh;

	memory_discard(kv, name, error);
	fresh = (struct kv_memory *)kv_memory_open(one, error);
	if (fresh == NULL)
		return NULL;
	fresh->kv.class = &sealed_class;
	fresh->kv.staged = true;
	strcpy(fresh->name, name);
	fresh->next = parent->sealed;
	parent->sealed = fresh;
	return &fresh->kv;
}

static struct kv *memory_sealed(
	struct kv *kv, const char *name, size_t cache, struct error *error)
{
	struct kv_memory *found = *find_sealed(kv, name);

	(void)cache;
	if (found != NULL && !found->kv.staged)
		return &found->kv;
	error_set(error, ERROR_NOT_FOUND, "there is no sealed tree %s", name);
	return NULL;
}

static int memory_names(struct kv *kv, kv_name_fn *each, void *context, struct error *error)
{
	struct kv_memory *at = ((struct kv_memory *)kv)->sealed, *next;
	int result = 0;

	for (; result == 0 && at != NULL; at = next) {
		next = at->next; /* it may be discarded */
		result = each(context, at->name, error);
	}
	return result;
}

static int memory_scratch(struct kv *kv, struct error *error)
{
	int fd = memfd_create("scratch", MFD_CLOEXEC);

	(void)kv;
	return fd >= 0 ? fd : error_errno(error, errno, "a file in memory");
}

static void memory_close(struct kv *kv)
{
	struct kv_memory *memory = (struct kv_memory *)kv;
	struct error ignored;

	while (memory->sealed != NULL)
		memory_discard(kv, memory->sealed->name, &ignored);
	free_memory(memory);
}

static const struct kv_class memory_class = {
	.close = memory_close,
	.begin = memory_begin,
	.commit = memory_commit,
	.abort = memory_abort,
	.sync = memory_sync,
	.get = memory_get,
	.put = memory_put,
	.delete = memory_delete,
	.last = memory_last,
	.cursor = memory_cursor,
	.step = memory_step,
	.cursor_close = memory_cursor_close,
	.checkpoint = memory_checkpoint,
	.stage = memory_stage,
	.sealed = memory_sealed,
	.discard = memory_discard,
	.names = memory_names,
	.scratch = memory_scratch,
};

struct kv *kv_memory_open(const char *const *trees, struct error *error)
{
	struct kv_memory *memory = calloc(1, sizeof(*memory));

	while (memory != NULL && trees[memory->kv.trees] != NULL)
		memory->kv.trees++;
	if (memory != NULL)
		memory->trees = calloc(memory->kv.trees, sizeof(*memory->trees));
	if (memory == NULL || memory->trees == NULL) {
		free(memory);
		error_memory(error);
		return NULL;
	}
	memory->kv.class = &memory_class;
	return &memory->kv;
}
