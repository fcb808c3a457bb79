/*
 * A growing byte buffer with a mandatory maximum and a sticky failure flag.
 *
 * Appending never fails by itself: what exceeds the maximum, or memory, sets `failed` and
 * leaves the contents as they were; the caller checks once at the end. The contents are
 * always followed by a NUL that does not count, so that data can be used as a string.
 *
 * Ownership: buf_init takes nothing; buf_free releases; buf_take hands the bytes over.
 */
#ifndef POSTINVITE_BASE_BUF_H
#define POSTINVITE_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data; /* never NULL between buf_init and buf_free; "" when empty */
	size_t len;
	size_t cap;
	size_t max;
	bool failed;
};

void buf_init(struct buf *buf, size_t max);
void buf_free(struct buf *buf);
void buf_reset(struct buf *buf); /* empty, not failed, memory kept */
void buf_append(struct buf *buf, const void *bytes, size_t len);
void buf_string(struct buf *buf, const char *string);
void buf_byte(struct buf *buf, char byte);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *buf, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* Removes the first len bytes (at most all). */
void buf_consume(struct buf *buf, size_t len);

/* Returns the bytes (malloc'd, NUL-terminated; free with free()) and leaves the buffer
 * empty, or NULL when it has failed. */
char *buf_take(struct buf *buf, size_t *len_r);

#endif
