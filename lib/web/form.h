/*
 * What browsers send as application/x-www-form-urlencoded (WHATWG URL standard, section 5.1):
 * names and values with '+' for space and %XX for bytes.
 *
 * Stricter than browsers need: a broken %XX, a NUL, other control characters than tab and line
 * break, or bytes that are no UTF-8 make the whole form an error, so that what a handler gets
 * is text.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_WEB_FORM_H
#define POSTINVITE_WEB_FORM_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define FORM_MAX_FIELDS 32

struct form;

/* Parses a whole body, which need not end with a NUL. NULL: error (permanent, or temporary out
 * of memory); the text never repeats the contents. An empty body is a form without fields. */
struct form *form_parse(const char *body, size_t len, struct error *error);
void form_free(struct form **form); /* wipes the values; accepts NULL; nulls */

/* The first field of that name, or NULL. Lives as long as the form. */
const char *form_value(const struct form *form, const char *name);

/* Is it UTF-8 without control characters other than tab, CR and LF? */
bool form_text_valid(const char *text, size_t len);

#endif
