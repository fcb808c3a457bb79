/*
 * One buffer holds all fields, so that a message costs no allocation per header and nothing is
 * parsed before somebody asks. Postfix joins the lines of a folded field by LF; on the wire they
 * were CRLF, and so they are kept, because a DKIM signature with simple canonicalisation covers them.
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

void headers_reset(struct headers *headers)
{
	buf_reset(&headers->raw);
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

/* The end of the line that starts at offset, its CRLF included. */
static size_t line_end(const struct buf *raw, size_t offset)
{
	const char *end = memmem(raw->data + offset, raw->len - offset, "\r\n", 2);

	return end == NULL ? raw->len : (size_t)(end - raw->data) + 2;
}

bool headers_next(const struct headers *headers, size_t *offset, struct header_field *field_r)
{
	const struct buf *raw = &headers->raw;
	size_t end;
	const char *colon;

	if (*offset >= raw->len)
		return false;
	end = line_end(raw, *offset);
	while (end < raw->len && (raw->data[end] == ' ' || raw->data[end] == '\t'))
		end = line_end(raw, end);

	field_r->line = raw->data + *offset;
	field_r->line_len = end - *offset;
	if (field_r->line_len >= 2 && memcmp(raw->data + end - 2, "\r\n", 2) == 0)
		field_r->line_len -= 2;
	colon = memchr(field_r->line, ':', field_r->line_len);
	field_r->name_len = colon == NULL ? field_r->line_len : (size_t)(colon - field_r->line);
	field_r->value = colon == NULL ? field_r->line + field_r->line_len : colon + 1;
	field_r->value_len = field_r->line_len - (size_t)(field_r->value - field_r->line);
	*offset = end;
	return true;
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
