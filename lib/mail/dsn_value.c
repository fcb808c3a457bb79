/*
 * What is decoded is never longer than what it was written as.
 */
#include "mail/dsn_value.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void dsn_put(char *value, size_t size, const char *text, size_t len)
{
	size_t used = strlen(value);

	for (size_t i = 0; i < len && used + 1 < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (!isspace(c))
			value[used++] = c < ' ' || c == 0x7f ? '?' : (char)c;
		else if (used > 0 && value[used - 1] != ' ')
			value[used++] = ' ';
	}
	value[used] = '\0';
}

void dsn_trim(char *value)
{
	size_t len = strlen(value);

	while (len > 0 && value[len - 1] == ' ')
		value[--len] = '\0';
}

void dsn_drop_comments(char *value)
{
	char *to = value;
	int depth = 0;
	bool quoted = false;

	for (const char *from = value; *from != '\0'; from++) {
		bool pair = *from == '\\' && from[1] != '\0' && (quoted || depth > 0);

		if (*from == '"' && depth == 0)
			quoted = !quoted;
		if (*from == '(' && !quoted)
			depth++;
		if (depth == 0 && !(to == value && *from == ' '))
			*to++ = *from;
		if (*from == ')' && depth > 0)
			depth--;
		from += pair;
		if (pair && depth == 0)
			*to++ = *from;
	}
	while (to > value && to[-1] == ' ')
		to--;
	*to = '\0';
}

const char *dsn_behind_type(const char *value)
{
	const char *end = value + strcspn(value, "; ");

	end += strspn(end, " ");
	return *end == ';' ? end + 1 + strspn(end + 1, " ") : value;
}

/* Code points in UTF-8; those that no text has are left out. */
static size_t put_utf8(unsigned long point, char *to)
{
	static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t len = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;

	if (point < 0x20 || point == 0x7f || point > 0x10ffff ||
		(point >= 0xd800 && point <= 0xdfff))
		return 0;
	for (size_t i = len; i > 1; i--, point >>= 6)
		to[i - 1] = (char)(0x80 | (point & 0x3f));
	to[0] = (char)(lead[len == 1 ? 0 : len] | point);
	return len;
}

/* "\x{E4}" (RFC 6533 section 3), in place: what such an address looks like where only ASCII can
 * pass. */
static void decode_points(char *text)
{
	char *to = text;

	while (*text != '\0') {
		char *end = NULL;
		unsigned long point =
			strncmp(text, "\\x{", 3) == 0 && isxdigit((unsigned char)text[3])
				? strtoul(text + 3, &end, 16)
				: 0;

		if (end == NULL || *end != '}') {
			*to++ = *text++;
			continue;
		}
		to += put_utf8(point, to);
		text = end + 1;
	}
	*to = '\0';
}

void dsn_address(const char *value, char *address_r)
{
	const char *start = dsn_behind_type(value);
	size_t len = strlen(start);

	if (len >= 2 && start[0] == '<' && start[len - 1] == '>') {
		start++;
		len -= 2;
	}
	memcpy(address_r, start, len);
	address_r[len] = '\0';
	if (strncasecmp(value, "utf-8", 5) == 0)
		decode_points(address_r);
}

static int hex(char digit)
{
	return digit >= '0' && digit <= '9'   ? digit - '0'
	       : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
					      : -1;
}

/* Is what it stands for as xtext that mailbox? "+2B" is a plus sign. */
static bool is_xtext_of(const char *xtext, const char *mailbox)
{
	for (; *xtext != '\0' && *mailbox != '\0'; xtext++, mailbox++) {
		int high = *xtext == '+' ? hex(xtext[1]) : -1;
		int low = high < 0 ? -1 : hex(xtext[2]);
		char c = low < 0 ? *xtext : (char)(high << 4 | low);

		if (tolower((unsigned char)c) != tolower((unsigned char)*mailbox))
			return false;
		xtext += low < 0 ? 0 : 2;
	}
	return *xtext == *mailbox;
}

bool dsn_is_address(const char *address, const char *mailbox)
{
	return *mailbox != '\0' &&
	       (strcasecmp(address, mailbox) == 0 || is_xtext_of(address, mailbox));
}
