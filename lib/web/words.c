/*
 * English is read first; its names, sorted, number the words. Each catalog is an array by that
 * number, and English's text stands in for the gaps of another.
 */
#include "web/words.h"

#include "base/buf.h"
#include "base/settings_file.h"
#include "web/form.h"
#include "web/language.h"
#include "web/template.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FAMILY	"words"
#define ENGLISH "en"

struct catalog {
	const struct words *words;
	char tag[LANGUAGE_TAG_MAX + 1];
	struct settings_file *file;
	char **texts; /* by number; NULL: the text is English's */
};

struct words {
	const char *family;
	const char **names; /* sorted; they belong to English's file */
	size_t count;
	struct catalog *catalogs[WORDS_LANGUAGES_MAX]; /* English first */
	const char *tags[WORDS_LANGUAGES_MAX];
	size_t languages;
};

/* What is said of a file's names. */
struct reading {
	const struct words_source *source;
	struct words *words;
	struct catalog *catalog;
	struct error *error;
	bool failed;
};

bool template_name_known(const struct template_name *const *values, const char *name)
{
	for (; *values != NULL; values++) {
		for (const struct template_name *row = *values; row->name != NULL; row++) {
			if (strcmp(row->name, name) == 0)
				return true;
		}
	}
	return false;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int words_number(const struct words *words, const char *name)
{
	const char **found;

	if (words->count == 0) /* an empty words.en, while it is loaded */
		return -1;
	found = bsearch(&name, words->names, words->count, sizeof(*words->names), compare);
	return found != NULL ? (int)(found - words->names) : -1;
}

static void fault(
	struct reading *reading, const char *place, const char *name, const char *what)
{
	if (!reading->failed)
		error_set(reading->error, ERROR_CONFIGURATION, "%s: %s: %s", place, name, what);
	reading->failed = true;
}

/* Every {{name}} of a text; NULL or what is wrong. */
static const char *check_text(const struct words_source *source, const char *text)
{
	if (!form_text_valid(text, strlen(text)))
		return "is no UTF-8 text";
	while ((text = strstr(text, "{{")) != NULL) {
		size_t len = strcspn(text + 2, "}");
		char name[64];

		if (len >= sizeof(name) || strncmp(text + 2 + len, "}}", 2) != 0)
			return "has a placeholder that does not end";
		memcpy(name, text + 2, len);
		name[len] = '\0';
		if (!template_name_known(source->values, name))
			return "has an unknown placeholder (postinvite.templates(5) lists "
			       "them)";
		text += 2 + len + 2;
	}
	return NULL;
}

static void add_name(void *context, const char *place, const char *name)
{
	struct reading *reading = context;
	struct words *words = reading->words;
	const char **names = reallocarray(words->names, words->count + 1, sizeof(*names));

	if (names == NULL) {
		fault(reading, place, name, "out of memory");
		return;
	}
	words->names = names;
	names[words->count++] = name;
}

/* A copy whose white space is single spaces: a text may go on over several lines. */
static char *tidy(const char *text)
{
	char *copy = strdup(text);
	size_t len = 0;

	for (; copy != NULL && *text != '\0'; text++) {
		bool space = *text == ' ' || *text == '\t' || *text == '\r' || *text == '\n';

		if (!space)
			copy[len++] = *text;
		else if (len > 0 && copy[len - 1] != ' ')
			copy[len++] = ' ';
	}
	if (copy != NULL)
		copy[len] = '\0';
	return copy;
}

static void add_text(void *context, const char *place, const char *name)
{
	struct reading *reading = context;
	struct catalog *catalog = reading->catalog;
	const char *text = settings_file_value(catalog->file, name);
	const char *wrong = check_text(reading->source, text);
	bool may_be_empty = strncmp(name, WORDS_OPTIONAL, strlen(WORDS_OPTIONAL)) == 0;
	int number = words_number(reading->words, name);

	if (wrong == NULL && strcmp(name, "direction") == 0 && strcmp(text, "ltr") != 0 &&
		strcmp(text, "rtl") != 0)
		wrong = "is neither ltr nor rtl";
	if (text[0] == '\0' && !may_be_empty)
		wrong = "is empty";
	if (number < 0)
		wrong = "is no name of words.en";
	else if (catalog->texts[number] != NULL)
		wrong = "comes twice";
	if (wrong == NULL && (catalog->texts[number] = tidy(text)) == NULL)
		wrong = "out of memory";
	if (wrong != NULL)
		fault(reading, place, name, wrong);
}

/* Names that come twice stand beside each other once sorted; add_text finds and tells them. */
static void sort_names(struct words *words)
{
	size_t kept = 0;

	if (words->count > 0)
		qsort(words->names, words->count, sizeof(*words->names), compare);
	for (size_t i = 0; i < words->count; i++) {
		if (kept == 0 || strcmp(words->names[kept - 1], words->names[i]) != 0)
			words->names[kept++] = words->names[i];
	}
	words->count = kept;
}

static void tell_gaps(const struct reading *reading, const char *path)
{
	const struct words *words = reading->words;
	const struct words_source *source = reading->source;

	for (size_t i = 0; i < words->count; i++) {
		char text[512];

		if (reading->catalog->texts[i] != NULL)
			continue;
		snprintf(text, sizeof(text), "%s: %s is missing, English is shown for it", path,
			words->names[i]);
		if (source->missing != NULL)
			source->missing(source->context, text);
	}
}

/* Takes over the file. */
static int add_catalog(
	struct reading *reading, const char *tag, const char *path, struct settings_file *file)
{
	struct words *words = reading->words;
	struct catalog *catalog = calloc(1, sizeof(*catalog));

	if (catalog == NULL) {
		settings_file_free(&file);
		return error_memory(reading->error);
	}
	reading->catalog = catalog;
	catalog->words = words;
	catalog->file = file;
	snprintf(catalog->tag, sizeof(catalog->tag), "%s", tag);
	words->catalogs[words->languages] = catalog;
	words->tags[words->languages++] = catalog->tag;
	if (words->languages == 1) {
		settings_file_each(file, add_name, reading);
		sort_names(words);
	}
	catalog->texts = calloc(words->count + 1, sizeof(*catalog->texts));
	if (catalog->texts == NULL)
		return error_memory(reading->error);
	settings_file_each(file, add_text, reading);
	if (reading->failed)
		return -1;
	if (words->languages > 1)
		tell_gaps(reading, path);
	return 0;
}

static int load_language(struct reading *reading, const char *tag)
{
	struct settings_file *file = NULL;
	struct buf text;
	char *path;
	int result;

	if (reading->words->languages == WORDS_LANGUAGES_MAX)
		return error_set(reading->error, ERROR_CONFIGURATION,
			"%s: more than %d languages", reading->source->directory,
			WORDS_LANGUAGES_MAX);
	if (asprintf(&path, "%s/%s.%s", reading->source->directory, reading->words->family,
		    tag) < 0)
		return error_memory(reading->error);
	buf_init(&text, WORDS_FILE_MAX);
	result = template_read_file(path, &text, reading->error);
	if (result == 0)
		file = settings_file_parse(path, text.data, text.len, reading->error);
	if (file != NULL)
		result = add_catalog(reading, tag, path, file);
	else
		result = -1;
	buf_free(&text);
	free(path);
	return result;
}

/* The language behind the family's name; NULL for a file of another name, such as an editor's
 * words.de~. */
static const char *other_language(const struct words *words, const char *file)
{
	size_t len = strlen(words->family);
	const char *tag = file + len + 1;

	if (strncmp(file, words->family, len) != 0 || file[len] != '.' ||
		strcmp(tag, ENGLISH) == 0 || !language_valid(tag, strlen(tag)))
		return NULL;
	return tag;
}

static int load_others(struct reading *reading)
{
	struct dirent **entries = NULL;
	int count = scandir(reading->source->directory, &entries, NULL, alphasort);
	int result = 0;

	if (count < 0)
		return error_errno(reading->error, errno, "%s", reading->source->directory);
	for (int i = 0; i < count; i++) {
		const char *tag = other_language(reading->words, entries[i]->d_name);

		if (result == 0 && tag != NULL)
			result = load_language(reading, tag);
		free(entries[i]);
	}
	free(entries);
	return result;
}

struct words *words_load(const struct words_source *source, struct error *error)
{
	struct reading reading = {.source = source, .error = error};

	reading.words = calloc(1, sizeof(*reading.words));
	if (reading.words == NULL) {
		error_memory(error);
		return NULL;
	}
	reading.words->family = source->family != NULL ? source->family : FAMILY;
	if (load_language(&reading, ENGLISH) != 0 ||
		words_require(reading.words, "direction", error) != 0 ||
		load_others(&reading) != 0)
		words_free(&reading.words);
	return reading.words;
}

void words_free(struct words **words)
{
	if (*words == NULL)
		return;
	for (size_t i = 0; i < (*words)->languages; i++) {
		struct catalog *catalog = (*words)->catalogs[i];

		for (size_t n = 0; catalog->texts != NULL && n < (*words)->count; n++)
			free(catalog->texts[n]);
		free(catalog->texts);
		settings_file_free(&catalog->file);
		free(catalog);
	}
	free((*words)->names);
	free(*words);
	*words = NULL;
}

int words_require(const struct words *words, const char *name, struct error *error)
{
	if (words_number(words, name) >= 0)
		return 0;
	return error_set(error, ERROR_CONFIGURATION, "%s." ENGLISH ": %s is missing",
		words->family, name);
}

static size_t index_of(const struct words *words, const char *tag)
{
	return language_choose(tag, words->tags, words->languages, 0);
}

const struct catalog *words_choose(
	const struct words *words, const char *accept_language, const char *otherwise)
{
	return words->catalogs[language_choose(
		accept_language, words->tags, words->languages, index_of(words, otherwise))];
}

bool words_has_language(const struct words *words, const char *tag)
{
	for (size_t i = 0; i < words->languages; i++) {
		if (strcasecmp(words->tags[i], tag) == 0)
			return true;
	}
	return false;
}

const char *catalog_language(const struct catalog *catalog)
{
	return catalog->tag;
}

const char *catalog_nth(const struct catalog *catalog, int number)
{
	const char *text = catalog->texts[number];

	return text != NULL ? text : catalog->words->catalogs[0]->texts[number];
}

const char *catalog_text(const struct catalog *catalog, const char *name)
{
	int number = words_number(catalog->words, name);

	return number >= 0 ? catalog_nth(catalog, number) : NULL;
}
