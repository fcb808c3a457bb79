/*
 * The face of kv.h: what holds for every variant is checked here once, the rest is the variant's
 * (kv_class.h).
 */
#include "store/kv_class.h"

#include <string.h>

static int check_tree(const struct kv *kv, unsigned tree, struct error *error)
{
	if (kv->fatal)
		return error_set(
			error, ERROR_TEMPORARY, "the database needs recovery: start again");
	if (tree >= kv->trees)
		return error_set(error, ERROR_PERMANENT, "there is no tree %u", tree);
	return 0;
}

static int check_key(
	const struct kv *kv, unsigned tree, struct kv_bytes key, struct error *error)
{
	if (check_tree(kv, tree, error) != 0)
		return -1;
	if (key.len == 0 || key.len > KV_KEY_MAX)
		return error_set(error, ERROR_PERMANENT,
			"a key of %zu bytes: 1 to %d are allowed", key.len, KV_KEY_MAX);
	return 0;
}

static int check_write(
	const struct kv *kv, unsigned tree, struct kv_bytes key, struct error *error)
{
	if (check_key(kv, tree, key, error) != 0)
		return -1;
	if (!kv->in_transaction && !kv->staged)
		return error_set(error, ERROR_PERMANENT, "a write outside a transaction");
	return 0;
}

/* Is it a kv, and no sealed tree? */
static int check_whole(const struct kv *kv, struct error *error)
{
	if (check_tree(kv, 0, error) != 0)
		return -1;
	if (kv->class->begin == NULL)
		return error_set(error, ERROR_PERMANENT, "a sealed tree has no such thing");
	return 0;
}

static int check_name(const struct kv *kv, const char *name, struct error *error)
{
	size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789.-_");

	if (check_whole(kv, error) != 0)
		return -1;
	if (len == 0 || len > KV_NAME_MAX || name[len] != '\0')
		return error_set(error, ERROR_PERMANENT, "no name of a sealed tree");
	return 0;
}

void kv_close(struct kv **kv)
{
	if (kv == NULL || *kv == NULL)
		return;
	kv_abort(*kv);
	(*kv)->class->close(*kv);
	*kv = NULL;
}

int kv_begin(struct kv *kv, struct error *error)
{
	if (check_whole(kv, error) != 0)
		return -1;
	if (kv->in_transaction)
		return error_set(error, ERROR_PERMANENT, "a transaction within a transaction");
	if (kv->class->begin(kv, error) != 0)
		return -1;
	kv->in_transaction = true;
	return 0;
}

int kv_commit(struct kv *kv, struct error *error)
{
	if (!kv->in_transaction)
		return error_set(error, ERROR_PERMANENT, "a commit outside a transaction");
	kv->in_transaction = false;
	return kv->class->commit(kv, error);
}

void kv_abort(struct kv *kv)
{
	if (!kv->in_transaction)
		return;
	kv->in_transaction = false;
	kv->class->abort(kv);
}

int kv_sync(struct kv *kv, struct error *error)
{
	return check_whole(kv, error) != 0 ? -1 : kv->class->sync(kv, error);
}

int kv_get(struct kv *kv, unsigned tree, struct kv_bytes key, struct kv_bytes *value_r,
	struct error *error)
{
	if (check_key(kv, tree, key, error) != 0)
		return -1;
	return kv->class->get(kv, tree, key, value_r, error);
}

static int write_pair(struct kv *kv, unsigned tree, const struct kv_bytes pair[2],
	bool overwrite, struct error *error)
{
	if (check_write(kv, tree, pair[0], error) != 0)
		return -1;
	if (pair[1].len > KV_VALUE_MAX)
		return error_set(error, ERROR_PERMANENT, "a value of %zu bytes: %d are allowed",
			pair[1].len, KV_VALUE_MAX);
	return kv->class->put(kv, tree, pair, overwrite, error);
}

int kv_put(struct kv *kv, unsigned tree, struct kv_bytes key, struct kv_bytes value,
	struct error *error)
{
	return write_pair(kv, tree, (struct kv_bytes[]){key, value}, true, error) < 0 ? -1 : 0;
}

