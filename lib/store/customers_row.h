/*
 * One row of the customers file: its columns, and the text that they are read from.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_STORE_CUSTOMERS_ROW_H
#define POSTINVITE_STORE_CUSTOMERS_ROW_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define CUSTOMERS_LINE_MAX  16384 /* bytes of a line with its continuations */
#define CUSTOMERS_VALUE_MAX 1024  /* bytes of a column at most; ids and mailboxes less */

/* In the order of the store's rows (store/protocol.h, table_rows). */
enum customers_column {
	CUSTOMERS_ID,
	CUSTOMERS_MAILBOX,
	CUSTOMERS_FULL_NAME,
	CUSTOMERS_TENANT,
	CUSTOMERS_M365_ADMIN_EMAIL,
	CUSTOMERS_COLUMNS
};

struct customers_row {
	unsigned long line; /* where the line begins, from 1 */
	const char
		*columns[CUSTOMERS_COLUMNS]; /* "" where not given; valid until the next call */
};

/* What separates words, and begins a line that goes on. */
static inline bool customers_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Reads `customer_id mailbox [name=value ...]` (store/customers_file.h), one line, and changes
 * the text: columns point into it. A record that did not fit its buffer (failed) is a fault.
 * Returns 0, or -1 with the fault; row->line is not touched. */
int customers_row_parse(struct buf *record, struct customers_row *row, struct error *fault);

/* Can that be a mailbox of the table (name@domain)? */
bool customers_is_mailbox(const char *text);

#endif
