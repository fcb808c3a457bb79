/*
 * Logical lines are put together first, then split into pattern, flags and value. The pattern
 * is anchored at both ends whatever it says itself: a genuine Microsoft mail with a stranger's
 * free text in it must not match by a part.
 */
#include "mail/consent_table.h"

#include "base/buf.h"
#include "base/pattern.h"
#include "mail/subject.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE_MAX 8192
#define ROWS_MAX      1000

struct consent_row {
	struct pattern *pattern;
	const char *consent;
};

struct consent_table {
	struct consent_row *rows;
	size_t count;
};

struct loader {
	struct consent_table *table;
	const char *path;
	const char *application_name;
	struct buf line;
	int first_line; /* of the logical line */
	struct error *error;
};

static const char *consent_of(const char *value)
{
	static const struct {
		const char *value, *consent;
	} values[] = {
		{"submitted", "requested"},
		{"review", "requested"},
		{"approved", "granted"},
		{"denied", "denied"},
		{"expired", "expired"},
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (strcmp(values[i].value, value) == 0)
			return values[i].consent;
	return NULL;
}

static int fault(struct loader *loader, const char *what)
{
	return error_set(loader->error, ERROR_CONFIGURATION, "%s:%d: %s", loader->path,
		loader->first_line, what);
}

static void put_literal(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x80 && !isalnum((unsigned char)*text))
			buf_byte(out, '\\');
		buf_byte(out, *text);
	}
}

/* The pattern as PCRE2 takes it; the delimiter may stand in it behind a backslash. */
static int put_pattern(struct loader *loader, const char *pattern, size_t len, struct buf *out)
{
	static const char app[] = "%{app}";

	for (size_t i = 0; i < len;) {
		if (len - i >= sizeof(app) - 1 &&
			memcmp(pattern + i, app, sizeof(app) - 1) == 0) {
			put_literal(out, loader->application_name);
			i += sizeof(app) - 1;
		} else if (len - i >= 2 && memcmp(pattern + i, "%{", 2) == 0) {
			return fault(loader, "only %{app} can stand in a pattern");
		} else {
			buf_byte(out, pattern[i++]);
		}
	}
	return out->failed ? fault(loader, "pattern is too long") : 0;
}

/* The pattern has to be right by itself, not only between the anchors, where "a)|(b" would be,
 * too. */
static int compile(struct loader *loader, const char *pattern, bool case_sensitive,
	struct pattern **pattern_r)
{
	struct pattern *alone;
	struct buf anchored;
	struct error error;

	alone = pattern_new(pattern, &error);
	if (alone == NULL)
		return fault(loader, error.text);
	pattern_free(&alone);
	buf_init(&anchored, 8 * LINE_SIZE_MAX);
	buf_printf(&anchored, "%s\\A(?:%s)\\z", case_sensitive ? "(?-i)" : "", pattern);
	*pattern_r = pattern_new(anchored.data, &error);
	buf_free(&anchored);
	return *pattern_r == NULL ? fault(loader, error.text) : 0;
}

static int add_row(
	struct loader *loader, const char *pattern, bool case_sensitive, const char *value)
{
	struct consent_table *table = loader->table;
	struct consent_row *row = &table->rows[table->count];

	row->consent = consent_of(value);
	if (row->consent == NULL)
		return fault(
			loader, "value is not submitted, approved, denied, expired or review");
	if (compile(loader, pattern, case_sensitive, &row->pattern) < 0)
		return -1;
	table->count++;
	return 0;
}

/* One logical line, not empty. */
static int parse_line(struct loader *loader, char *line)
{
	char delimiter = *line;
	char *pattern = line + 1, *end = pattern, *value, *normal;
	struct buf expression;
	size_t flags;
	int result = 0;

	if (isalnum((unsigned char)delimiter) || delimiter == '\\')
		return fault(loader, "line does not start with a /pattern/");
	while (*end != '\0' && *end != delimiter)
		end += *end == '\\' && end[1] != '\0' ? 2 : 1;
	if (*end == '\0')
		return fault(loader, "pattern without its closing delimiter");
	flags = strcspn(end + 1, " \t");
	value = end + 1 + flags;
	value += strspn(value, " \t");

	if (flags > 1 || (flags == 1 && end[1] != 'i'))
		return fault(loader, "unknown flag behind the pattern");

	*end = '\0';
	normal = subject_normal(pattern);
	buf_init(&expression, 4 * LINE_SIZE_MAX);
	result = normal == NULL ? error_memory(loader->error)
				: put_pattern(loader, normal, strlen(normal), &expression);
	free(normal);
	if (result == 0)
		result = add_row(loader, expression.data, flags == 1, value);
	buf_free(&expression);
	return result;
}

/* The logical line is complete. */
static int flush_line(struct loader *loader)
{
	char *line = loader->line.data;
	size_t len = loader->line.len;
	int result = 0;

	while (len > 0 && isspace((unsigned char)line[len - 1]))
		line[--len] = '\0';
	if (loader->line.failed)
		result = fault(loader, "line is too long");
	else if (len > 0 && loader->table->count == ROWS_MAX)
		result = fault(loader, "too many patterns");
	else if (len > 0)
		result = parse_line(loader, line);
	buf_reset(&loader->line);
	return result;
}

static int read_lines(struct loader *loader, FILE *file)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	int number = 0, result = 0;

	while (result == 0 && (len = getline(&line, &size, file)) >= 0) {
		const char *text = line + strspn(line, " \t\r\n");

		number++;
		while (len > 0 && isspace((unsigned char)line[len - 1]))
			len--;
		if (*text == '\0' || *text == '#')
			continue;
		if (text > line && loader->line.len > 0) {
			buf_append(&loader->line, line, (size_t)len);
			continue;
		}
		result = flush_line(loader);
		if (result == 0)
			loader->first_line = number;
		buf_append(&loader->line, text, (size_t)(len - (text - line)));
	}
	if (result == 0 && ferror(file))
		result = error_errno(loader->error, errno, "read %s", loader->path);
	if (result == 0)
		result = flush_line(loader);
	free(line);
	return result;
}

struct consent_table *consent_table_load(
	const char *path, const char *application_name, struct error *error)
{
	FILE *file = fopen(path, "re");
	struct loader loader = {.path = path, .error = error};
	char *name;

	if (file == NULL) {
		error_open(error, errno, path,
			"consent_patterns names it; copy that of share/postinvite there");
		return NULL;
	}
	buf_init(&loader.line, LINE_SIZE_MAX);
	name = subject_normal(application_name);
	loader.application_name = name;
	loader.table = calloc(1, sizeof(*loader.table));
	if (loader.table != NULL)
		loader.table->rows = calloc(ROWS_MAX, sizeof(*loader.table->rows));
	if (loader.table == NULL || loader.table->rows == NULL || name == NULL) {
		error_memory(error);
		consent_table_free(&loader.table);
	} else if (read_lines(&loader, file) < 0) {
		consent_table_free(&loader.table);
	}
	buf_free(&loader.line);
	free(name);
	fclose(file);
	return loader.table;
}

void consent_table_free(struct consent_table **table)
{
	if (*table == NULL)
		return;
	for (size_t i = 0; i < (*table)->count; i++)
		pattern_free(&(*table)->rows[i].pattern);
	free((*table)->rows);
	free(*table);
	*table = NULL;
}

const char *consent_table_match(const struct consent_table *table, const char *subject)
{
	for (size_t i = 0; i < table->count; i++)
		if (pattern_match(table->rows[i].pattern, subject, strlen(subject), NULL))
			return table->rows[i].consent;
	return NULL;
}
