/*
 * Growing buffers. Memory doubles up to the maximum; one byte more than cap is always
 * there for the closing NUL. An empty buffer owns no memory: data points to a constant that nobody
 * writes to, which is why buf_free looks at cap.
 */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char nothing[1];

void buf_init(struct buf *buf, size_t max)
{
	*buf = (struct buf){.data = nothing, .max = max};
}

void buf_free(struct buf *buf)
{
	if (buf->cap > 0)
		free(buf->data);
	buf_init(buf, buf->max);
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->cap > 0)
		buf->data[0] = '\0';
}

/* Makes room for len more bytes; sets failed when there is none. */
static bool reserve(struct buf *buf, size_t len)
{
	size_t cap = buf->cap > 0 ? buf->cap : 64;
	char *data;

	if (buf->failed || len > buf->max || buf->len > buf->max - len) {
		buf->failed = true;
		return false;
	}
	if (buf->cap - buf->len >= len && buf->cap > 0)
		return true;
	while (cap < buf->len + len)
		cap = cap > buf->max / 2 ? buf->max : cap * 2;
	data = realloc(buf->cap > 0 ? buf->data : NULL, cap + 1);
	if (data == NULL) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->cap = cap;
	return true;
}

void buf_append(struct buf *buf, const void *bytes, size_t len)
{
	if (len == 0 || !reserve(buf, len))
		return;
	memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_string(struct buf *buf, const char *string)
{
	buf_append(buf, string, strlen(string));
}

void buf_byte(struct buf *buf, char byte)
{
	buf_append(buf, &byte, 1);
}

void buf_vprintf(struct buf *buf, const char *format, va_list args)
{
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0) {
		buf->failed = true;
		return;
	}
	if (len == 0 || !reserve(buf, (size_t)len))
		return;
	vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
	buf->len += (size_t)len;
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(buf, format, args);
	va_end(args);
}

void buf_consume(struct buf *buf, size_t len)
{
	if (len > buf->len)
		len = buf->len;
	if (len == 0)
		return;
	memmove(buf->data, buf->data + len, buf->len - len);
	buf->len -= len;
	buf->data[buf->len] = '\0';
}

char *buf_take(struct buf *buf, size_t *len_r)
{
	char *bytes = NULL;

	if (!buf->failed)
		bytes = buf->cap > 0 ? buf->data : calloc(1, 1);
	if (bytes == NULL) {
		buf_free(buf);
		return NULL;
	}
	if (len_r != NULL)
		*len_r = buf->len;
	buf_init(buf, buf->max);
	return bytes;
}
