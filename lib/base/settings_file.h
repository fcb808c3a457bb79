/*
 * The raw contents of postinvite.cf and of -o: names, values and where they were set. main.cf
 * syntax: "name = value", "#" comments, a line that begins with white space continues the one
 * before. A name set twice has its last value, -o comes last of all.
 */
#ifndef POSTINVITE_BASE_SETTINGS_FILE_H
#define POSTINVITE_BASE_SETTINGS_FILE_H

#include "base/error.h"

#include <stddef.h>

struct settings_file;

/* Reads; NULL with error set when the file cannot be read or a line is not "name = value". */
struct settings_file *settings_file_read(
	const char *config_directory, const char *const *overrides, struct error *error);

/* The same from text, for tests and fuzzing; path is for messages. */
struct settings_file *settings_file_parse(
	const char *path, const char *text, size_t len, struct error *error);
void settings_file_free(struct settings_file **file);

/* The value, or NULL when it is not set; "path:line" or "-o" of where, or NULL. */
const char *settings_file_value(const struct settings_file *file, const char *name);
const char *settings_file_place(const struct settings_file *file, const char *name);

/* Every name that is set, with its place. */
void settings_file_each(const struct settings_file *file,
	void (*each)(void *context, const char *place, const char *name), void *context);

#endif
