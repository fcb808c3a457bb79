/*
 * Keys of the trees: numbers in big endian, texts in lower case where case does not count.
 */
#include "store/engine_internal.h"

#include <string.h>

struct kv_bytes kv_text(const char *text)
{
	return (struct kv_bytes){text, strlen(text)};
}

struct kv_bytes kv_buf(const struct buf *buf)
{
	return (struct kv_bytes){buf->data, buf->len};
}

void key_number(struct buf *key, uint64_t number)
{
	unsigned char bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(number >> (56 - 8 * i));
	buf_append(key, bytes, sizeof(bytes));
}

uint64_t read_number(const void *bytes)
{
	const unsigned char *p = bytes;
	uint64_t number = 0;

	for (int i = 0; i < 8; i++)
		number = number << 8 | p[i];
	return number;
}

void key_lower(struct buf *key, const char *text)
{
	for (; *text != '\0'; text++)
		buf_byte(key, *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text);
}

bool text_valid(const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	if (len == 0 || len > TEXT_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	return true;
}
