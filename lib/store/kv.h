/*
 * Ordered tables of bytes with transactions: what the store and tokend's vault keep their state
 * in. Two variants behind one face: kv_bdb.h (Berkeley DB in a directory) and kv_memory.h (for
 * unit tests). Nothing here knows invitations.
 *
 * Trees are named when a kv is opened; a call says which one by its position in that list. Keys
 * are ordered as memcmp orders them, a shorter one before a longer one it begins. Keys hold 1 to
 * KV_KEY_MAX bytes, values at most KV_VALUE_MAX.
 *
 * One transaction at a time: from kv_begin to kv_commit or kv_abort, reads see what was written. A
 * write outside a transaction is a fault of the program and refused (permanent). A commit is atomic
 * at once and durable later: after kv_sync, which makes all commits before it durable with one wait
 * for the disk (group commit). Whoever promises something to somebody else calls kv_sync first.
 *
 * Errors: a full disk and passing faults are temporary, after which the transaction can only be
 * aborted, and works again once there is space. When kv_fatal says true, the files need recovery,
 * or the disk failed and what it holds is known again by recovery only: the program ends at once by
 * _exit, without kv_close, and is started again; opening recovers.
 *
 * Threads: one kv belongs to one thread at a time.
 */
#ifndef POSTINVITE_STORE_KV_H
#define POSTINVITE_STORE_KV_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define KV_KEY_MAX   2304
#define KV_VALUE_MAX (1024 * 1024)

struct kv;
struct kv_cursor;

struct kv_bytes {
	const void *data;
	size_t len;
};

/* Closes what is open, an open transaction by aborting it; does not sync. Accepts NULL; nulls. */
void kv_close(struct kv **kv);

int kv_begin(struct kv *kv, struct error *error);
int kv_commit(struct kv *kv, struct error *error); /* -1: it is aborted */
void kv_abort(struct kv *kv);			   /* nothing when none is open */

/* All commits so far are on disk when it returns 0. On -1 (temporary) they stay visible and the
 * next kv_sync tries again. */
int kv_sync(struct kv *kv, struct error *error);

/* Returns 1 with *value_r, 0 when there is no such key, -1. The value is the kv's and valid
 * until the next kv_get, kv_last or write of the same tree, or the end of the transaction. */
int kv_get(struct kv *kv, unsigned tree, struct kv_bytes key, struct kv_bytes *value_r,
	struct error *error);

int kv_put(struct kv *kv, unsigned tree, struct kv_bytes key, struct kv_bytes value,
	struct error *error);

/* Puts unless the key is there. Returns 1 when it was put, 0 when the key was there, -1. */
int kv_add(struct kv *kv, unsigned tree, struct kv_bytes key, struct kv_bytes value,
	struct error *error);

/* Returns 1 when it was there, 0 when not, -1. */
int kv_delete(struct kv *kv, unsigned tree, struct kv_bytes key, struct error *error);

/* The greatest key. Returns 1, 0 when the tree is empty, -1. Valid as kv_get's value. */
int kv_last(struct kv *kv, unsigned tree, struct kv_bytes *key_r, struct error *error);

/* A cursor before the first key that is not less than `from` (copied; length 0: from the beginning)
 * and, when prefix_len is not 0, ending behind the last key with the first prefix_len bytes of
 * `from`. Writing while a cursor is open is allowed; it is closed before the commit or abort. NULL:
 * error. */
struct kv_cursor *kv_scan(struct kv *kv, unsigned tree, struct kv_bytes from, size_t prefix_len,
	struct error *error);

/* The next pair, 1; 0 behind the last; -1. Valid until the cursor's next call or a write of the
 * same tree. value_r may be NULL. */
int kv_next(struct kv_cursor *cursor, struct kv_bytes *key_r, struct kv_bytes *value_r,
	struct error *error);
void kv_cursor_close(struct kv_cursor **cursor); /* accepts NULL; nulls */

/* --- sealed trees: what is replaced as a whole ---
 *
 * One tree in a file of its own beside the others, filled once, sealed, and from then on only
 * read. It costs neither log nor transactions: nothing needs it until it is on disk, and who
 * then names it in a transaction makes it count. It is read and closed as a kv with one tree,
 * number 0, without kv_last; kv_put and kv_add work, without a transaction, until it is sealed.
 * It must not outlive its kv. Names are of letters, digits, '.', '-' and '_', at most
 * KV_NAME_MAX bytes. */
#define KV_NAME_MAX 63

/* A new one, to be filled. It is there under its name from now on, whatever becomes of it:
 * kv_discard removes it. NULL: error. */
struct kv *kv_stage(struct kv *kv, const char *name, struct error *error);

/* Has it written to the disk, which does not keep the caller waiting. Returns 1 when it is
 * there, 0 when it is not yet: ask again in some milliseconds; -1: it is of no use. But
 * kv_close nothing may be done with it any more. */
int kv_seal(struct kv *staged, struct error *error);

/* Opens a sealed one for reading, with that much memory for what is read often. NULL: error,
 * not found when there is none. */
struct kv *kv_sealed(struct kv *kv, const char *name, size_t cache, struct error *error);

/* Removes it. Who reads it goes on reading it until it is closed. Returns 0, also when there is
 * none, or -1. */
int kv_discard(struct kv *kv, const char *name, struct error *error);

/* Calls `each` for every name until it returns non-zero, which is returned; names come in no
 * order. */
typedef int kv_name_fn(void *context, const char *name, struct error *error);
int kv_names(struct kv *kv, kv_name_fn *each, void *context, struct error *error);

/* An empty file without a name, for what does not fit into memory for a while. A descriptor, or
 * -1. */
int kv_scratch(struct kv *kv, struct error *error);

/* Bounds the time that recovery takes and the disk that logs take, when at least that many
 * kilobytes were written since the last one (0: in any case). To be called with 1 every second or
 * two, and with KV_CHECKPOINT_KB after a kv_sync. */
#define KV_CHECKPOINT_KB 8192
int kv_checkpoint(struct kv *kv, unsigned kilobytes, struct error *error);

/* Is recovery needed? True from the first such fault on. */
bool kv_fatal(const struct kv *kv);

#endif