int kv_add(struct kv *kv, unsigned tree, struct kv_bytes key, struct kv_bytes value,
	struct error *error)
{
	return write_pair(kv, tree, (struct kv_bytes[]){key, value}, false, error);
}

int kv_delete(struct kv *kv, unsigned tree, struct kv_bytes key, struct error *error)
{
	if (check_write(kv, tree, key, error) != 0 || check_whole(kv, error) != 0)
		return -1;
	return kv->class->delete (kv, tree, key, error);
}

int kv_last(struct kv *kv, unsigned tree, struct kv_bytes *key_r, struct error *error)
{
	if (check_tree(kv, tree, error) != 0 || check_whole(kv, error) != 0)
		return -1;
	return kv->class->last(kv, tree, key_r, error);
}

struct kv_cursor *kv_scan(struct kv *kv, unsigned tree, struct kv_bytes from, size_t prefix_len,
	struct error *error)
{
	struct kv_cursor *cursor;

	if (check_tree(kv, tree, error) != 0)
		return NULL;
	if (from.len > KV_KEY_MAX || prefix_len > from.len) {
		error_set(error, ERROR_PERMANENT, "a scan from a key of %zu bytes, prefix %zu",
			from.len, prefix_len);
		return NULL;
	}
	cursor = kv->class->cursor(kv, tree, error);
	if (cursor == NULL)
		return NULL;
	cursor->kv = kv;
	if (from.len > 0)
		memcpy(cursor->from, from.data, from.len);
	cursor->from_len = from.len;
	cursor->prefix_len = prefix_len;
	cursor->started = cursor->ended = false;
	return cursor;
}

int kv_next(struct kv_cursor *cursor, struct kv_bytes *key_r, struct kv_bytes *value_r,
	struct error *error)
{
	struct kv_bytes from = {cursor->from, cursor->from_len};
	struct kv_bytes pair[2];
	int found;

	if (cursor->ended)
		return 0;
	if (check_tree(cursor->kv, 0, error) != 0)
		return -1;
	found = cursor->kv->class->step(cursor, cursor->started ? NULL : &from, pair, error);
	cursor->started = true;
	if (found == 1 && (pair[0].len < cursor->prefix_len ||
				  memcmp(pair[0].data, cursor->from, cursor->prefix_len) != 0))
		found = 0;
	cursor->ended = found != 1;
	if (found != 1)
		return found;
	*key_r = pair[0];
	if (value_r != NULL)
		*value_r = pair[1];
	return 1;
}

void kv_cursor_close(struct kv_cursor **cursor)
{
	if (cursor != NULL && *cursor != NULL)
		(*cursor)->kv->class->cursor_close(*cursor);
	if (cursor != NULL)
		*cursor = NULL;
}

int kv_checkpoint(struct kv *kv, unsigned kilobytes, struct error *error)
{
	return check_whole(kv, error) != 0 ? -1 : kv->class->checkpoint(kv, kilobytes, error);
}

struct kv *kv_stage(struct kv *kv, const char *name, struct error *error)
{
	return check_name(kv, name, error) != 0 ? NULL : kv->class->stage(kv, name, error);
}

int kv_seal(struct kv *staged, struct error *error)
{
	if (!staged->staged)
		return error_set(error, ERROR_PERMANENT, "no tree to be sealed");
	return staged->class->seal(staged, error);
}

struct kv *kv_sealed(struct kv *kv, const char *name, size_t cache, struct error *error)
{
	return check_name(kv, name, error) != 0 ? NULL
						: kv->class->sealed(kv, name, cache, error);
}

int kv_discard(struct kv *kv, const char *name, struct error *error)
{
	return check_name(kv, name, error) != 0 ? -1 : kv->class->discard(kv, name, error);
}

int kv_names(struct kv *kv, kv_name_fn *each, void *context, struct error *error)
{
	return check_whole(kv, error) != 0 ? -1 : kv->class->names(kv, each, context, error);
}

int kv_scratch(struct kv *kv, struct error *error)
{
	return check_whole(kv, error) != 0 ? -1 : kv->class->scratch(kv, error);
}

bool kv_fatal(const struct kv *kv)
{
	return kv->fatal;
}
