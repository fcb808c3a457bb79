/*
 * A customers table in a file of its own (a sealed tree, kv.h): how it is made, row by row, and
 * what is found in it. Single changes to the table in force do not come here: they lie over it
 * (customers.c).
 *
 * Threads: as the engine's.
 */
#ifndef POSTINVITE_STORE_TABLE_FILE_H
#define POSTINVITE_STORE_TABLE_FILE_H

#include "store/kv.h"
#include "store/row.h"

#include <stdint.h>

/* What a row is found by besides its id; letters' case does not count (ASCII). */
#define TABLE_MAILBOX 'm'
#define TABLE_TENANT  't'

struct table_draft;

/* NULL: error. */
struct table_draft *table_draft_new(struct kv *kv, uint64_t number, struct error *error);

/* Removes no file: table_file_sweep does. Accepts NULL; nulls. */
void table_draft_free(struct table_draft **draft);

/* Returns 1, 0 when the customer was there (and stays, unless replace: then its row is this
 * one, 1), -1: the draft is of no use any more. */
int table_draft_row(
	struct table_draft *draft, const struct row *row, bool replace, struct error *error);

/* Takes some milliseconds of the way to a table on disk. Returns 1 when it is there, 0 when it
 * is not yet, -1; *pause_r: milliseconds until it is worth to ask again. */
int table_draft_seal(struct table_draft *draft, int *pause_r, struct error *error);

struct table_file;

/* cache: bytes; a few MB are taken at least. NULL: error. */
struct table_file *table_file_open(
	struct kv *kv, uint64_t number, size_t cache, struct error *error);
void table_file_close(struct table_file **file); /* accepts NULL; nulls */

/* The row's value (row.h); as kv_get. */
int table_file_get(struct table_file *file, struct kv_bytes id, struct kv_bytes *value_r,
	struct error *error);

/* Calls each for the ids of customers that may have that value (kind: TABLE_MAILBOX,
 * TABLE_TENANT), until it returns non-zero, which is returned: their rows have to be looked at. */
typedef int table_id_fn(void *context, struct kv_bytes id, struct error *error);
struct table_query {
	char kind;
	struct kv_bytes value;
};
int table_file_each(struct table_file *file, const struct table_query *query, table_id_fn *each,
	void *context, struct error *error);

/* A cursor over the rows from that id on; a key's id stands behind its first byte. NULL: error. */
struct kv_cursor *table_file_scan(
	struct table_file *file, struct kv_bytes from, struct error *error);

/* The greatest number of a file that is there, complete or not; 0: none. Returns 0 or -1. */
int table_file_last(struct kv *kv, uint64_t *number_r, struct error *error);

/* Removes all files but those whose number is needed. */
typedef bool table_needed_fn(void *context, uint64_t number);
int table_file_sweep(
	struct kv *kv, table_needed_fn *needed, void *context, struct error *error);

#endif
