/*
 * Eight bytes are looked at as one number. What is said of them may be wrong in one direction:
 * then they are looked at one by one.
 */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Whether a byte of the eight may be a control character. The second term finds a zero byte,
 * which 0x7f becomes. */
static bool may_have_control(uint64_t eight)
{
	uint64_t del = eight ^ EACH(0x7f);

	return (((eight - EACH(0x20)) & ~eight) | ((del - EACH(0x01)) & ~del)) & EACH(0x80);
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

const char *utf8_control(const char *text, size_t len, const char *allowed)
{
	for (size_t i = 0; i < len; i++) {
		uint64_t eight;

		while (len - i >= sizeof(eight)) {
			memcpy(&eight, text + i, sizeof(eight));
			if (may_have_control(eight))
				break;
			i += sizeof(eight);
		}
		for (size_t end = len - i < sizeof(eight) ? len : i + sizeof(eight); i < end;
			i++)
			if (is_control(text[i]) &&
				(text[i] == '\0' || strchr(allowed, text[i]) == NULL))
				return text + i;
		i--;
	}
	return NULL;
}

size_t utf8_length(const unsigned char *p)
{
	size_t more = p[0] < 0x80 ? 0 : p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : 3;

	if ((p[0] >= 0x80 && p[0] < 0xc2) || p[0] > 0xf4 || (p[0] == 0xe0 && p[1] < 0xa0) ||
		(p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
		(p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	for (size_t i = 1; i <= more; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return more + 1;
}

bool utf8_valid(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + len;

	while (p < end) {
		uint64_t eight;
		size_t sequence;

		if (end - p >= (ptrdiff_t)sizeof(eight)) {
			memcpy(&eight, p, sizeof(eight));
			if ((eight & EACH(0x80)) == 0) {
				p += sizeof(eight);
				continue;
			}
		}
		sequence = utf8_length(p);
		if (sequence == 0)
			return false;
		p += sequence;
	}
	return true;
}

size_t utf8_control_length(const char *text)
{
	unsigned char first = (unsigned char)text[0];

	if (is_control(*text))
		return 1;
	return first == 0xc2 && (unsigned char)text[1] >= 0x80 && (unsigned char)text[1] < 0xa0
		       ? 2
		       : 0;
}
