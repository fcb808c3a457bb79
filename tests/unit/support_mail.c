/*
 * Mail for unit tests: what Postfix and libmilter do to a message before the library sees it.
 */
#include "support_mail.h"

#include "mail/mime.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX ((size_t)64 * 1024 * 1024)

/* The length of the line at bytes, its end included; *text_r without it. */
static size_t line_at(const char *bytes, size_t len, size_t *text_r)
{
	const char *newline = memchr(bytes, '\n', len);
	size_t line = newline == NULL ? len : (size_t)(newline - bytes) + 1;

	*text_r = newline == NULL ? line : line - 1;
	if (*text_r > 0 && newline != NULL && bytes[*text_r - 1] == '\r')
		(*text_r)--;
	return line;
}

static bool is_field(const char *line, size_t len)
{
	size_t name = 0;

	while (name < len && line[name] > ' ' && line[name] < 0x7f && line[name] != ':')
		name++;
	return name > 0 && name < len && line[name] == ':';
}

/* "Name:value", continuation lines joined by LF, becomes what the header callback gets. */
static void add_field(struct headers *headers, struct buf *field)
{
	char *colon = strchr(field->data, ':');

	if (field->len == 0 || colon == NULL)
		return;
	*colon = '\0';
	headers_add(headers, field->data, colon + 1);
	buf_reset(field);
}

static size_t read_fields(struct support_mail *mail, const char *bytes, size_t len)
{
	struct buf field;
	size_t at = 0, text, line;

	buf_init(&field, HEADERS_MAX);
	for (; at < len; at += line) {
		line = line_at(bytes + at, len - at, &text);
		if (at == 0 && text > 5 && memcmp(bytes, "From ", 5) == 0)
			continue;
		if (text > 0 && (bytes[at] == ' ' || bytes[at] == '\t') && field.len > 0) {
			buf_byte(&field, '\n');
		} else {
			add_field(&mail->headers, &field);
			if (text == 0)
				at += line;
			if (!is_field(bytes + at, text))
				break;
		}
		buf_append(&field, bytes + at, text);
	}
	add_field(&mail->headers, &field);
	buf_free(&field);
	return at < len ? at : len;
}

void support_mail_read(struct support_mail *mail, const char *bytes, size_t len)
{
	size_t at, line, text;

	headers_init(&mail->headers);
	buf_init(&mail->message, MESSAGE_MAX);
	at = read_fields(mail, bytes, len);
	headers_put_mime(&mail->headers, &mail->message);
	mail->body_start = mail->message.len;
	for (; at < len; at += line) {
		line = line_at(bytes + at, len - at, &text);
		buf_append(&mail->message, bytes + at, text);
		if (text < line)
			buf_append(&mail->message, "\r\n", 2);
	}
	if (mail->message.failed)
		abort();
}

void support_mail_free(struct support_mail *mail)
{
	headers_free(&mail->headers);
	buf_free(&mail->message);
}

char *support_crlf(const char *text)
{
	struct buf out;

	buf_init(&out, MESSAGE_MAX);
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			buf_byte(&out, '\r');
		buf_byte(&out, *text);
	}
	return buf_take(&out, NULL);
}

int support_mail_init(void **state)
{
	(void)state;
	mail_init();
	return 0;
}
