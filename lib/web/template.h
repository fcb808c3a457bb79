/*
 * Pages and mails from files: a small subset of Mustache, so that a site can change them
 * without a compiler.
 *
 *	{{name}}              the value
 *	{{@name}}             the word of that name in the reader's language (web/words.h), with its values filled in
 *	{{#name}}...{{/name}} shown when the value is not empty; once for each row when it is a list
 *	{{^name}}...{{/name}} shown when the value is empty
 *	{{>file}}             the file `file` of the same directory and suffix, put in when loaded
 *
 * A file that ends in .html is HTML: words and values are escaped, there is no unescaped form,
 * and a value within a word stands in <bdi>, so that a mailbox in a Hebrew sentence stays whole
 * (except where HTML allows no element: in a tag and in <title>). Any other file is plain text:
 * nothing is escaped, and control characters of a value, line breaks too, become spaces, so
 * that no value ever begins a line or a mail's header.
 *
 * In a list the row's values are looked up first, then those outside. A name or word that the
 * program does not know, a section that is not closed and a missing file are errors with
 * file:line, found when loaded: rendering cannot fail but for the buffer's maximum.
 *
 * Threads: a loaded set never changes and may be rendered from any thread.
 */
#ifndef POSTINVITE_WEB_TEMPLATE_H
#define POSTINVITE_WEB_TEMPLATE_H

#include "base/buf.h"
#include "base/error.h"
#include "web/words.h"

#define TEMPLATE_FILE_MAX (64 * 1024)

/* A table of values ends with a NULL name. A value is a text (NULL: empty), or a list: rows is
 * then NULL-terminated, each row a table; or the name of a word, which is then shown in the
 * reader's language. */
struct template_value {
	const char *name;
	const char *text;
	const struct template_value *const *rows;
	const char *word;
};

struct template_set;

struct template_source {
	const char *directory;
	const char *const *pages;	   /* "journey.html", "continue.txt"; NULL-terminated */
	const struct template_name *names; /* all that values may be called */
	const struct words *words;	   /* for {{@name}}; must outlive the set; NULL: none */
};

/* Loads the pages; the source's strings must outlive the set. NULL: error (configuration,
 * "DIRECTORY/page.html:12: ..."). */
struct template_set *template_set_load(
	const struct template_source *source, struct error *error);
void template_set_free(struct template_set **set); /* accepts NULL; nulls */

/* Appends the page in the catalog's language (NULL only for a set without words). It must be
 * one of those loaded. A value that is not in the table is empty. */
void template_render(const struct template_set *set, const char *page,
	const struct catalog *catalog, const struct template_value *values, struct buf *out);

/* Appends one word as plain text of one line, as a mail's subject. An unknown name: nothing. */
void template_words(const struct catalog *catalog, const char *name,
	const struct template_value *values, struct buf *out);

/* Appends a whole text file of at most out's maximum. Returns 0 or -1 (configuration, with its
 * name). */
int template_read_file(const char *path, struct buf *out, struct error *error);

/* The same of a file that need not be text. */
int template_read_bytes(const char *path, struct buf *out, struct error *error);

/* The same of a directory's text files, one behind the other; names is NULL-terminated. */
int template_read_all(
	const char *directory, const char *const *names, struct buf *out, struct error *error);

#endif
