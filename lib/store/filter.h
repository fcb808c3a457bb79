/*
 * A Bloom filter: a byte for each value says of nearly all others that they are not among them
 * (a wrong "maybe" in forty). What is looked for under several kinds of keys is found under
 * one, so most look-ups in an index find nothing: this spares them.
 *
 * Values are given by hashes of 64 bits.
 *
 * Threads: a filter may be asked from many threads, and filled from one.
 */
#ifndef POSTINVITE_STORE_FILTER_H
#define POSTINVITE_STORE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct filter;

/* For that many values; NULL: out of memory. */
struct filter *filter_new(size_t values);
void filter_free(struct filter **filter); /* accepts NULL; nulls */

void filter_add(struct filter *filter, uint64_t hash);
bool filter_may_have(const struct filter *filter, uint64_t hash);

/* Its bytes, to be kept, and to be filled in again: a filter is as large as the one that they
 * are of when it is made for as many values as there are bytes. */
unsigned char *filter_bytes(struct filter *filter, size_t *len_r);

#endif
