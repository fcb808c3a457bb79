/*
 * kv.h over Berkeley DB: a private environment in a directory of its own, owned by one process.
 */
#ifndef POSTINVITE_STORE_KV_BDB_H
#define POSTINVITE_STORE_KV_BDB_H

#include "store/kv.h"

enum kv_bdb_lock {
	KV_BDB_TRY,  /* fail with conflict when another process owns the directory */
	KV_BDB_WAIT, /* wait until it does not */
};

/* Opens the directory (made with mode 0700 when it is missing), after recovery. The directory is
 * owned by flock(2) on its file "lock", and on itself, until kv_close or the end of the process.
 * trees: NULL-terminated names, each a file. cache: bytes of memory, 0 for a default. A process of
 * root refuses a directory of somebody else (configuration), since its files would lock the owner
 * out. NULL: error. */
struct kv *kv_bdb_open(const char *directory, const char *const *trees, size_t cache,
	enum kv_bdb_lock lock, struct error *error);

#endif
