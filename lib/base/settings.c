/*
 * A generation of settings: read the file's lines, lay -o over them, expand $name, convert by the
 * table, and check what concerns two settings at once. Every fault is told, so that an
 * operator mends a file in one go. All memory hangs off one arena that dies with the generation.
 */
#include "base/settings.h"

#include "base/endpoint.h"
#include "base/settings_file.h"
#include "base/settings_table.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
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

static int parse_time(
	const struct setting *row, const char *value, time_t *when_r, struct error *error)
{
	static const struct {
		char letter;
		long seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}, {'\0', 1}};
	char *end;
	long number;

	errno = 0;
	number = strtol(value, &end, 10);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (end == value || errno != 0 || *end != units[i].letter ||
			(*end != '\0' && end[1] != '\0'))
			continue;
		if (number < 0 || number > row->max / units[i].seconds ||
			number * units[i].seconds < row->min)
			return error_set(error, ERROR_CONFIGURATION,
				"\"%s\" is not between %lds and %ldd", value, row->min,
				row->max / 86400);
		*when_r = number * units[i].seconds;
		return 0;
	}
	return error_set(error, ERROR_CONFIGURATION,
		"\"%s\" is not a time such as 90s, 15m, 12h, 30d or 2w", value);
}

static int parse_number(
	const struct setting *row, const char *value, long *number_r, struct error *error)
{
	char *end;

	errno = 0;
	*number_r = strtol(value, &end, 10);
	if (end == value || *end != '\0' || errno != 0 || *number_r < row->min ||
		*number_r > row->max)
		return error_set(error, ERROR_CONFIGURATION,
			"\"%s\" is not a number between %ld and %ld", value, row->min,
			row->max);
	return 0;
}

static bool loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strncmp(host, "localhost", 9) == 0 ||
	       strncmp(host, "[::1]", 5) == 0;
}

static bool is_printable_ascii(const char *value)
{
	while (*value >= ' ' && *value <= '~')
		value++;
	return *value == '\0';
}

int settings_check_url(const char *value, struct error *error)
{
	bool https = strncmp(value, "https://", 8) == 0;

	if (!https && (strncmp(value, "http://", 7) != 0 || !loopback(value + 7)))
		return error_set(error, ERROR_CONFIGURATION,
			"\"%s\" does not begin with https:// (http:// is for loopback addresses)",
			value);
	if (!is_printable_ascii(value))
		return error_set(error, ERROR_CONFIGURATION,
			"\"%s\" holds what an URL has percent-encoded, or in a host's name as xn--...",
			value);
	if (strpbrk(value, " \t\"'<>\\#") != NULL || strlen(value) > 1024 ||
		value[https ? 8 : 7] == '\0')
		return error_set(error, ERROR_CONFIGURATION, "\"%s\" is not an URL", value);
	return 0;
}

/* Checks an URL and cuts its trailing slashes. */
static int tidy_url(char *value, struct error *error)
{
	size_t len = strlen(value);

	if (settings_check_url(value, error) != 0)
		return -1;
	if (strchr(value, '?') != NULL)
		return error_set(error, ERROR_CONFIGURATION,
			"\"%s\" is not an URL without a query", value);
	while (len > 0 && value[len - 1] == '/')
		value[--len] = '\0';
	return 0;
}

