/*
 * The values of a page while it is put together (web/template.h): texts are copied, rows and lists
 * grow. Running out of memory is remembered; whoever asks for the table asks for that, too.
 *
 * Threads: one at a time.
 */
#ifndef POSTINVITE_ADMIN_VALUES_H
#define POSTINVITE_ADMIN_VALUES_H

#include "web/template.h"

#include <stdbool.h>

struct values;

struct values *values_new(void);	  /* NULL out of memory */
void values_free(struct values **values); /* with its rows; accepts NULL; nulls */

/* Names are constants. A NULL text is empty. */
void values_text(struct values *values, const char *name, const char *text);
void values_printf(struct values *values, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void values_flag(struct values *values, const char *name, bool flag); /* "yes" or empty */
void values_int(struct values *values, const char *name, long long number);

/* The name of a word, copied, too: "status_" "pending" is shown as the catalog's status_pending. */
void values_word(struct values *values, const char *name, const char *word);

/* One more row of the list of that name. Never NULL: without memory it is `values` itself, and
 * failed. */
struct values *values_row(struct values *values, const char *list);

/* The table, valid until something is added. NULL: memory ran out somewhere in it. */
const struct template_value *values_table(struct values *values);

#endif
