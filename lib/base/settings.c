/*
 * A generation of settings: read the file's lines (settings_file.h), lay -o over them, expand
 * $name, convert by the table (settings_convert.h), check what concerns two settings at once
 * (settings_check.h), and derive what is empty and follows from another. Every fault is told, so
 * that an operator mends a file in one go. All memory hangs off one arena that dies with the
 * generation.
 */
#include "base/settings.h"

#include "base/endpoint.h"
#include "base/settings_check.h"
#include "base/settings_convert.h"
#include "base/settings_file.h"
#include "base/settings_table.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define EXPAND_DEPTH 8
#define VALUE_MAX    (64 * 1024)

struct generation {
	struct settings settings; /* first: the public face */
	char **values; /* expanded, by table row; NULL for a required one that is missing */
	bool *changed; /* by table row: is it another than the default? */
	void **arena;
	size_t arena_n;
};

struct loading {
	struct generation *generation;
	struct utsname machine;
	const struct settings_source *source;
	struct settings_file *file;
	int faults;
};

__attribute__((format(printf, 2, 3))) static void fault(
	struct loading *loading, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	loading->faults++;
	if (loading->source->fault != NULL)
		loading->source->fault(loading->source->fault_context, text);
}

/* A fault of one setting, with the place where it was set. */
static void fault_of(struct loading *loading, const char *name, const char *reason)
{
	const char *place = settings_file_place(loading->file, name);

	if (place != NULL)
		fault(loading, "%s: %s: %s", place, name, reason);
	else
		fault(loading, "%s: %s", name, reason);
}

/* Gives memory to the generation. */
static void *keep(struct loading *loading, void *memory)
{
	struct generation *generation = loading->generation;
	void **arena;

	if (memory == NULL)
		return NULL;
	arena = realloc(generation->arena, (generation->arena_n + 1) * sizeof(*arena));
	if (arena == NULL) {
		free(memory);
		return NULL;
	}
	generation->arena = arena;
	generation->arena[generation->arena_n++] = memory;
	return memory;
}

static const struct setting *find_row(const char *name)
{
	for (size_t i = 0; i < settings_table_rows; i++)
		if (strcmp(settings_table[i].name, name) == 0)
			return &settings_table[i];
	return NULL;
}

static const char *otherwise(const struct loading *loading, const char *name)
{
	const struct setting *row = find_row(name);

	if (strcmp(name, "config_directory") == 0)
		return loading->source->config_directory;
	if (strcmp(name, "myhostname") == 0)
		return loading->machine.nodename;
	return row != NULL ? row->otherwise : NULL;
}

/* The value as written: -o or file, else the default, NULL for a required one that is missing. */
static const char *written(struct loading *loading, const char *name)
{
	const char *value = settings_file_value(loading->file, name);

	if (value != NULL && (value[0] != '\0' || strcmp(name, "myhostname") != 0))
		return value;
	return otherwise(loading, name);
}

/* Expands $name, ${name} and $(name); $$ is a dollar sign, and so is one that no name follows. */
static int expand(struct loading *loading, const char *text, int depth, struct buf *out)
{
	while (*text != '\0') {
		size_t plain = strcspn(text, "$");
		const char *name = text + plain + 1;
		char close = '\0', copy[128];
		const char *value;
		size_t len;

		buf_append(out, text, plain);
		text += plain;
		if (*text == '\0')
			break;
		if (*name == '{' || *name == '(')
			close = *name++ == '{' ? '}' : ')';
		for (len = 0; isalnum((unsigned char)name[len]) || name[len] == '_'; len++)
			;
		if (len == 0 || len >= sizeof(copy) || (close != '\0' && name[len] != close)) {
			buf_byte(out, '$');
			text += text[1] == '$' ? 2 : 1;
			continue;
		}
		memcpy(copy, name, len);
		copy[len] = '\0';
		value = depth > 0 ? written(loading, copy) : NULL;
		if (value == NULL || expand(loading, value, depth - 1, out) != 0)
			return -1;
		text = name + len + (close != '\0');
	}
	return 0;
}

