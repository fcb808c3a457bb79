/*
 * What has to change is noted as patches of the bytes, so that most mail costs one look at it
 * and no copy.
 */
#include "mail/seven_bit.h"

#include "mail/decode.h"
#include "mail/encoding.h"
#include "mail/headers.h"
#include "mail/mime.h"
#include "mail/patch.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct conversion {
	const struct buf *entity;
	struct mime *mime;
	struct patches patches;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The length of the line that starts there, its line end (LF, with or without CR) not counted. */
static size_t line_len(const char *line, size_t left)
{
	const char *newline = memchr(line, '\n', left);
	size_t len = newline == NULL ? left : (size_t)(newline - line);

	return newline != NULL && len > 0 && line[len - 1] == '\r' ? len - 1 : len;
}

/* A line without its line end. */
struct line {
	size_t start, end;
};

/* The first too long one behind the end of *line, into *line. */
static bool next_long_line(const char *bytes, size_t len, struct line *line)
{
	for (size_t at = line->end; at < len;) {
		size_t length = line_len(bytes + at, len - at);
		const char *newline = memchr(bytes + at + length, '\n', len - at - length);

		if (length > MAIL_LINE_MAX) {
			*line = (struct line){at, at + length};
			return true;
		}
		at = newline == NULL ? len : (size_t)(newline - bytes) + 1;
	}
	return false;
}

static bool has_long_line(const char *bytes, size_t len)
{
	return next_long_line(bytes, len, &(struct line){0});
}

/* Some strip blanks at a line's end, or put a ">" before "From ". */
static bool hosts_change_line(const char *line, size_t len)
{
	return (len > 0 && is_blank(line[len - 1])) ||
	       (len >= 5 && memcmp(line, "From ", 5) == 0);
}

static bool hosts_change_any_line(const char *bytes, size_t len)
{
	while (len > 0) {
		size_t line = line_len(bytes, len);
		const char *newline = memchr(bytes + line, '\n', len - line);
		size_t step = newline == NULL ? len : (size_t)(newline - bytes) + 1;

		if (hosts_change_line(bytes, line))
			return true;
		bytes += step;
		len -= step;
	}
	return false;
}

/* ASCII without NUL, CR and LF only together? */
static bool is_ascii_in_crlf_lines(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool cr = bytes[i] == '\r', lf = bytes[i] == '\n';

		if ((unsigned char)bytes[i] >= 0x80 || bytes[i] == '\0' ||
			(cr && (i + 1 == len || bytes[i + 1] != '\n')) ||
			(lf && (i == 0 || bytes[i - 1] != '\r')))
			return false;
	}
	return true;
}

/* The value of an encoding field that says nothing of the content's form but that it may have
 * any. */
static bool says_any(const struct header_field *field)
{
	char *value = header_value(field);
	bool any = value != NULL &&
		   (strcasecmp(value, "8bit") == 0 || strcasecmp(value, "binary") == 0);

	free(value);
	return any;
}

/* Of a header's encoding fields those that say 8bit or binary say 7bit instead; all: whatever
 * they say goes. Returns 0 or -1. */
static int relabel(struct conversion *conversion, const struct mime_header *header, bool all)
{
	static const char seven[] = ENCODING_FIELD ": 7bit\r\n";
	const char *bytes = conversion->entity->data + header->start;
	struct header_field field;
	size_t at = 0, start = 0;

	for (; field_next(bytes, header->end - header->start, &at, &field); start = at) {
		char *label = NULL;

		if (!header_named(&field, ENCODING_FIELD) || (!all && !says_any(&field)))
			continue;
		if (!all && (label = strdup(seven)) == NULL)
			return -1;
		if (patches_add(&conversion->patches, header->start + start, header->start + at,
			    label, label == NULL ? 0 : strlen(label)) < 0)
			return -1;
	}
	return 0;
}

/* The line end before a boundary is the boundary's, also where GMime takes half of it for the
 * part. */
static size_t content_end(const struct buf *entity, const struct mime_part *part)
{
	bool halved = part->end > part->start && part->end < entity->len &&
		      entity->data[part->end - 1] == '\r' && entity->data[part->end] == '\n';

	return halved ? part->end - 1 : part->end;
}

static void make_quoted_printable(const char *bytes, size_t len, struct buf *out)
{
	size_t column = 0;

	quoted_printable_put(out, bytes, len, &column);
}

static void make_base64(const char *bytes, size_t len, struct buf *out)
{
	base64_put(out, bytes, len, &base64_full_lines);
}

static int remake(
	struct conversion *conversion, const struct mime_part *part, patch_make_fn *make)
{
	return patches_add_made(
		&conversion->patches, part->start, content_end(conversion->entity, part), make);
}

static int encode_part(struct conversion *conversion, const struct mime_part *part)
{
	bool text = part->kind == PART_PLAIN || part->kind == PART_HTML;
	size_t end_of_header = mime_empty_line(conversion->entity->data, part->start);
	char *field = strdup(
		text ? ENCODING_FIELD ": quoted-printable\r\n" : ENCODING_FIELD ": base64\r\n");

	if (field == NULL || patches_add(&conversion->patches, end_of_header, end_of_header,
				     field, strlen(field)) < 0)
		return -1;
	return remake(conversion, part, text ? make_quoted_printable : make_base64);
}

