/*
 * Fuzz input as mail: what the targets of lib/mail share.
 */
#ifndef POSTINVITE_FUZZ_MAIL_INPUT_H
#define POSTINVITE_FUZZ_MAIL_INPUT_H

#include "mail/headers.h"
#include "mail/mime.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Is it a name as Postfix hands one over? */
static inline bool input_name(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] >= 0x7f)
			return false;
	return len > 0;
}

/* Fields "name:value" with a form feed between them; a value may have several lines. To be
 * freed. */
static inline void input_headers(const uint8_t *data, size_t size, struct headers *headers_r)
{
	char *text = strndup((const char *)data, size), *rest = text, *name;

	headers_init(headers_r);
	while ((name = strsep(&rest, "\f")) != NULL) {
		char *value = strchr(name, ':');

		if (value != NULL)
			*value++ = '\0';
		if (input_name(name, strlen(name)))
			headers_add(headers_r, name, value == NULL ? "" : value);
	}
	free(text);
}

/* Each LF with a CR before it. */
static inline void input_lines(const char *bytes, size_t len, struct buf *out)
{
	for (size_t at = 0; at < len;) {
		const char *newline = memchr(bytes + at, '\n', len - at);
		size_t end = newline == NULL ? len : (size_t)(newline - bytes);

		buf_append(out, bytes + at, end - at);
		if (newline != NULL)
			buf_string(out, &"\r\n"[end > at && newline[-1] == '\r']);
		at = end + 1;
	}
}

/* A message as the milter has it, to be freed: its header; and in lines that end in CRLF its
 * MIME fields, an empty line, and the body, which begins at what is returned. */
static inline size_t input_message(
	const uint8_t *data, size_t size, struct headers *headers, struct buf *out)
{
	const char *bytes = (const char *)data, *empty = memmem(bytes, size, "\r\n\r\n", 4);
	size_t head = empty == NULL ? 0 : (size_t)(empty - bytes) + 2, at = 0, body_start;
	struct header_field field;

	headers_init(headers);
	while (field_next(bytes, head, &at, &field)) {
		char *line = strndup(field.line, field.line_len);

		if (field.name_len < field.line_len && input_name(line, field.name_len) &&
			strlen(line) == field.line_len) {
			line[field.name_len] = '\0';
			headers_add(headers, line, line + (field.value - field.line));
		}
		free(line);
	}
	buf_init(out, 2 * size + 2);
	headers_put_mime(headers, out);
	body_start = out->len;
	if (empty != NULL)
		input_lines(empty + 4, size - (size_t)(empty + 4 - bytes), out);
	return body_start;
}

#endif
