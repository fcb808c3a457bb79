/*
 * One encoder and one decoder for the three alphabets: bits go in at one side of a small
 * accumulator and out at the other.
 */
#include "base/encode.h"

#include <stdint.h>
#include <string.h>

static const char base64_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char base32_alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

static size_t encode(const void *bytes, size_t len, const char *alphabet, char *text_r)
{
	const unsigned char *in = bytes;
	unsigned bits = strlen(alphabet) == 64 ? 6 : 5;
	uint32_t held = 0;
	unsigned have = 0;
	size_t out = 0;

	for (size_t i = 0; i < len; i++) {
		held = held << 8 | in[i];
		for (have += 8; have >= bits; have -= bits)
			text_r[out++] = alphabet[held >> (have - bits) & ((1u << bits) - 1)];
	}
	if (have > 0)
		text_r[out++] = alphabet[held << (bits - have) & ((1u << bits) - 1)];
	text_r[out] = '\0';
	return out;
}

static int decode(
	const char *text, size_t text_len, const char *alphabet, void *bytes_r, size_t size)
{
	unsigned char *bytes = bytes_r;
	unsigned bits = strlen(alphabet) == 64 ? 6 : 5;
	uint32_t held = 0;
	unsigned have = 0;
	size_t out = 0;

	for (size_t i = 0; i < text_len; i++) {
		const char *found = memchr(alphabet, text[i], (size_t)1 << bits);

		if (found == NULL)
			return -1;
		held = held << bits | (uint32_t)(found - alphabet);
		have += bits;
		if (have < 8)
			continue;
		have -= 8;
		if (out == size)
			return -1;
		bytes[out++] = (unsigned char)(held >> have);
	}
	/* What is left over must be less than a character's bits, and zero. */
	if (have >= bits || (held & ((1u << have) - 1)) != 0)
		return -1;
	return (int)out;
}

void base64_encode(const void *bytes, size_t len, char *text_r)
{
	size_t out = encode(bytes, len, base64_alphabet, text_r);

	while (out % 4 != 0)
		text_r[out++] = '=';
	text_r[out] = '\0';
}

void base64url_encode(const void *bytes, size_t len, char *text_r)
{
	encode(bytes, len, base64url_alphabet, text_r);
}

void base32_encode(const void *bytes, size_t len, char *text_r)
{
	encode(bytes, len, base32_alphabet, text_r);
}

int base64_decode(const char *text, size_t text_len, void *bytes_r, size_t size)
{
	if (text_len % 4 != 0)
		return -1;
	for (int padding = 0; padding < 2 && text_len > 0 && text[text_len - 1] == '=';
		padding++)
		text_len--;
	return decode(text, text_len, base64_alphabet, bytes_r, size);
}

int base64url_decode(const char *text, size_t text_len, void *bytes_r, size_t size)
{
	return decode(text, text_len, base64url_alphabet, bytes_r, size);
}

int base32_decode(const char *text, size_t text_len, void *bytes_r, size_t size)
{
	return decode(text, text_len, base32_alphabet, bytes_r, size);
}
