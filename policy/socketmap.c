/*
 * A length has no sign, no leading zero but in "0", and no more digits than the greatest that
 * is taken: what comes is a request within SOCKETMAP_REQUEST_MAX bytes or not at all.
 */
#include "socketmap.h"

#include <ctype.h>

#define DIGITS_MAX 4

/* Reads "LENGTH:". Returns its size, 0 when more is needed, -1 when it is none. */
static ssize_t get_length(const char *bytes, size_t len, size_t *length_r, struct error *error)
{
	size_t n = 0;

	*length_r = 0;
	while (n < len && n < DIGITS_MAX && isdigit((unsigned char)bytes[n]))
		*length_r = *length_r * 10 + (size_t)(bytes[n++] - '0');
	if (n == len && (n < 2 || bytes[0] != '0'))
		return 0;
	if (n == 0 || (n > 1 && bytes[0] == '0') || (n < len && bytes[n] != ':'))
		return error_set(error, ERROR_PERMANENT,
			"it is no netstring, or one longer than %d bytes",
			SOCKETMAP_REQUEST_MAX);
	if (*length_r > SOCKETMAP_REQUEST_MAX)
		return error_set(error, ERROR_PERMANENT, "it is longer than %d bytes",
			SOCKETMAP_REQUEST_MAX);
	return (ssize_t)n + 1;
}

ssize_t socketmap_get(
	const char *bytes, size_t len, struct look_up *request_r, struct error *error)
{
	size_t length;
	ssize_t head = get_length(bytes, len, &length, error);
	const char *text = bytes + head, *blank;

	if (head <= 0)
		return head;
	if (len - (size_t)head < length + 1)
		return 0;
	if (text[length] != ',')
		return error_set(error, ERROR_PERMANENT,
			"it is no netstring: there is no comma at its end");
	blank = memchr(text, ' ', length);
	if (blank == NULL)
		return error_set(
			error, ERROR_PERMANENT, "it is not a map's name, a blank and a key");
	*request_r = (struct look_up){
		.map = {text, (size_t)(blank - text)},
		.key = {blank + 1, length - (size_t)(blank - text) - 1},
	};
	return head + (ssize_t)length + 1;
}

void socketmap_put(enum socketmap_reply reply, const char *text, struct buf *out)
{
	static const char *const words[] = {
		[SOCKETMAP_OK] = "OK ",
		[SOCKETMAP_NOT_FOUND] = "NOTFOUND ",
		[SOCKETMAP_TEMPORARY] = "TEMP ",
		[SOCKETMAP_PERMANENT] = "PERM ",
	};
	size_t word_len = strlen(words[reply]), len = strlen(text);

	if (len > SOCKETMAP_REPLY_MAX - word_len)
		len = SOCKETMAP_REPLY_MAX - word_len;
	buf_printf(out, "%zu:%s%.*s,", word_len + len, words[reply], (int)len, text);
}
