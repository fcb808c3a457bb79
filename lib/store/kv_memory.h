/*
 * kv.h in memory, for unit tests and fuzzing: gone when closed.
 */
#ifndef POSTINVITE_STORE_KV_MEMORY_H
#define POSTINVITE_STORE_KV_MEMORY_H

#include "store/kv.h"

struct kv *kv_memory_open(const char *const *trees, struct error *error);

#endif