static int choice_index(
	const struct setting *row, const char *value, int *index_r, struct error *error)
{
	struct buf names;

	for (*index_r = 0; row->choices[*index_r] != NULL; (*index_r)++)
		if (strcmp(row->choices[*index_r], value) == 0)
			return 0;
	buf_init(&names, 512);
	for (int i = 0; row->choices[i] != NULL; i++)
		buf_printf(&names, "%s%s", i > 0 ? ", " : "", row->choices[i]);
	error_set(error, ERROR_CONFIGURATION, "\"%s\" is none of: %s", value, names.data);
	buf_free(&names);
	return -1;
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
		if (parse_time(row, list[i], &times[i], error) != 0)
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
		if (value[0] != '\0' && tidy_url(copy, error) != 0)
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
		return parse_time(row, value, at, error);
	case SETTING_TIMES:
		return parse_times(loading, row, copy, at, error);
	case SETTING_NUMBER:
		return parse_number(row, value, at, error);
	case SETTING_PATTERN:
		if (value[0] != '\0')
			*(struct pattern **)at = pattern_new(value, error);
		return value[0] == '\0' || *(struct pattern **)at != NULL ? 0 : -1;
	case SETTING_CHOICE:
		return choice_index(row, value, at, error);
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

static void check_telling(struct loading *loading)
{
	const struct settings *settings = &loading->generation->settings;
	bool url = settings->webhook_url[0] != '\0';

	if (url && settings->webhook_key_file[0] == '\0')
		fault_of(loading, "webhook_url",
			"needs webhook_key_file: the receiver has to know that it is us");
	for (size_t i = 0; settings->welcome_senders[i] != NULL; i++)
		if (strcasecmp(settings->welcome_senders[i], settings->notify_sender) == 0)
			fault_of(loading, "notify_sender",
				"is one of welcome_senders: a reminder would be taken for a Welcome mail");
}

/* What comes to our own addresses is read by us: nobody else's mail can have them for its
 * sender. */
static void check_own_addresses(struct loading *loading)
{
	const struct settings *settings = &loading->generation->settings;
	const struct {
		const char *name, *value;
	} own[] = {
		{"bounce_address", settings->bounce_address},
		{"consent_address", settings->consent_address},
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		bool taken = own[i].value[0] != '\0' &&
			     strcasecmp(own[i].value, settings->notify_sender) == 0;

		for (size_t j = 0; settings->welcome_senders[j] != NULL; j++)
			taken |= strcasecmp(own[i].value, settings->welcome_senders[j]) == 0;
		if (taken)
			fault_of(loading, own[i].name,
				"is one of welcome_senders, or notify_sender: an address of its own is needed");
	}
	if (own[0].value[0] != '\0' && strcasecmp(own[0].value, own[1].value) == 0)
		fault_of(loading, "bounce_address",
			"is consent_address, too: each needs its own");
}

/* A header can be claimed by whoever reaches a port; and without certificates nobody is known
 * there. */
static void check_admin(struct loading *loading)
{
	const struct settings *settings = &loading->generation->settings;
	const struct {
		const char *name, *value;
	} files[] = {
		{"admin_tls_cert_file", settings->admin_tls_cert_file},
		{"admin_tls_key_file", settings->admin_tls_key_file},
		{"admin_ca_file", settings->admin_ca_file},
	};
	bool inet = strncmp(settings->admin_listen, "inet:", 5) == 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (inet && files[i].value[0] == '\0')
			fault_of(loading, "admin_listen",
				"inet: needs admin_tls_cert_file, admin_tls_key_file and "
				"admin_ca_file: operators are known there by client certificates");
		else if (!inet && files[i].value[0] != '\0')
			fault_of(loading, files[i].name,
				"is of use with admin_listen = inet:HOST:PORT only; on a Unix "
				"socket TLS is the web server's");
		if (inet && files[i].value[0] == '\0')
			break;
	}
	if (inet && settings->admin_user_header[0] != '\0')
		fault_of(loading, "admin_user_header",
			"is believed on a Unix socket only, and admin_listen is none");
	if (inet && settings->admin_subjects[0] == NULL)
		fault_of(loading, "admin_listen",
			"inet: needs admin_subjects: nobody could use it");
}

static void check_together(struct loading *loading)
{
	struct settings *settings = &loading->generation->settings;
	bool cert = settings->wizard_tls_cert_file[0] != '\0';

	if (settings->link_fallback != LINK_FALLBACK_PASS && settings->welcome_subject == NULL)
		fault_of(loading, "link_fallback",
			"needs welcome_subject, else every mail of the sender would be a Welcome mail");
	if (cert != (settings->wizard_tls_key_file[0] != '\0'))
		fault_of(loading, cert ? "wizard_tls_cert_file" : "wizard_tls_key_file",
			"wizard_tls_cert_file and wizard_tls_key_file go together");
	if (settings->brand_name[0] == '\0')
		settings->brand_name = settings->application_name;
	check_telling(loading);
	check_own_addresses(loading);
	if ((settings->smime_cert_file[0] == '\0') != (settings->smime_key_file[0] == '\0'))
		fault_of(loading,
			settings->smime_cert_file[0] != '\0' ? "smime_cert_file"
							     : "smime_key_file",
			"smime_cert_file and smime_key_file go together");
	check_admin(loading);
	if (settings->vault_store[0] == '\0') {
		const char *directory = strchr(settings->state_store, ':') + 1;
		char *path = keep(loading, malloc(strlen(directory) + sizeof("/vault")));

		if (path != NULL)
			sprintf(path, "%s/vault", directory);
		settings->vault_store = path;
	}
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
		if (loading.faults == 0)
			check_together(&loading);
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
