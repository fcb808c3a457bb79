/*
 * One buffer holds all fields, so that a message costs no allocation per header and nothing is
 * parsed before somebody asks. Postfix joins the lines of a folded field by LF; on the wire
 * they were CRLF, and so they are kept, because a DKIM signature with simple canonicalisation
 * covers them.
 */
#include "mail/headers.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void headers_init(struct headers *headers)
{
	buf_init(&headers->raw, HEADERS_MAX);
}

void headers_free(struct headers *headers)
{
	buf_free(&headers->raw);
}

void headers_add(struct headers *headers, const char *name, const char *value)
{
	struct buf *raw = &headers->raw;

	buf_string(raw, name);
	buf_byte(raw, ':');
	for (;;) {
		size_t len = strcspn(value, "\n");
		bool last = value[len] == '\0';

		buf_append(
			raw, value, len > 0 && !last && value[len - 1] == '\r' ? len - 1 : len);
		buf_append(raw, "\r\n", 2);
		if (last)
			return;
		value += len + 1;
	}
}

/* The end of the line that starts at offset, its line end included. */
static size_t line_end(const char *bytes, size_t len, size_t offset)
{
	const char *end = memchr(bytes + offset, '\n', len - offset);

	return end == NULL ? len : (size_t)(end - bytes) + 1;
}

bool field_next(const char *bytes, size_t len, size_t *offset, struct header_field *field_r)
{
	size_t end;
	const char *colon;

	if (*offset >= len)
		return false;
	end = line_end(bytes, len, *offset);
	while (end < len && (bytes[end] == ' ' || bytes[end] == '\t'))
		end = line_end(bytes, len, end);

	field_r->line = bytes + *offset;
	field_r->line_len = end - *offset;
	if (field_r->line_len > 0 && bytes[end - 1] == '\n')
		field_r->line_len--;
	if (field_r->line_len > 0 && field_r->line[field_r->line_len - 1] == '\r')
		field_r->line_len--;
	colon = memchr(field_r->line, ':', field_r->line_len);
	field_r->name_len = colon == NULL ? field_r->line_len : (size_t)(colon - field_r->line);
	while (colon != NULL && field_r->name_len > 0 &&
		strchr(" \t", field_r->line[field_r->name_len - 1]) != NULL)
		field_r->name_len--;
	field_r->value = colon == NULL ? field_r->line + field_r->line_len : colon + 1;
	field_r->value_len = field_r->line_len - (size_t)(field_r->value - field_r->line);
	*offset = end;
	return true;
}

bool headers_next(const struct headers *headers, size_t *offset, struct header_field *field_r)
{
	return field_next(headers->raw.data, headers->raw.len, offset, field_r);
}

bool header_named(const struct header_field *field, const char *name)
{
	return strlen(name) == field->name_len &&
	       strncasecmp(field->line, name, field->name_len) == 0;
}

size_t headers_count(const struct headers *headers, const char *name)
{
	struct header_field field;
	size_t offset = 0, count = 0;

	while (headers_next(headers, &offset, &field))
		count += header_named(&field, name);
	return count;
}

char *header_value(const struct header_field *field)
{
	char *value = malloc(field->value_len + 1);
	size_t len = 0, start = 0;

	if (value == NULL)
		return NULL;
	for (size_t i = 0; i < field->value_len; i++)
		if (field->value[i] != '\r' && field->value[i] != '\n')
			value[len++] = field->value[i];
	while (len > 0 && isspace((unsigned char)value[len - 1]))
		len--;
	while (start < len && isspace((unsigned char)value[start]))
		start++;
	memmove(value, value + start, len - start);
	value[len - start] = '\0';
	return value;
}

char *headers_value(const struct headers *headers, const char *name)
{
	struct header_field field;
	size_t offset = 0;

	while (headers_next(headers, &offset, &field))
		if (header_named(&field, name))
			return header_value(&field);
	return NULL;
}

void headers_put_mime(const struct headers *headers, struct buf *out)
{
	struct header_field field;
	size_t offset = 0;

	while (headers_next(headers, &offset, &field)) {
		if (!header_named(&field, "MIME-Version") &&
			strncasecmp(field.line, "Content-", sizeof("Content-") - 1) != 0)
			continue;
		buf_append(out, field.line, field.line_len);
		buf_append(out, "\r\n", 2);
	}
	buf_append(out, "\r\n", 2);
}