static void wrap_base64(const char *bytes, size_t len, struct buf *out)
{
	size_t column = 0;

	for (size_t i = 0; i < len; i++) {
		if (isspace((unsigned char)bytes[i]))
			continue;
		if (column == ENCODED_LINE_MAX) {
			buf_append(out, "\r\n", 2);
			column = 0;
		}
		buf_byte(out, bytes[i]);
		column++;
	}
}

static void wrap_quoted_printable(const char *bytes, size_t len, struct buf *out)
{
	quoted_printable_wrap(out, bytes, len);
}

/* The same content in lines that stay. */
static int wrap_part(struct conversion *conversion, const struct mime_part *part)
{
	return remake(conversion, part,
		part->encoding == ENCODING_BASE64 ? wrap_base64 : wrap_quoted_printable);
}

/* Is it known what its content says? */
static bool is_readable(const struct buf *entity, const struct mime_part *part)
{
	if (part->encoding == ENCODING_BASE64)
		return base64_is_clean(
			entity->data + part->start, content_end(entity, part) - part->start);
	return part->encoding != ENCODING_UNKNOWN;
}

static bool travels_unchanged(const struct buf *entity, const struct mime_part *part)
{
	const char *bytes = entity->data + part->start;
	size_t len = content_end(entity, part) - part->start;

	return is_ascii_in_crlf_lines(bytes, len) && !has_long_line(bytes, len) &&
	       !hosts_change_any_line(bytes, len);
}

static bool is_to_be_encoded(const struct buf *entity, const struct mime_part *part)
{
	return part->encoding == ENCODING_IDENTITY && !travels_unchanged(entity, part);
}

static bool is_to_be_wrapped(const struct buf *entity, const struct mime_part *part)
{
	return part->encoding != ENCODING_IDENTITY && !travels_unchanged(entity, part) &&
	       is_readable(entity, part);
}

/* The part whose header that is, NULL for what parts stand in. */
static const struct mime_part *part_of(
	const struct conversion *conversion, int header, size_t *from)
{
	const struct mime_part *part;

	while ((part = mime_part(conversion->mime, *from)) != NULL && part->header < header)
		++*from;
	return part != NULL && part->header == header ? part : NULL;
}

static int convert(struct conversion *conversion)
{
	const struct mime_header *header;
	size_t from = 0;

	for (int n = 0; (header = mime_header(conversion->mime, n)) != NULL; n++) {
		const struct mime_part *part = part_of(conversion, n, &from);
		bool encoded = part != NULL && is_to_be_encoded(conversion->entity, part);

		if (relabel(conversion, header, encoded) < 0 ||
			(encoded && encode_part(conversion, part) < 0))
			return -1;
		if (part != NULL && is_to_be_wrapped(conversion->entity, part) &&
			wrap_part(conversion, part) < 0)
			return -1;
	}
	return 0;
}

static int apply(struct conversion *conversion, struct buf *entity)
{
	struct buf changed;

	if (conversion->patches.count == 0)
		return 0;
	buf_init(&changed, entity->max);
	patches_apply(&conversion->patches, entity->data, 0, entity->len, &changed);
	buf_free(entity);
	*entity = changed;
	return changed.failed ? -1 : 0;
}

static int refuse(struct error *error)
{
	return error_set(error, ERROR_PERMANENT,
		"it has a line above %d bytes outside of its parts' contents, or in one whose "
		"encoding is unknown or broken, and cannot be signed",
		MAIL_LINE_MAX);
}

/* Does each long line stand in a content that is encoded or wrapped? */
static bool all_can_be_mended(const struct buf *entity, const struct mime *mime)
{
	const struct mime_part *part;
	struct line line = {0};
	size_t n = 0;

	while (next_long_line(entity->data, entity->len, &line)) {
		while ((part = mime_part(mime, n)) != NULL && part->end < line.end)
			n++;
		if (part == NULL || part->start > line.start || !is_readable(entity, part))
			return false;
		line.end = part->end; /* its other ones are mended with it */
	}
	return true;
}

int seven_bit_possible(const struct buf *entity, struct error *error)
{
	struct mime *mime;
	bool possible;

	if (!has_long_line(entity->data, entity->len))
		return 0;
	mime = mime_parse_whole(entity->data, entity->len, 0, error);
	if (mime == NULL)
		return -1;
	possible = all_can_be_mended(entity, mime);
	mime_free(&mime);
	return possible ? 0 : refuse(error);
}

int seven_bit(struct buf *entity, struct error *error)
{
	struct conversion conversion = {.entity = entity};
	int result;

	conversion.mime = mime_parse_whole(entity->data, entity->len, 0, error);
	if (conversion.mime == NULL)
		return -1;
	result = convert(&conversion);
	if (result == 0)
		result = apply(&conversion, entity);
	patches_free(&conversion.patches);
	mime_free(&conversion.mime);
	if (result < 0)
		return error_memory(error);
	return has_long_line(entity->data, entity->len) ? refuse(error) : 0;
}
