/*
 * Bytes of a request where they lie: not the holder's, without a NUL behind them.
 */
#ifndef POSTINVITE_POLICY_TEXT_H
#define POSTINVITE_POLICY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct text {
	const char *data;
	size_t len;
};

static inline bool text_is(struct text text, const char *string)
{
	return text.len == strlen(string) && memcmp(text.data, string, text.len) == 0;
}

/* A copy with its NUL. Returns false, and an empty copy, when it does not fit or holds a NUL
 * itself. */
static inline bool text_copy(struct text text, char *copy_r, size_t size)
{
	bool fits = text.len < size && memchr(text.data, '\0', text.len) == NULL;

	if (fits)
		memcpy(copy_r, text.data, text.len);
	copy_r[fits ? text.len : 0] = '\0';
	return fits;
}

#endif
