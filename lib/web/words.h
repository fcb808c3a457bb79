/*
 * Words in several languages: one catalog a language, the file words.LANGUAGE (words.en,
 * words.pt-BR) of the template directory, in the syntax of main.cf: `name = text`, # comments,
 * a line that begins with white space goes on with the one before. A text is plain UTF-8 text,
 * never HTML, and may hold {{name}} of a value that the programs know.
 *
 * words.en says which names there are; a name that another catalog lacks is shown in English. A
 * site adds a language by putting a file there. Each catalog has a word `direction`, ltr or
 * rtl.
 *
 * Pages for other people have catalogs of their own, another family of files (operator.en).
 *
 * Threads: loaded words never change and may be used from any thread.
 */
#ifndef POSTINVITE_WEB_WORDS_H
#define POSTINVITE_WEB_WORDS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define WORDS_FILE_MAX	    (128 * 1024)
#define WORDS_LANGUAGES_MAX 64
/* words that may be empty: the program then says it itself */
#define WORDS_OPTIONAL "refusal_"

/* A value that templates and words may name, with one line for the manual; a table ends with a
 * NULL name. */
struct template_name {
	const char *name;
	const char *meaning;
};

struct words;
struct catalog; /* one language of them; lives as long as they */

struct words_source {
	const char *directory;
	/* files are called FAMILY.LANGUAGE; must outlive the words; NULL: "words" */
	const char *family;
	/* All that {{name}} may stand for in any program: the catalogs are shared. */
	const struct template_name *const *values; /* tables, NULL-terminated */
	/* Told each word that a catalog lacks, as "FILE: what"; or NULL. */
	void (*missing)(void *context, const char *text);
	void *context;
};

/* NULL: error (configuration, "DIRECTORY/words.de:12: ..."): no words.en, bad syntax, a name
 * that words.en does not have or that comes twice, an unknown {{name}}, a text that is no
 * UTF-8. */
struct words *words_load(const struct words_source *source, struct error *error);
void words_free(struct words **words); /* accepts NULL; nulls */

/* Is it a value of the tables, given to words_load? */
bool template_name_known(const struct template_name *const *values, const char *name);

/* 0, or -1 (configuration) when words.en lacks the word: for those that a program itself uses. */
int words_require(const struct words *words, const char *name, struct error *error);

/* The language for an Accept-Language header (NULL: none), else that of the tag `otherwise`,
 * else English. */
const struct catalog *words_choose(
	const struct words *words, const char *accept_language, const char *otherwise);

/* Is there a catalog of that tag? */
bool words_has_language(const struct words *words, const char *tag);

const char *catalog_language(
	const struct catalog *catalog); /* the tag, as the file is called */

/* The text of a word, in English where the catalog lacks it; NULL: no such word. Its {{name}}
 * are still in it: see template_words. */
const char *catalog_text(const struct catalog *catalog, const char *name);

/* The same by number, which is the same in all catalogs of the words: -1: no such word. */
int words_number(const struct words *words, const char *name);
const char *catalog_nth(const struct catalog *catalog, int number);

#endif
