/*
 * The customers file: `customer_id mailbox [name=value ...]`, a line a customer.
 *
 *	names    full_name, tenant, m365_admin_email
 *	quotes   a word or value with white space stands in "quotes"; \" and \\ inside
 *	lines    blank ones and those whose first character but white space is # are skipped; one that begins
 *	         with white space continues the line before (as in Postfix's tables)
 *
 * A streaming parser: bytes in, rows out, memory bounded by CUSTOMERS_LINE_MAX. A bad line is a
 * fault with its number, and parsing goes on behind it. What comes out as a row is valid UTF-8
 * without control characters; customer id and mailbox are not empty; doubles are the store's
 * business.
 *
 * Threads: a parser belongs to one thread at a time. Pure.
 */
#ifndef POSTINVITE_STORE_CUSTOMERS_FILE_H
#define POSTINVITE_STORE_CUSTOMERS_FILE_H

#include "store/customers_row.h"

enum customers_item {
	CUSTOMERS_MORE, /* feed more bytes; after customers_file_end: there are no more rows */
	CUSTOMERS_ROW,
	CUSTOMERS_FAULT,
};

struct customers_file;

struct customers_file *customers_file_new(void); /* NULL: out of memory */
void customers_file_free(struct customers_file **file);

/* Gives the next bytes, once customers_file_next has returned CUSTOMERS_MORE. They are borrowed
 * until it returns that again. */
void customers_file_feed(struct customers_file *file, const char *bytes, size_t len);

/* There are no more bytes: the last line is complete. */
void customers_file_end(struct customers_file *file);

/* The next row, or fault (fault_r says what is wrong, row_r only in which line). */
enum customers_item customers_file_next(
	struct customers_file *file, struct customers_row *row_r, struct error *fault_r);

#endif
