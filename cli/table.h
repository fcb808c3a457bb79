/*
 * Where the rows of a load go: a new customers table that takes the old one's place when it is
 * complete, or, with -i, the table in force.
 */
#ifndef POSTINVITE_CLI_TABLE_H
#define POSTINVITE_CLI_TABLE_H

#include "cli.h"

#include "store/customers_file.h"

struct table;

/* Of the flags, -i, -r and -w count. NULL: cli->error. */
struct table *table_begin(struct cli *cli);

/* Takes a row from that file (borrowed until table_free). Duplicates are said as they are found.
 * Returns 0, or -1 with cli->error. */
int table_row(struct table *table, const char *file, const struct customers_row *row);

/* All rows are there. Returns 0, the new table in force, or -1 with cli->error: the old one is. */
int table_end(struct table *table);

/* Has the new table been asked to come into force, and no answer come? */
bool table_in_doubt(const struct table *table);

/* Rows taken and duplicates among them. */
void table_totals(const struct table *table, long long *rows_r, long long *duplicates_r);

/* To be called before anything is written to stderr: a progress line may stand there. */
void table_clear_line(struct table *table);

void table_free(struct table **table); /* accepts NULL; nulls */

#endif
