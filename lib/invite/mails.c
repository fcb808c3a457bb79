/*
 * The array is made anew with each mail: a Message-ID may come again, and then is the last one.
 */
#include "invite/mails.h"

#include <string.h>

#define EARLIER "earlier_message_ids"

static const char *text_at(struct json_object *array, size_t i)
{
	struct json_object *value = json_object_array_get_idx(array, i);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value)
							    : "";
}

static bool is(const char *message_id, const char *other)
{
	return other != NULL && strcmp(message_id, other) == 0;
}

static int add(struct json_object *array, const char *message_id)
{
	struct json_object *value = json_object_new_string(message_id);

	if (value != NULL && json_object_array_add(array, value) == 0)
		return 0;
	json_object_put(value);
	return -1;
}

int mails_supersede(struct json_object *record, const char *message_id)
{
	const char *last = json_string(record, "message_id", NULL);
	struct json_object *old = json_member(record, EARLIER), *fresh;
	size_t count = json_count(old);
	int failed;

	if (last == NULL)
		return 0;
	fresh = json_object_new_array();
	failed = fresh == NULL;
	for (size_t i = count < MAILS_EARLIER_MAX ? 0 : count - MAILS_EARLIER_MAX + 1;
		i < count && !failed; i++) {
		const char *id = text_at(old, i);

		if (*id != '\0' && !is(id, last) && !is(id, message_id))
			failed = add(fresh, id);
	}
	if (!failed && add(fresh, last) == 0 &&
		json_object_object_add(record, EARLIER, fresh) == 0)
		return 0;
	json_object_put(fresh);
	return -1;
}

bool mails_superseded(struct json_object *record, const char *message_id)
{
	struct json_object *earlier = json_member(record, EARLIER);

	for (size_t i = 0; i < json_count(earlier); i++)
		if (is(text_at(earlier, i), message_id))
			return true;
	return false;
}
