/*
 * Values of settings by their types. The limits are the table's.
 */
#include "base/settings_convert.h"

#include "base/buf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int setting_time(
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

int setting_number(
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

int setting_check_url(const char *value, struct error *error)
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

int setting_url(char *value, struct error *error)
{
	size_t len = strlen(value);

	if (setting_check_url(value, error) != 0)
		return -1;
	if (strchr(value, '?') != NULL)
		return error_set(error, ERROR_CONFIGURATION,
			"\"%s\" is not an URL without a query", value);
	while (len > 0 && value[len - 1] == '/')
		value[--len] = '\0';
	return 0;
}

int setting_choice(
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
