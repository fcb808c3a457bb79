/*
 * Rows are read far more often than by people: columns are found by their tabs, and nothing is
 * copied.
 */
#include "store/row.h"

#include "base/utf8.h"

#include <string.h>
#include <strings.h>

/* As JSON members. */
static const char *const names[ROW_COLUMNS] = {
	"customer_id", "mailbox", "full_name", "tenant", "m365_admin_email"};

/* Cuts `text` into columns from `first` on. Returns whether there are as many. */
static bool split(struct kv_bytes text, enum row_column first, struct row *row_r)
{
	const char *at = text.data, *end = at + text.len;

	for (size_t i = first; i < ROW_COLUMNS; i++) {
		size_t left = (size_t)(end - at);
		const char *tab = left > 0 ? memchr(at, '\t', left) : NULL;
		bool last = i + 1 == ROW_COLUMNS;

		if (last != (tab == NULL))
			return false;
		row_r->columns[i].data = at;
		row_r->columns[i].len = last ? left : (size_t)(tab - at);
		at = last ? end : tab + 1;
	}
	return true;
}

bool row_may_be(enum row_column column, struct kv_bytes text)
{
	bool at = text.len > 0 && memchr(text.data, '@', text.len) != NULL;

	return column == ROW_MAILBOX ? at : column == ROW_TENANT ? !at : true;
}

int row_parse(const char *line, size_t len, struct row *row_r, struct error *error)
{
	if (!split((struct kv_bytes){line, len}, ROW_ID, row_r))
		return error_set(error, ERROR_PERMANENT, "not %d columns", ROW_COLUMNS);
	if (utf8_control(line, len, "\t") != NULL)
		return error_set(error, ERROR_PERMANENT, "control characters");
	for (size_t i = 0; i < ROW_COLUMNS; i++)
		if (row_r->columns[i].len > TEXT_MAX ||
			(i <= ROW_MAILBOX && row_r->columns[i].len == 0))
			return error_set(error, ERROR_PERMANENT,
				"\"%s\" is empty or longer than %d bytes", names[i], TEXT_MAX);
	if (!row_may_be(ROW_MAILBOX, row_r->columns[ROW_MAILBOX]) ||
		!row_may_be(ROW_TENANT, row_r->columns[ROW_TENANT]))
		return error_set(
			error, ERROR_PERMANENT, "a mailbox without @, or a tenant with one");
	row_r->value.data = row_r->columns[ROW_MAILBOX].data;
	row_r->value.len = len - row_r->columns[ROW_ID].len - 1;
	return 0;
}

int row_read(struct kv_bytes id, struct kv_bytes value, struct row *row_r, struct error *error)
{
	row_r->columns[ROW_ID] = id;
	row_r->value = value;
	if (split(value, ROW_MAILBOX, row_r))
		return 0;
	return error_set(error, ERROR_TEMPORARY, "a customer's row is damaged in the database");
}

bool row_has(const struct row *row, enum row_column column, struct kv_bytes text)
{
	const struct kv_bytes *bytes = &row->columns[column];

	return bytes->len == text.len && strncasecmp(bytes->data, text.data, text.len) == 0;
}

struct json_object *row_object(const struct row *row)
{
	struct json_object *object = json_object_new_object();

	for (size_t i = 0; object != NULL && i < ROW_COLUMNS; i++) {
		struct json_object *value = json_object_new_string_len(
			row->columns[i].data, (int)row->columns[i].len);

		if (value != NULL && json_object_object_add(object, names[i], value) == 0)
			continue;
		json_object_put(value);
		json_object_put(object);
		return NULL;
	}
	return object;
}

void append_escaped(struct buf *out, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *plain = text;

		while (text < end && (unsigned char)*text >= 0x20 && *text != '"' &&
			*text != '\\')
			text++;
		buf_append(out, plain, (size_t)(text - plain));
		if (text == end)
			break;
		if (*text == '\t')
			buf_string(out, "\\t");
		else if (*text == '\n')
			buf_string(out, "\\n");
		else if ((unsigned char)*text < 0x20)
			buf_printf(out, "\\u%04x", (unsigned char)*text);
		else
			buf_append(out, *text == '"' ? "\\\"" : "\\\\", 2);
		text++;
	}
}

void row_append(const struct row *row, struct buf *out)
{
	for (size_t i = 0; i < ROW_COLUMNS; i++) {
		buf_string(out, i > 0 ? "\",\"" : "\"");
		buf_string(out, names[i]);
		buf_string(out, "\":\"");
		append_escaped(out, row->columns[i].data, row->columns[i].len);
	}
	buf_byte(out, '"');
}
