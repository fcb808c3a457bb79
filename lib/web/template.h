/*
 * Pages from files: a small subset of Mustache, so that a site can change words without a compiler.
 *
 *	{{name}}              the value, HTML-escaped; there is no unescaped form
 *	{{#name}}...{{/name}} shown when the value is not empty; once for each row when it is a list
 *	{{^name}}...{{/name}} shown when the value is empty
 *	{{>file}}             the file `file.html` of the same directory, put in when loaded
 *
 * In a list the row's values are looked up first, then those outside. A name that the program
 * does not know, a section that is not closed and a missing file are errors with file:line, found when
 * loaded: rendering cannot fail but for the buffer's maximum.
 *
 * Threads: a loaded set never changes and may be rendered from any thread.
 */
#ifndef POSTINVITE_WEB_TEMPLATE_H
#define POSTINVITE_WEB_TEMPLATE_H

#include "base/buf.h"
#include "base/error.h"

#define TEMPLATE_FILE_MAX (64 * 1024)

/* A table of values ends with a NULL name. A value is a text (NULL: empty) or a list: rows is then
 * NULL-terminated, each row a table. */
struct template_value {
	const char *name;
	const char *text;
	const struct template_value *const *rows;
};

struct template_set;

/* Loads the pages named (NULL-terminated, without ".html"; the strings must outlive the set). `names` (NULL-terminated) are all that values may be called.
 * NULL: error (configuration, "DIRECTORY/page.html:12: ..."). */
struct template_set *template_set_load(const char *directory, const char *const *pages,
	const char *const *names, struct error *error);
void template_set_free(struct template_set **set); /* accepts NULL; nulls */

/* Appends the page. It must be one of those loaded. A value that is not in the table is empty. */
void template_render(const struct template_set *set, const char *page,
	const struct template_value *values, struct buf *out);

/* Appends text with & < > " ' as character references. */
void template_escape(const char *text, struct buf *out);

/* Appends a whole text file of at most out's maximum. Returns 0 or -1 (configuration, with its name). */
int template_read_file(const char *path, struct buf *out, struct error *error);

#endif
