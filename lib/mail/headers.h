/*
 * The header fields of one message as the milter protocol hands them over, kept as they stood
 * on the wire: DKIM needs every byte, the look-ups below need a few of them.
 *
 * A set of headers belongs to one thread at a time. What headers_value returns is the caller's.
 */
#ifndef POSTINVITE_MAIL_HEADERS_H
#define POSTINVITE_MAIL_HEADERS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/* With any milter active Postfix cuts headers at 60,000 bytes each; all together stay below
 * this. */
#define HEADERS_MAX (1024 * 1024)

struct headers {
	/* "Name:value CRLF" ..., folded as received; .failed when there were too many */
	struct buf raw;
};

struct header_field {
	const char *line; /* the whole field without its last CRLF; points into the bytes */
	size_t line_len;
	/* without the white space that may stand before the colon (RFC 5322 section 4.5) */
	size_t name_len;
	const char *value; /* behind the colon, leading space included */
	size_t value_len;
};

void headers_init(struct headers *headers);
void headers_free(struct headers *headers);

/* Adds a field as libmilter gives it with SMFIP_HDR_LEADSPC: leading space kept, lines of a folded
 * value joined by LF. */
void headers_add(struct headers *headers, const char *name, const char *value);

/* The next field; *offset starts at 0. Returns false behind the last. */
bool headers_next(const struct headers *headers, size_t *offset, struct header_field *field_r);

/* The same for any bytes that are header fields, with LF or CRLF; the fields of a part, say. */
bool field_next(const char *bytes, size_t len, size_t *offset, struct header_field *field_r);

/* Has the field that name (caseless)? */
bool header_named(const struct header_field *field, const char *name);

size_t headers_count(const struct headers *headers, const char *name);

/* The first field's value, unfolded and trimmed, free with free(); NULL when there is none or
 * no memory. */
char *headers_value(const struct headers *headers, const char *name);

/* Unfolded and trimmed copy of one field's value; NULL without memory. */
char *header_value(const struct header_field *field);

/* Appends the fields that say how the body is built (MIME-Version, Content-*), then the empty
 * line. */
void headers_put_mime(const struct headers *headers, struct buf *out);

#endif
