/*
 * A row of the customers table, as a line of text: its columns in the order of
 * store/protocol.h, with tabs between them. What stands behind the id and its tab is the row's
 * value, as it is kept.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_STORE_ROW_H
#define POSTINVITE_STORE_ROW_H

#include "base/buf.h"
#include "base/json.h"
#include "store/kv.h"

#include <stdbool.h>

#define TEXT_MAX 1024 /* bytes of a column */

enum row_column { ROW_ID, ROW_MAILBOX, ROW_FULL_NAME, ROW_TENANT, ROW_ADMIN, ROW_COLUMNS };

/* Borrows from what it was made of. */
struct row {
	struct kv_bytes columns[ROW_COLUMNS];
	struct kv_bytes value;
};

/* Can that be the column's text? A mailbox has an @, a tenant has none. */
bool row_may_be(enum row_column column, struct kv_bytes text);

/* Reads a line (without its end). Returns 0 or -1 (permanent): a column is missing or too much,
 * an id is empty, a column cannot be what it is to be, is too long or has control characters. */
int row_parse(const char *line, size_t len, struct row *row_r, struct error *error);

/* The same of what is kept. Returns 0, or -1 (temporary) when it is damaged. */
int row_read(struct kv_bytes id, struct kv_bytes value, struct row *row_r, struct error *error);

/* Are the column's bytes that text, but for the case of ASCII letters? */
bool row_has(const struct row *row, enum row_column column, struct kv_bytes text);

/* The row as an object. NULL out of memory. */
struct json_object *row_object(const struct row *row);

/* Appends `"customer_id":"...",...`. */
void row_append(const struct row *row, struct buf *out);

/* Appends the text as JSON has it, within its quotes. */
void append_escaped(struct buf *out, const char *text, size_t len);

#endif
