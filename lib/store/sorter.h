/*
 * Sorts what does not fit into memory: short keys go in in any order and come out a part at a
 * time, each part sorted, parts in order. Memory is SORTER_BUFFERS while they go in and one
 * part while they come out; the rest is in a file without a name. Keys are ordered as memcmp
 * orders them; equal ones stay.
 *
 * The first two bytes decide about the part. What comes first has few values, what comes second has
 * to be spread evenly (a hash), so that parts are of one size.
 *
 * Threads: a sorter belongs to one thread at a time.
 */
#ifndef POSTINVITE_STORE_SORTER_H
#define POSTINVITE_STORE_SORTER_H

#include "store/kv.h"

#define SORTER_KEY_MAX 1100
#define SORTER_BUFFERS (1024 * 1024)

struct sorter;

/* fd: an empty file, taken over. `firsts` are the values that a key's first byte may have, in
 * ascending order; borrowed. NULL: out of memory. */
struct sorter *sorter_new(int fd, const char *firsts);
void sorter_free(struct sorter **sorter); /* accepts NULL; nulls */

/* 3 to SORTER_KEY_MAX bytes. Returns 0, or -1. */
int sorter_add(struct sorter *sorter, const void *key, size_t len, struct error *error);

/* The next part, 1; 0 behind the last; -1. keys_r is the sorter's and valid until its next
 * call. Nothing is added any more. */
int sorter_part(struct sorter *sorter, const struct kv_bytes **keys_r, size_t *n_r,
	struct error *error);

#endif
