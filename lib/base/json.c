/*
 * json-c with limits. The tokener is strict: no comments, no trailing commas, nothing behind
 * the value, and UTF-8 is checked, since what comes in here is shown to people later.
 */
#include "base/json.h"

#include "base/secret.h"
#include "base/utf8.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* What json-c made of a text. */
struct parsing {
	struct json_object *value;
	enum json_tokener_error fault;
	size_t used;
};

/* Returns 0, or -1 out of memory. */
static int parse(const char *text, size_t len, int flags, struct parsing *parsing_r)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_MAX_DEPTH);

	if (tokener == NULL)
		return -1;
	json_tokener_set_flags(tokener, flags);
	parsing_r->value = json_tokener_parse_ex(tokener, text, (int)len);
	parsing_r->fault = json_tokener_get_error(tokener);
	parsing_r->used = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);
	return 0;
}

/* When it is strict json-c 0.18 takes each byte above 127 of a string for a control character (its
 * issue 892); it calls that a fault of the UTF-8, since it stops within a character. It is asked
 * for its verdict with letters in their place then, and for the value without being strict. What
 * is no UTF-8 keeps its fault. */
static int parse_beyond_ascii(const char *text, size_t len, struct parsing *parsing)
{
	char *copy = malloc(len + 1);
	int result = 0;

	if (copy == NULL)
		return -1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (utf8_valid(copy, len)) {
		for (size_t i = 0; i < len; i++)
			if ((copy[i] & 0x80) != 0)
				copy[i] = 'x';
		result = parse(copy, len, JSON_TOKENER_STRICT, parsing);
		if (result == 0 && parsing->fault == json_tokener_success) {
			json_object_put(parsing->value);
			result = parse(text, len, 0, parsing);
		}
	}
	secret_wipe(copy, len);
	free(copy);
	return result;
}

int json_parse(const char *text, size_t len, struct json_object **value_r, struct error *error)
{
	struct parsing parsing;
	int result;

	*value_r = NULL;
	if (len > INT_MAX - 1)
		return error_set(error, ERROR_PERMANENT, "JSON text is too long");
	result = parse(text, len, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8, &parsing);
	if (result == 0 && parsing.fault == json_tokener_error_parse_utf8_string)
		result = parse_beyond_ascii(text, len, &parsing);
	if (result != 0)
		return error_memory(error);
	while (parsing.used < len && strchr(" \t\r\n", text[parsing.used]) != NULL &&
		text[parsing.used] != '\0')
		parsing.used++;
	if (parsing.fault == json_tokener_success && parsing.used == len &&
		json_object_is_type(parsing.value, json_type_object)) {
		*value_r = parsing.value;
		return 0;
	}
	json_object_put(parsing.value);
	if (parsing.fault == json_tokener_success && parsing.used == len)
		return error_set(error, ERROR_PERMANENT, "not a JSON object");
	return error_set(error, ERROR_PERMANENT, "malformed JSON at byte %zu: %s", parsing.used,
		parsing.fault == json_tokener_success ? "text behind the value"
		: parsing.fault == json_tokener_continue
			? "it has no end"
			: json_tokener_error_desc(parsing.fault));
}

struct json_object *json_member(struct json_object *object, const char *name)
{
	struct json_object *value;

	if (!json_object_is_type(object, json_type_object) ||
		!json_object_object_get_ex(object, name, &value))
		return NULL;
	return value;
}

size_t json_count(struct json_object *array)
{
	return json_object_is_type(array, json_type_array) ? json_object_array_length(array)
							   : 0;
}

const char *json_string(struct json_object *object, const char *name, const char *otherwise)
{
	struct json_object *value = json_member(object, name);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value)
							    : otherwise;
}

int64_t json_int(struct json_object *object, const char *name, int64_t otherwise)
{
	struct json_object *value = json_member(object, name);

	return json_object_is_type(value, json_type_int) ? json_object_get_int64(value)
							 : otherwise;
}

bool json_flag(struct json_object *object, const char *name, bool otherwise)
{
	struct json_object *value = json_member(object, name);

	return json_object_is_type(value, json_type_boolean) ? json_object_get_boolean(value)
							     : otherwise;
}

/* Puts the value, or reports that it could not be made. */
static int set(struct json_object *object, const char *name, struct json_object *value)
{
	if (value == NULL)
		return -1;
	if (json_object_object_add(object, name, value) == 0)
		return 0;
	json_object_put(value);
	return -1;
}

int json_set_string(struct json_object *object, const char *name, const char *value)
{
	if (value != NULL)
		return set(object, name, json_object_new_string(value));
	json_object_object_del(object, name);
	return 0;
}

int json_set_int(struct json_object *object, const char *name, int64_t value)
{
	return set(object, name, json_object_new_int64(value));
}

int json_set_flag(struct json_object *object, const char *name, bool value)
{
	return set(object, name, json_object_new_boolean(value));
}

struct json_object *json_copy(struct json_object *object)
{
	struct json_object *copy = NULL;

	if (json_object_deep_copy(object, &copy, NULL) != 0)
		return NULL;
	return copy;
}

const char *json_text(struct json_object *object)
{
	return json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}
