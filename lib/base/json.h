/*
 * The little that the programs need around json-c: strict parsing with limits, and reading
 * members without a ladder of type tests. json_object ownership is json-c's: what a
 * "get" returns is borrowed, what json_parse returns is the caller's (json_object_put).
 */
#ifndef POSTINVITE_BASE_JSON_H
#define POSTINVITE_BASE_JSON_H

#include "base/error.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#define JSON_MAX_DEPTH 16

/* Parses one complete JSON object of valid UTF-8, nothing but white space behind it. Returns 0
 * or -1 (permanent; the text says what is wrong, never the contents). */
int json_parse(const char *text, size_t len, struct json_object **value_r, struct error *error);

/* The member's value, or the given default where it is missing or of another type. A NULL
 * or non-object `object` has no members. */
const char *json_string(struct json_object *object, const char *name, const char *otherwise);
int64_t json_int(struct json_object *object, const char *name, int64_t otherwise);
bool json_flag(struct json_object *object, const char *name, bool otherwise);
struct json_object *json_member(struct json_object *object, const char *name); /* or NULL */

/* How many elements the array has; 0 where it is missing or something else. */
size_t json_count(struct json_object *array);

/* Set or replace a member; a NULL string removes it. Return 0, or -1 when out of memory. */
int json_set_string(struct json_object *object, const char *name, const char *value);
int json_set_int(struct json_object *object, const char *name, int64_t value);
int json_set_flag(struct json_object *object, const char *name, bool value);

/* A deep copy, the caller's (json_object_put). NULL out of memory. */
struct json_object *json_copy(struct json_object *object);

/* Compact text, owned by the object, valid until it changes. */
const char *json_text(struct json_object *object);

#endif
