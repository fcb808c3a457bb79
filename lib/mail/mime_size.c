/*
 * What GMime would need too much memory or time for. Any line may be a field. It reads the
 * addresses of a message within the message, and calls itself for a group within a group (each
 * has a colon) until the stack is used up. It looks for the domain of an address that has none
 * beyond the next comma, up to the end of the list, and so with each. A part of seven bytes takes a
 * kilobyte, and a parameter of five not much less.
 */
#include "mail/mime_internal.h"

#include "mail/headers.h"

#include <stdint.h>
#include <string.h>

#define GROUPS_MAX	   100	/* in one list of addresses */
#define PARAMETERS_MAX	   1000 /* of one field */
#define ALL_PARAMETERS_MAX 20000
#define SEPARATORS_MAX	   5000				/* lines that may separate parts */
#define LISTS_COST_MAX	   ((uint64_t)64 * 1024 * 1024) /* commas times bytes, of all lists */

static bool is_named(const struct header_field *field, const char *const *names)
{
	for (; *names != NULL; names++)
		if (header_named(field, *names))
			return true;
	return false;
}

static size_t count_of(const struct header_field *field, char c)
{
	size_t count = 0;

	for (size_t i = 0; i < field->value_len; i++)
		count += field->value[i] == c;
	return count;
}

int mime_too_many(struct error *error, int max, const char *what)
{
	return error_set(error, ERROR_NOT_FOUND, "it has more than %d %s", max, what);
}

int mime_check_size(const char *bytes, size_t len, struct error *error)
{
	static const char *const addresses[] = {
		"From", "Sender", "Reply-To", "To", "Cc", "Bcc", NULL};
	static const char *const parametered[] = {"Content-Type", "Content-Disposition", NULL};
	size_t at = 0, separators = 0, parameters = 0;
	uint64_t lists_cost = 0;
	struct header_field field;

	while (field_next(bytes, len, &at, &field)) {
		separators += field.line_len > 2 && memcmp(field.line, "--", 2) == 0;
		if (separators > SEPARATORS_MAX)
			return mime_too_many(
				error, SEPARATORS_MAX, "lines that may separate parts");
		if (is_named(&field, addresses)) {
			if (count_of(&field, ':') > GROUPS_MAX)
				return mime_too_many(
					error, GROUPS_MAX, "groups in a list of addresses");
			lists_cost += (uint64_t)count_of(&field, ',') * field.value_len;
			if (lists_cost > LISTS_COST_MAX)
				return error_set(error, ERROR_NOT_FOUND,
					"it has lists of addresses that take too long to read");
		} else if (is_named(&field, parametered)) {
			if (count_of(&field, ';') > PARAMETERS_MAX)
				return mime_too_many(
					error, PARAMETERS_MAX, "parameters in a field");
			parameters += count_of(&field, ';');
			if (parameters > ALL_PARAMETERS_MAX)
				return mime_too_many(
					error, ALL_PARAMETERS_MAX, "parameters in its fields");
		}
	}
	return 0;
}
