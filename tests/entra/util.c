#include "util.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static void *must(void *memory)
{
	if (!memory) {
		fputs("entra: out of memory\n", stderr);
		abort();
	}
	return memory;
}

void *xcalloc(size_t count, size_t size)
{
	return must(calloc(count, size));
}

char *xstrdup(const char *text)
{
	return must(strdup(text ? text : ""));
}

char *xformat(const char *format, ...)
{
	va_list args;
	char *out = NULL;

	va_start(args, format);
	if (vasprintf(&out, format, args) < 0)
		out = NULL;
	va_end(args);
	return must(out);
}

static void buf_room(struct buf *buf, size_t more)
{
	size_t need = buf->len + more + 1;

	if (need <= buf->cap)
		return;
	buf->cap = need < 256 ? 256 : need * 2;
	buf->data = must(realloc(buf->data, buf->cap));
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
	buf_room(buf, len);
	if (len)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args;
	char *out = NULL;
	int len;

	va_start(args, format);
	len = vasprintf(&out, format, args);
	va_end(args);
	must(len < 0 ? NULL : out);
	buf_add(buf, out, (size_t)len);
	free(out);
}

void buf_html(struct buf *buf, const char *text)
{
	for (; text && *text; text++) {
		switch (*text) {
		case '&':
			buf_puts(buf, "&amp;");
			break;
		case '<':
			buf_puts(buf, "&lt;");
			break;
		case '>':
			buf_puts(buf, "&gt;");
			break;
		case '"':
			buf_puts(buf, "&quot;");
			break;
		case '\'':
			buf_puts(buf, "&#39;");
			break;
		default:
			buf_add(buf, text, 1);
		}
	}
}

void buf_url(struct buf *buf, const char *text)
{
	for (; text && *text; text++) {
		if (isalnum((unsigned char)*text) || strchr("-._~", *text))
			buf_add(buf, text, 1);
		else
			buf_printf(buf, "%%%02X", (unsigned char)*text);
	}
}

void buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){0};
}

int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

int64_t steady_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

char *random_text(size_t chars, const char *alphabet)
{
	size_t letters = strlen(alphabet);
	unsigned char *out = xcalloc(1, chars + 1);

	if (RAND_bytes(out, (int)chars) != 1)
		abort();
	for (size_t i = 0; i < chars; i++)
		out[i] = (unsigned char)alphabet[out[i] % letters];
	return (char *)out;
}

char *random_token(size_t chars)
{
	return random_text(
		chars, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}

void random_guid(char out[37])
{
	unsigned char b[16];

	if (RAND_bytes(b, sizeof b) != 1)
		abort();
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	snprintf(out, 37,
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
		b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
		b[13], b[14], b[15]);
}

void sha256_hex(const char *text, char out[65])
{
	unsigned char digest[32];

	if (!EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL))
		abort();
	for (int i = 0; i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

char *base64(const void *data, size_t len)
{
	char *out = xcalloc(1, (len + 2) / 3 * 4 + 1);

	EVP_EncodeBlock((unsigned char *)out, data, (int)len);
	return out;
}

char *base64url(const void *data, size_t len)
{
	char *out = base64(data, len);

	for (char *p = out; *p; p++) {
		if (*p == '+')
			*p = '-';
		else if (*p == '/')
			*p = '_';
		else if (*p == '=')
			*p = '\0';
	}
	return out;
}

char *lower_dup(const char *text)
{
	char *out = xstrdup(text);

	for (char *p = out; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return out;
}

bool word_in(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; p && *p;) {
		size_t span = strcspn(p, " ");

		if (span == len && !strncasecmp(p, word, len))
			return true;
		p += span;
		p += strspn(p, " ");
	}
	return false;
}

char *read_whole_file(const char *path)
{
	struct buf buf = {0};
	char part[4096];
	size_t got;
	FILE *file = fopen(path, "re");

	if (!file)
		return NULL;
	while ((got = fread(part, 1, sizeof part, file)) > 0)
		buf_add(&buf, part, got);
	fclose(file);
	buf_add(&buf, "", 0);
	return buf.data;
}
