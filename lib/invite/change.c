/*
 * A member is compared before it is written: the same event again, which a client may send, is no
 * change.
 */
#include "invite/change.h"

#include <string.h>

const char *change_said(const struct change *change, const char *name)
{
	return json_string(change->event, name, NULL);
}

bool change_has(const struct change *change, const char *name, const char *value)
{
	return strcmp(json_string(change->record, name, "none"), value) == 0;
}

void change_put(struct change *change, const char *name, const char *value)
{
	const char *old = json_string(change->record, name, NULL);

	if (old == value || (old != NULL && value != NULL && strcmp(old, value) == 0))
		return;
	change->changed = true;
	change->failed |= json_set_string(change->record, name, value) != 0;
}

void change_put_flag(struct change *change, const char *name, bool value)
{
	if (json_member(change->record, name) != NULL &&
		json_flag(change->record, name, !value) == value)
		return;
	change->changed = true;
	change->failed |= json_set_flag(change->record, name, value) != 0;
}

void change_put_int(struct change *change, const char *name, int64_t value)
{
	if (json_member(change->record, name) != NULL &&
		json_int(change->record, name, ~value) == value)
		return;
	change->changed = true;
	change->failed |= json_set_int(change->record, name, value) != 0;
}

void change_count(struct change *change, const char *name)
{
	int64_t count = json_int(change->record, name, 0);

	change_put_int(change, name, count < INT64_MAX ? count + 1 : 0);
}

void change_drop(struct change *change, const char *name)
{
	if (json_member(change->record, name) == NULL)
		return;
	change->changed = true;
	json_object_object_del(change->record, name);
}

void change_take(struct change *change, const char *name)
{
	if (change_said(change, name) != NULL)
		change_put(change, name, change_said(change, name));
}

void change_put_first(struct change *change, const char *name)
{
	if (json_member(change->record, name) == NULL)
		change_put(change, name, change_said(change, "at"));
}

void change_put_last_error(struct change *change)
{
	struct json_object *old = json_member(change->record, "last_error");
	struct json_object *fresh = json_object_new_object();

	if (fresh == NULL || json_set_string(fresh, "code", change_said(change, "code")) != 0 ||
		json_set_string(fresh, "text", change_said(change, "text")) != 0 ||
		json_set_string(fresh, "at", change_said(change, "at")) != 0)
		change->failed = true;
	else if (old == NULL || !json_object_equal(old, fresh)) {
		change->changed = true;
		change->failed |=
			json_object_object_add(change->record, "last_error", fresh) != 0;
		return;
	}
	json_object_put(fresh);
}
