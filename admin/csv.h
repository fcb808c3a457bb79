/*
 * Rows of comma-separated values (RFC 4180). A value that a spreadsheet would take for a
 * formula, which begins with = + - @, a tab or a carriage return, gets an apostrophe in front:
 * what customers and bounces put into a record must not run on an operator's machine.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_ADMIN_CSV_H
#define POSTINVITE_ADMIN_CSV_H

#include "base/buf.h"

/* Appends one value; with a comma before it unless it is the first of its row. */
void csv_value(struct buf *row, const char *text, bool first);

/* Ends the row: CRLF. */
void csv_end(struct buf *row);

#endif
