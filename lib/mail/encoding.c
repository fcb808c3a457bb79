/*
 * Quoted-printable is written so that no host on the way has a reason to touch a line of it.
 */
#include "mail/encoding.h"

#include "base/encode.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define BASE64_LINE_BYTES (ENCODED_LINE_MAX / 4 * 3) /* of the longest line */

const struct base64_lines base64_full_lines = {ENCODED_LINE_MAX, "\r\n"};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* May the first byte stand for itself, there? Mailboxes of mbox format change a "From " at a
 * line's start. */
static bool is_literal(const char *text, size_t len, size_t column)
{
	static const char mbox[] = "From ";
	unsigned char c = (unsigned char)*text;
	bool at_line_end = len == 1 || text[1] == '\r' || text[1] == '\n';

	if (column == 0 && len >= sizeof(mbox) - 1 && memcmp(text, mbox, sizeof(mbox) - 1) == 0)
		return false;
	return (c > ' ' && c < 0x7f && c != '=') || (is_blank((char)c) && !at_line_end);
}

/* So that a line has room for width characters and a soft break. Returns true for a new line. */
static bool make_room(struct buf *out, size_t width, size_t *column)
{
	if (*column + width < ENCODED_LINE_MAX)
		return false;
	buf_append(out, "=\r\n", 3);
	*column = 0;
	return true;
}

/* The first byte. */
static void put_byte(struct buf *out, const char *text, size_t len, size_t *column)
{
	bool literal = is_literal(text, len, *column);

	/* Behind a soft break a "-" could be taken for a boundary. */
	if (make_room(out, literal ? 1 : 3, column))
		literal = *text != '-' && is_literal(text, len, 0);
	if (literal)
		buf_byte(out, *text);
	else
		buf_printf(out, "=%02X", (unsigned char)*text);
	*column += literal ? 1 : 3;
}

void quoted_printable_put(struct buf *out, const char *text, size_t len, size_t *column)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\r' && i + 1 < len && text[i + 1] == '\n') {
			buf_append(out, "\r\n", 2);
			*column = 0;
			i++;
		} else {
			put_byte(out, text + i, len - i, column);
		}
	}
}

static bool is_escape(const char *text, size_t len)
{
	return len >= 3 && text[0] == '=' && isxdigit((unsigned char)text[1]) &&
	       isxdigit((unsigned char)text[2]);
}

/* Neither a soft break that is there nor a "=C3" is taken apart. */
static void wrap_line(struct buf *out, const char *line, size_t len)
{
	size_t column = 0;

	for (size_t i = 0; i < len;) {
		if (is_escape(line + i, len - i)) {
			make_room(out, 3, &column);
			buf_append(out, line + i, 3);
			column += 3;
			i += 3;
		} else if (line[i] == '=' && i + 1 == len) {
			buf_byte(out, line[i++]);
		} else {
			put_byte(out, line + i, len - i, &column);
			i++;
		}
	}
}

/* Blanks at the end of a line are no part of the text. */
void quoted_printable_wrap(struct buf *out, const char *source, size_t len)
{
	while (len > 0) {
		const char *newline = memchr(source, '\n', len);
		size_t text = newline == NULL ? len : (size_t)(newline - source);
		size_t step = newline == NULL ? len : text + 1;

		if (newline != NULL && text > 0 && source[text - 1] == '\r')
			text--;
		while (text > 0 && is_blank(source[text - 1]))
			text--;
		wrap_line(out, source, text);
		if (newline != NULL)
			buf_append(out, "\r\n", 2);
		source += step;
		len -= step;
	}
}

void base64_put(
	struct buf *out, const char *bytes, size_t len, const struct base64_lines *lines)
{
	size_t bytes_of_line = lines->width / 4 * 3;

	for (size_t i = 0; i < len; i += bytes_of_line) {
		char line[BASE64_SIZE(BASE64_LINE_BYTES)];
		size_t now = len - i < bytes_of_line ? len - i : bytes_of_line;

		if (i > 0)
			buf_string(out, lines->end);
		base64_encode(bytes + i, now, line);
		buf_string(out, line);
	}
}
