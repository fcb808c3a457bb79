/*
 * printf(3) cannot be told what a value is, so that the few conversions that log lines need are
 * made here. What the format says about a conversion's place is all that decides how it is
 * written: no caller can forget it.
 */
#include "base/log_text.h"

#include "base/utf8.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define VALUE_MAX 512
#define UNIT_SIZE 8
#define CUT	  "..."

enum place { PLACE_TEXT, PLACE_VALUE, PLACE_QUOTES };

struct line {
	char *text;
	size_t len, size;
	bool full;
	va_list args;
};

static void put(struct line *line, const char *bytes, size_t len)
{
	line->full = line->full || len >= line->size - line->len;
	if (line->full)
		return;
	memcpy(line->text + line->len, bytes, len);
	line->len += len;
	line->text[line->len] = '\0';
}

static void put_text(struct line *line, const char *text, size_t len)
{
	for (; len > 0; text++, len--)
		put(line, (unsigned char)*text < ' ' || *text == 0x7f ? " " : text, 1);
}

/* One character as it stands in quotes. Returns how many bytes of the text it is. */
static size_t quoted_unit(const char *text, char unit_r[UNIT_SIZE])
{
	unsigned char c = (unsigned char)*text;
	size_t len = utf8_length((const unsigned char *)text);
	bool c1_control = c == 0xc2 && (unsigned char)text[1] < 0xa0;

	if (len > 1 && !c1_control) {
		memcpy(unit_r, text, len);
		unit_r[len] = '\0';
		return len;
	}
	if (c < ' ' || c >= 0x7f)
		snprintf(unit_r, UNIT_SIZE, "\\x%02x", c);
	else
		snprintf(unit_r, UNIT_SIZE, "%s%c", strchr("\"\\=", c) != NULL ? "\\" : "", c);
	return 1;
}

static void put_quoted(struct line *line, const char *text)
{
	char unit[UNIT_SIZE];
	size_t written = 0;

	while (*text != '\0') {
		text += quoted_unit(text, unit);
		written += strlen(unit);
		if (written > VALUE_MAX) {
			put(line, CUT, strlen(CUT));
			return;
		}
		put(line, unit, strlen(unit));
	}
}

static bool is_word(const char *text)
{
	size_t len = 0;

	while (text[len] > ' ' && text[len] < 0x7f && strchr("\"\\=", text[len]) == NULL)
		len++;
	return text[len] == '\0' && len <= VALUE_MAX;
}

static void put_value(struct line *line, const char *text, enum place place)
{
	bool quotes = place == PLACE_VALUE && !is_word(text);

	if (quotes)
		put(line, "\"", 1);
	put_quoted(line, text);
	if (quotes)
		put(line, "\"", 1);
}

static void put_string(struct line *line, enum place place, int precision)
{
	const char *text = va_arg(line->args, const char *);
	char copy[VALUE_MAX + 2];

	if (text == NULL)
		text = "(null)";
	if (place == PLACE_TEXT) {
		put_text(line, text, strnlen(text, (size_t)precision));
		return;
	}
	if (precision != INT_MAX) {
		if ((size_t)precision >= sizeof(copy))
			precision = sizeof(copy) - 1;
		precision = (int)strnlen(text, (size_t)precision);
		memcpy(copy, text, (size_t)precision);
		copy[precision] = '\0';
		text = copy;
	}
	put_value(line, text, place);
}

static void put_signed(struct line *line, long long number)
{
	char digits[24];

	put(line, digits, (size_t)snprintf(digits, sizeof(digits), "%lld", number));
}

static void put_unsigned(struct line *line, unsigned long long number)
{
	char digits[24];

	put(line, digits, (size_t)snprintf(digits, sizeof(digits), "%llu", number));
}

/* Does the format go on with that? Moves behind it. */
static bool skip(const char **format, const char *what)
{
	if (strncmp(*format, what, strlen(what)) != 0)
		return false;
	*format += strlen(what);
	return true;
}

/* What follows a '%'. Returns what is behind it; NULL: it is not known. */
static const char *convert(struct line *line, const char *format, enum place place)
{
	if (skip(&format, "%"))
		put(line, "%", 1);
	else if (skip(&format, "s"))
		put_string(line, place, INT_MAX);
	else if (skip(&format, ".*s"))
		put_string(line, place, va_arg(line->args, int));
	else if (skip(&format, "d"))
		put_signed(line, va_arg(line->args, int));
	else if (skip(&format, "ld"))
		put_signed(line, va_arg(line->args, long));
	else if (skip(&format, "lld"))
		put_signed(line, va_arg(line->args, long long));
	else if (skip(&format, "u"))
		put_unsigned(line, va_arg(line->args, unsigned));
	else if (skip(&format, "lu"))
		put_unsigned(line, va_arg(line->args, unsigned long));
	else if (skip(&format, "zu"))
		put_unsigned(line, va_arg(line->args, size_t));
	else if (skip(&format, "llu"))
		put_unsigned(line, va_arg(line->args, unsigned long long));
	else
		return NULL;
	return format;
}

void log_text(char *text_r, size_t size, const char *format, va_list args)
{
	struct line line = {.text = text_r, .size = size};
	enum place place = PLACE_TEXT;
	const char *next;

	*text_r = '\0';
	va_copy(line.args, args);
	for (; *format != '\0'; format = next) {
		next = format + 1;
		if (*format == '%') {
			next = convert(&line, next, place);
			if (next == NULL)
				break;
		} else {
			put_text(&line, format, 1);
		}
		if (*format == '"')
			place = place == PLACE_QUOTES ? PLACE_TEXT : PLACE_QUOTES;
		else if (place != PLACE_QUOTES)
			place = *format == '=' ? PLACE_VALUE : PLACE_TEXT;
	}
	put_text(&line, format, strlen(format));
	va_end(line.args);
}
