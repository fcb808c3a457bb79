/*
 * Small helpers of the Entra simulator: growing buffers, a hash table, random
 * names, digests. Running out of memory ends the program: it is a test tool.
 */
#ifndef ENTRA_UTIL_H
#define ENTRA_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data; /* always followed by a NUL that len does not count */
	size_t len, cap;
};

void *xcalloc(size_t count, size_t size);
char *xstrdup(const char *text);
char *xformat(const char *format, ...) __attribute__((format(printf, 1, 2)));

void buf_add(struct buf *buf, const void *data, size_t len);
void buf_puts(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_html(struct buf *buf, const char *text); /* escaped for text and attributes */
void buf_url(struct buf *buf, const char *text);  /* percent-encoded */
void buf_free(struct buf *buf);

/* Hash table from a string (copied) to a pointer. */
struct table;
struct table *table_new(void (*free_value)(void *)); /* NULL: values belong to somebody else */
void table_free(struct table **table);
void *table_get(const struct table *table, const char *key);
void table_put(struct table *table, const char *key,
	void *value); /* replaces and frees an old value */
void table_del(struct table *table, const char *key);
size_t table_size(const struct table *table);
void table_each(const struct table *table, void (*visit)(void *value, void *ctx), void *ctx);
void table_sweep(struct table *table, bool (*dead)(const void *value, void *ctx), void *ctx);

int64_t now_ms(void);	 /* wall clock */
int64_t steady_ms(void); /* for intervals */
char *random_text(size_t chars, const char *alphabet);
char *random_token(size_t chars); /* base64url alphabet */
void random_guid(char out[37]);
void sha256_hex(const char *text, char out[65]);
char *base64(const void *data, size_t len);
char *base64url(const void *data, size_t len);
char *lower_dup(const char *text);
bool word_in(const char *list, const char *word); /* list is separated by spaces */
char *read_whole_file(const char *path);	  /* NULL: errno says why */

#endif