static const char **split_list(struct loading *loading, char *text)
{
	static const char separators[] = ", \t\r\n";
	size_t n = 0, room = 2 + strlen(text) / 2;
	const char **list = keep(loading, calloc(room, sizeof(*list)));
	char *next;

	if (list == NULL)
		return NULL;
	for (char *item = strtok_r(text, separators, &next); item != NULL;
		item = strtok_r(NULL, separators, &next))
		list[n++] = item;
	return list;
}

static int compare_times(const void *a, const void *b)
{
	const time_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static int parse_times(struct loading *loading, const struct setting *row, char *value,
	const time_t **times_r, struct error *error)
{
	const char **list = split_list(loading, value);
	time_t *times;
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	times = list != NULL ? keep(loading, calloc(n + 1, sizeof(*times))) : NULL;
	if (times == NULL)
		return error_memory(error);
	for (size_t i = 0; i < n; i++)
		if (setting_time(row, list[i], &times[i], error) != 0)
			return -1;
	qsort(times, n, sizeof(*times), compare_times);
	*times_r = times;
	return 0;
}

static void forget_pattern(struct generation *generation)
{
	for (size_t i = 0; i < settings_table_rows; i++) {
		struct pattern **at =
			(void *)((char *)&generation->settings + settings_table[i].offset);

		if (settings_table[i].type == SETTING_PATTERN)
			pattern_free(at);
	}
}

/* Converts one expanded value into its member. */
static int convert(
	struct loading *loading, const struct setting *row, char *value, struct error *error)
{
	void *at = (char *)&loading->generation->settings + row->offset;
	char *copy = keep(loading, strdup(value));

	if (copy == NULL)
		return error_memory(error);
	if (row->check != NULL && row->check(value, error) != 0)
		return -1;
	switch (row->type) {
	case SETTING_URL:
		if (value[0] != '\0' && setting_url(copy, error) != 0)
			return -1;
		break;
	case SETTING_ENDPOINT:
		if (endpoint_check(value, error) != 0)
			return -1;
		break;
	case SETTING_LIST:
		*(const char ***)at = split_list(loading, copy);
		return *(const char ***)at != NULL ? 0 : error_memory(error);
	case SETTING_TIME:
		return setting_time(row, value, at, error);
	case SETTING_TIMES:
		return parse_times(loading, row, copy, at, error);
	case SETTING_NUMBER:
		return setting_number(row, value, at, error);
	case SETTING_PATTERN:
		if (value[0] != '\0')
			*(struct pattern **)at = pattern_new(value, error);
		return value[0] == '\0' || *(struct pattern **)at != NULL ? 0 : -1;
	case SETTING_CHOICE:
		return setting_choice(row, value, at, error);
	case SETTING_TEXT:
		break;
	}
	*(const char **)at = copy;
	return 0;
}

static bool at_default(struct loading *loading, const struct setting *row, const char *value)
{
	struct buf usual;
	bool same;

	if (row->otherwise == NULL)
		return false;
	buf_init(&usual, VALUE_MAX);
	same = expand(loading, otherwise(loading, row->name), EXPAND_DEPTH, &usual) == 0 &&
	       strcmp(usual.data, value) == 0;
	buf_free(&usual);
	return same;
}

static void load_row(struct loading *loading, size_t i)
{
	const struct setting *row = &settings_table[i];
	const char *value = written(loading, row->name);
	struct error error;
	struct buf expanded;

	if (value == NULL) {
		fault(loading, "%s/%s: %s: is required (%s)", loading->source->config_directory,
			SETTINGS_FILE, row->name, row->meaning);
		return;
	}
	buf_init(&expanded, VALUE_MAX);
	if (expand(loading, value, EXPAND_DEPTH, &expanded) != 0 || expanded.failed)
		fault_of(loading, row->name,
			"refers to a setting that does not exist, or to itself");
	else if (convert(loading, row, expanded.data, &error) != 0)
		fault_of(loading, row->name, error.text);
	else
		loading->generation->values[i] = keep(loading, strdup(expanded.data));
	loading->generation->changed[i] = !at_default(loading, row, expanded.data);
	buf_free(&expanded);
}

/* What is empty and follows from another. */
static void derive(struct loading *loading)
{
	struct settings *settings = &loading->generation->settings;
	const char *directory = strchr(settings->state_store, ':') + 1;
	char *path;

	if (settings->brand_name[0] == '\0')
		settings->brand_name = settings->application_name;
	if (settings->vault_store[0] != '\0')
		return;
	path = keep(loading, malloc(strlen(directory) + sizeof("/vault")));
	if (path == NULL) {
		fault(loading, "out of memory");
		return;
	}
	sprintf(path, "%s/vault", directory);
	settings->vault_store = path;
}

static void conflict(void *context, const char *name, const char *reason)
{
	fault_of(context, name, reason);
}

static void unknown_name(void *context, const char *place, const char *name)
{
	struct loading *loading = context;

	if (find_row(name) == NULL)
		fault(loading, "%s: %s: there is no such setting (postinvite -p lists them)",
			place, name);
}

static void generation_free(struct generation *generation)
{
	forget_pattern(generation);
	for (size_t i = 0; i < generation->arena_n; i++)
		free(generation->arena[i]);
	free(generation->arena);
	free(generation->values);
	free(generation->changed);
	free(generation);
}

int settings_load(const struct settings_source *source, const struct settings **settings_r)
{
	struct loading loading = {.source = source};
	struct error error;

	*settings_r = NULL;
	loading.generation = calloc(1, sizeof(*loading.generation));
	uname(&loading.machine);
	if (loading.generation != NULL) {
		loading.generation->values = calloc(settings_table_rows, sizeof(char *));
		loading.generation->changed = calloc(settings_table_rows, sizeof(bool));
	}
	if (loading.generation == NULL || loading.generation->values == NULL ||
		loading.generation->changed == NULL) {
		if (loading.generation != NULL)
			generation_free(loading.generation);
		fault(&loading, "out of memory");
		return -1;
	}
	loading.generation->settings.config_directory =
		keep(&loading, strdup(source->config_directory));
	loading.file = settings_file_read(source->config_directory, source->overrides, &error);
	if (loading.file == NULL) {
		fault(&loading, "%s", error.text);
	} else {
		settings_file_each(loading.file, unknown_name, &loading);
		for (size_t i = 0; i < settings_table_rows; i++)
			load_row(&loading, i);
		if (loading.faults == 0) {
			settings_check(&loading.generation->settings, conflict, &loading);
			derive(&loading);
		}
	}
	settings_file_free(&loading.file);
	if (loading.faults > 0) {
		generation_free(loading.generation);
		return -1;
	}
	*settings_r = &loading.generation->settings;
	return 0;
}

int settings_value(const struct settings_source *source, const char *name, struct buf *value,
	struct error *error)
{
	struct loading loading = {.source = source};
	const char *text;
	int result = -1;

	uname(&loading.machine);
	loading.file = settings_file_read(source->config_directory, source->overrides, error);
	if (loading.file == NULL)
		return -1;
	text = written(&loading, name);
	if (text == NULL || expand(&loading, text, EXPAND_DEPTH, value) != 0 || value->failed)
		error_set(error, ERROR_CONFIGURATION,
			"%s: is not set, or refers to a setting that is not or to itself",
			name);
	else
		result = 0;
	settings_file_free(&loading.file);
	return result;
}

void settings_free(const struct settings **settings)
{
	struct generation *generation = (struct generation *)*settings;

	*settings = NULL;
	if (generation != NULL)
		generation_free(generation);
}

void settings_print(const struct settings *settings, bool only_changed, struct buf *out)
{
	const struct generation *generation = (const struct generation *)settings;

	for (size_t i = 0; i < settings_table_rows; i++) {
		const char *value = generation->values[i];

		if (!only_changed || generation->changed[i])
			buf_printf(out, "%s =%s%s\n", settings_table[i].name,
				value[0] != '\0' ? " " : "", value);
	}
}
