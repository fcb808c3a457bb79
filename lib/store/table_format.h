/*
 * What a table's file holds, for those who make one (table_draft.c) and read one (table_file.c):
 *
 *	'c', customer id                                  the row's value
 *	'i', kind, hash of the last entry, number         entries in the order of their hashes: 8 bytes of hash, 2 of the id's length,
 *	                                                  the id
 *	'f', number                                       a part of the filter of all values that are indexed (filter.h)
 *
 * An index's entry says no more than where to look: a row that has another value since (a load
 * that replaces, a hash that two values share) is seen when the row is read.
 */
#ifndef POSTINVITE_STORE_TABLE_FORMAT_H
#define POSTINVITE_STORE_TABLE_FORMAT_H

#include "store/kv.h"

#include <stdint.h>

#define TABLE_ROW    'c'
#define TABLE_INDEX  'i'
#define TABLE_FILTER 'f'

#define HASH_LEN 8

/* Of the text in lower case (ASCII). */
uint64_t table_hash(struct kv_bytes text);

/* Big endian, so that it sorts. */
void table_put_hash(uint64_t hash, unsigned char hash_r[HASH_LEN]);
uint64_t table_get_hash(const unsigned char hash[HASH_LEN]);

/* The same in the filter, where values of one kind are others than those of the other. */
uint64_t table_filter_hash(char kind, uint64_t hash);

/* The file's name. */
void table_name(uint64_t number, char name_r[KV_NAME_MAX + 1]);

#endif
