/*
 * Most text is ASCII: eight bytes of that are one comparison.
 */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

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
			if ((eight & UINT64_C(0x8080808080808080)) == 0) {
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
