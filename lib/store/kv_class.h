/*
 * What a variant of kv.h implements. kv.c checks trees, sizes and the state of the transaction
 * before it calls one of these, so that both variants refuse the same things with the same
 * words.
 */
#ifndef POSTINVITE_STORE_KV_CLASS_H
#define POSTINVITE_STORE_KV_CLASS_H

#include "store/kv.h"

struct kv_class {
	void (*close)(struct kv *kv);
	int (*begin)(struct kv *kv, struct error *error);
	int (*commit)(struct kv *kv, struct error *error);
	void (*abort)(struct kv *kv);
	int (*sync)(struct kv *kv, struct error *error);
	int (*get)(struct kv *kv, unsigned tree, struct kv_bytes key, struct kv_bytes *value_r,
		struct error *error);
	/* overwrite false: kv_add. Returns 1, or 0 when the key was there. */
	int (*put)(struct kv *kv, unsigned tree, const struct kv_bytes pair[2], bool overwrite,
		struct error *error);
	int (*delete)(struct kv *kv, unsigned tree, struct kv_bytes key, struct error *error);
	int (*last)(struct kv *kv, unsigned tree, struct kv_bytes *key_r, struct error *error);
	/* The cursor's own part; kv.c fills the common one. */
	struct kv_cursor *(*cursor)(struct kv *kv, unsigned tree, struct error *error);
	/* The first pair not less than `from` when that is given, else the next one. */
	int (*step)(struct kv_cursor *cursor, const struct kv_bytes *from,
		struct kv_bytes pair_r[2], struct error *error);
	void (*cursor_close)(struct kv_cursor *cursor);
	int (*checkpoint)(struct kv *kv, unsigned kilobytes, struct error *error);
	/* Of sealed trees, which have none of begin, commit, abort, sync, delete, checkpoint
	 * and what follows but seal. */
	struct kv *(*stage)(struct kv *kv, const char *name, struct error *error);
	int (*seal)(struct kv *staged, struct error *error);
	struct kv *(*sealed)(
		struct kv *kv, const char *name, size_t cache, struct error *error);
	int (*discard)(struct kv *kv, const char *name, struct error *error);
	int (*names)(struct kv *kv, kv_name_fn *each, void *context, struct error *error);
	int (*scratch)(struct kv *kv, struct error *error);
};

/* First member of each variant's own. */
struct kv {
	const struct kv_class *class;
	unsigned trees;
	bool in_transaction;
	bool staged; /* being filled: it is written without a transaction */
	bool fatal;
};

struct kv_cursor {
	struct kv *kv;
	unsigned char from[KV_KEY_MAX];
	size_t from_len;
	size_t prefix_len;
	bool started;
	bool ended;
};

#endif
