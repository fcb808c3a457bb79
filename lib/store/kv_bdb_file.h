/*
 * kv.h's sealed trees over Berkeley DB: a database in no environment, so that neither log nor
 * recovery knows it, in the file DIRECTORY/NAME.sealed.
 */
#ifndef POSTINVITE_STORE_KV_BDB_FILE_H
#define POSTINVITE_STORE_KV_BDB_FILE_H

#include "store/kv.h"

/* As the functions of kv.h. */
struct kv *kv_bdb_file_stage(const char *directory, const char *name, struct error *error);
struct kv *kv_bdb_file_sealed(
	const char *directory, const char *name, size_t cache, struct error *error);
int kv_bdb_file_discard(const char *directory, const char *name, struct error *error);
int kv_bdb_file_names(
	const char *directory, kv_name_fn *each, void *context, struct error *error);
int kv_bdb_file_scratch(const char *directory, struct error *error);

/* What Berkeley DB's code means for people and callers. Returns -1. */
int kv_bdb_error(const char *directory, int code, const char *what, struct error *error);

/* Does a message of Berkeley DB's say that there is no room? Its code may be about what came of
 * that. */
bool kv_bdb_says_full(const char *message);

#endif
