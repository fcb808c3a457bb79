/*
 * Logical lines first (comments out, continuations joined), then name and value. Everything
 * is kept in the order of the file; look-ups go from the end, so that the last one wins.
 */
#include "base/settings_file.h"

#include "base/buf.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX_BYTES (1024 * 1024)

struct entry {
	char *name;
	char *value;
	char *place;
};

struct settings_file {
	struct entry *entries;
	size_t n;
};

static int add_entry(
	struct settings_file *file, const char *line, const char *place, struct error *error)
{
	size_t name_len = 0;
	const char *value;
	size_t value_len;
	struct entry *entries;
	struct entry entry;

	while (isalnum((unsigned char)line[name_len]) || line[name_len] == '_')
		name_len++;
	value = line + name_len + strspn(line + name_len, " \t");
	if (name_len == 0 || *value != '=')
		return error_set(error, ERROR_CONFIGURATION,
			"%s: not of the form \"name = value\": \"%.60s\"", place, line);
	value += 1 + strspn(value + 1, " \t\r\n");
	for (value_len = strlen(value);
		value_len > 0 && isspace((unsigned char)value[value_len - 1]); value_len--)
		;
	entries = realloc(file->entries, (file->n + 1) * sizeof(*entries));
	if (entries == NULL)
		return error_memory(error);
	file->entries = entries;
	entry = (struct entry){.name = strndup(line, name_len),
		.value = strndup(value, value_len),
		.place = strdup(place)};
	entries[file->n++] = entry;
	if (entry.name == NULL || entry.value == NULL || entry.place == NULL)
		return error_memory(error);
	return 0;
}

/* One logical line that began at line number `first`. */
static int end_line(struct settings_file *file, struct buf *line, const char *path, int first,
	struct error *error)
{
	char place[4200];
	int result = 0;

	snprintf(place, sizeof(place), "%s:%d", path, first);
	if (line->failed)
		result = error_set(error, ERROR_CONFIGURATION, "%s: line is too long", place);
	else if (line->len > 0)
		result = add_entry(file, line->data, place, error);
	buf_reset(line);
	return result;
}

static int parse_lines(struct settings_file *file, const char *path, const char *text,
	size_t len, struct error *error)
{
	const char *end = text + len;
	int number = 0, first = 1, result = 0;
	struct buf line;

	/* A byte order mark, which some editors put in front of a file. */
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	buf_init(&line, FILE_MAX_BYTES);
	while (text < end && result == 0) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line_len = (size_t)((newline != NULL ? newline : end) - text);
		size_t blank = 0;

		number++;
		while (blank < line_len && isspace((unsigned char)text[blank]))
			blank++;
		if (memchr(text, '\0', line_len) != NULL) {
			result = error_set(error, ERROR_CONFIGURATION,
				"%s:%d: holds a NUL byte", path, number);
		} else if (blank < line_len && text[blank] != '#') {
			if (blank == 0) {
				result = end_line(file, &line, path, first, error);
				first = number;
			} else if (line.len == 0) {
				result = error_set(error, ERROR_CONFIGURATION,
					"%s:%d: begins with white space but continues no line",
					path, number);
			}
			buf_append(&line, text, line_len);
			buf_byte(&line, ' ');
		}
		text += line_len + (newline != NULL);
	}
	if (result == 0)
		result = end_line(file, &line, path, first, error);
	buf_free(&line);
	return result;
}

struct settings_file *settings_file_parse(
	const char *path, const char *text, size_t len, struct error *error)
{
	struct settings_file *file = calloc(1, sizeof(*file));

	if (file == NULL)
		error_memory(error);
	else if (parse_lines(file, path, text, len, error) != 0)
		settings_file_free(&file);
	return file;
}

static int read_file(const char *path, struct buf *text, struct error *error)
{
	char chunk[8192];
	ssize_t got = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_open(error, errno, path,
			"copy postinvite.cf.sample of share/postinvite there, or name another directory by -c");
	while ((got = read(fd, chunk, sizeof(chunk))) > 0)
		buf_append(text, chunk, (size_t)got);
	if (got < 0)
		error_errno(error, errno, "read %s", path);
	close(fd);
	if (got == 0 && text->failed)
		return error_set(error, ERROR_CONFIGURATION, "%s: longer than %d bytes", path,
			FILE_MAX_BYTES);
	return got < 0 ? -1 : 0;
}

struct settings_file *settings_file_read(
	const char *config_directory, const char *const *overrides, struct error *error)
{
	struct settings_file *file = NULL;
	struct buf path, text;

	buf_init(&path, 4096);
	buf_init(&text, FILE_MAX_BYTES);
	buf_printf(&path, "%s/postinvite.cf", config_directory);
	if (path.failed)
		error_set(error, ERROR_CONFIGURATION, "-c: path is too long");
	else if (read_file(path.data, &text, error) == 0)
		file = settings_file_parse(path.data, text.data, text.len, error);
	for (; file != NULL && overrides != NULL && *overrides != NULL; overrides++)
		if (add_entry(file, *overrides, "-o", error) != 0)
			settings_file_free(&file);
	buf_free(&path);
	buf_free(&text);
	return file;
}

void settings_file_free(struct settings_file **file)
{
	if (file == NULL || *file == NULL)
		return;
	for (size_t i = 0; i < (*file)->n; i++) {
		free((*file)->entries[i].name);
		free((*file)->entries[i].value);
		free((*file)->entries[i].place);
	}
	free((*file)->entries);
	free(*file);
	*file = NULL;
}

static const struct entry *find(const struct settings_file *file, const char *name)
{
	for (size_t i = file->n; i > 0; i--)
		if (strcmp(file->entries[i - 1].name, name) == 0)
			return &file->entries[i - 1];
	return NULL;
}

const char *settings_file_value(const struct settings_file *file, const char *name)
{
	const struct entry *entry = find(file, name);

	return entry != NULL ? entry->value : NULL;
}

const char *settings_file_place(const struct settings_file *file, const char *name)
{
	const struct entry *entry = find(file, name);

	return entry != NULL ? entry->place : NULL;
}

void settings_file_each(const struct settings_file *file,
	void (*each)(void *context, const char *place, const char *name), void *context)
{
	for (size_t i = 0; i < file->n; i++)
		each(context, file->entries[i].place, file->entries[i].name);
}
