/*
 * The message is parsed from memory with a persistent stream: each part's content stream then
 * carries the offsets of its encoded bytes, which is all that is kept. GMime's objects live
 * only inside mime_parse. Attached messages (message/rfc822) are closed boxes: what is quoted
 * in them is not addressed to anybody here.
 *
 * The header given is the MIME fields alone (headers_put_mime), so that an odd field elsewhere
 * in the message cannot move the border between header and body; a part that claims bytes
 * before body_start is dropped all the same.
 */
#include "mail/mime_internal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX  50
#define FIELDS_MAX 10000

void mail_init(void)
{
	g_mime_init();
}

struct mime {
	const char *bytes;
	size_t len;
	size_t body_start;
	struct mime_part *parts;
	size_t count, room;
	struct mime_header *headers; /* of parts and of what they stand in */
	size_t header_count, header_room;
	bool whole;  /* attached messages, too */
	bool failed; /* out of memory */
	const char *protection;
};

/* Doubles *items where they are full. Returns false out of memory. */
static bool make_room(void **items, size_t count, size_t *room, size_t size)
{
	size_t more = *room > 0 ? 2 * *room : 8;
	void *larger;

	if (count < *room)
		return true;
	larger = reallocarray(*items, more, size);
	if (larger == NULL)
		return false;
	*items = larger;
	*room = more;
	return true;
}

/* Where the header ends that starts there: behind the last line that is no empty one. */
static size_t header_end(const struct mime *mime, size_t at)
{
	while (at < mime->len) {
		const char *line = mime->bytes + at;
		const char *newline = memchr(line, '\n', mime->len - at);

		if (newline == NULL || newline == line ||
			(newline == line + 1 && *line == '\r'))
			break;
		at = (size_t)(newline - mime->bytes) + 1;
	}
	return at;
}

/* Notes the object's header as the next one, also an empty one; its index, or -1 out of memory. */
static int add_header(struct mime *mime, GMimeObject *object, int parent)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(object);
	int fields = g_mime_header_list_get_count(list);
	struct mime_header header = {.parent = parent};
	gint64 offset = -1;
	void *headers = mime->headers;

	if (!make_room(&headers, mime->header_count, &mime->header_room, sizeof(header))) {
		mime->failed = true;
		return -1;
	}
	mime->headers = headers;
	/* What GMime adds by itself stands nowhere. */
	for (int i = 0; i < fields && offset < 0; i++)
		offset = g_mime_header_get_offset(g_mime_header_list_get_header_at(list, i));
	if (offset >= (gint64)mime->body_start && offset < (gint64)mime->len) {
		header.start = (size_t)offset;
		header.end = header_end(mime, header.start);
	}
	mime->headers[mime->header_count] = header;
	return (int)mime->header_count++;
}

/* Is it a file rather than the mail's text? Some show files within the text; what is one of
 * several alternatives, what others are related to, or all there is, may have a name and is
 * text all the same. */
static bool is_file(const struct mime *mime, GMimePart *part, int parent)
{
	if (g_mime_part_is_attachment(part))
		return true;
	return parent >= 0 && !mime->headers[parent].texts &&
	       g_mime_part_get_filename(part) != NULL;
}

size_t mime_empty_line(const char *bytes, size_t start)
{
	return start >= 2 && bytes[start - 1] == '\n' && bytes[start - 2] == '\r' ? start - 2
										  : start;
}

/* Does an empty line end its header? A message cut short there has a header, but no content to
 * look into. */
static bool has_begun(const struct mime *mime, size_t start)
{
	size_t empty = mime_empty_line(mime->bytes, start);

	return empty < start && (empty == 0 || mime->bytes[empty - 1] == '\n');
}

static void add_part(struct mime *mime, GMimePart *object, int parent)
{
	GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(object));
	GMimeDataWrapper *content = g_mime_part_get_content(object);
	GMimeStream *stream = content == NULL ? NULL : g_mime_data_wrapper_get_stream(content);
	const char *charset = g_mime_content_type_get_parameter(type, "charset");
	void *parts = mime->parts;
	struct mime_part *part;
	gint64 start, end;
	int header;

	if (stream == NULL)
		return;
	start = stream->bound_start;
	end = stream->bound_end < 0 ? (gint64)mime->len : stream->bound_end;
	if (start < (gint64)mime->body_start || end < start || end > (gint64)mime->len)
		return;
	header = add_header(mime, GMIME_OBJECT(object), parent);
	if (header < 0 || !make_room(&parts, mime->count, &mime->room, sizeof(*part))) {
		mime->failed = true;
		return;
	}
	mime->parts = parts;
	part = &mime->parts[mime->count++];
	*part = (struct mime_part){
		.kind = has_begun(mime, (size_t)start) ? mime_kind(object) : PART_OTHER,
		.encoding = mime_encoding(object),
		.attached = is_file(mime, object, parent),
		.delsp = mime_is_delsp(object),
		.start = (size_t)start,
		.end = (size_t)end,
		.header = header,
	};
	if (charset != NULL && strlen(charset) < sizeof(part->charset))
		strcpy(part->charset, charset);
}

static void walk(struct mime *mime, GMimeObject *object, int parent, int depth);

static void walk_multipart(struct mime *mime, GMimeMultipart *multipart, int parent, int depth)
{
	GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(multipart));
	bool alternative = g_mime_content_type_is_type(type, "multipart", "alternative");
	bool related = g_mime_content_type_is_type(type, "multipart", "related");
	int count = g_mime_multipart_get_count(multipart);
	int header = add_header(mime, GMIME_OBJECT(multipart), parent);

	for (int i = 0; i < count && depth < DEPTH_MAX && header >= 0; i++) {
		mime->headers[header].texts = alternative || (related && i == 0);
		walk(mime, g_mime_multipart_get_part(multipart, i), header, depth + 1);
	}
}

static void walk_message(struct mime *mime, GMimeMessagePart *part, int parent, int depth)
{
	GMimeMessage *message = g_mime_message_part_get_message(part);
	GMimeObject *root = message == NULL ? NULL : g_mime_message_get_mime_part(message);
	int header = add_header(mime, GMIME_OBJECT(part), parent);
	size_t first = mime->count;

	if (root != NULL && depth < DEPTH_MAX && header >= 0)
		walk(mime, root, header, depth + 1);
	for (size_t i = first; i < mime->count; i++)
		mime->parts[i].returned = true;
}

static void walk(struct mime *mime, GMimeObject *object, int parent, int depth)
{
	const char *protection = mime_protection_of(object, parent < 0);

	if (protection != NULL)
		mime->protection = protection;
	if (GMIME_IS_MULTIPART(object))
		walk_multipart(mime, GMIME_MULTIPART(object), parent, depth);
	else if (GMIME_IS_MESSAGE_PART(object) && mime->whole)
		walk_message(mime, GMIME_MESSAGE_PART(object), parent, depth);
	else if (GMIME_IS_PART(object) && mime->count < MIME_PARTS_MAX)
		add_part(mime, GMIME_PART(object), parent);
}

struct fields {
	GMimeStream *stream;
	size_t count;
};

/* Beyond the last field that it may have the message ends for the parser. */
static void count_field(GMimeParser *parser, const char *name, const char *value, gint64 offset,
	gpointer context)
{
	struct fields *fields = context;

	(void)parser;
	(void)name;
	(void)value;
	(void)offset;
	if (++fields->count > FIELDS_MAX)
		fields->stream->bound_end = fields->stream->position;
}

static GMimeMessage *parse(GByteArray *bytes, size_t *fields_r)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(bytes);
	struct fields fields = {.stream = stream};
	GMimeParser *parser;
	GMimeMessage *message;

	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	parser = g_mime_parser_new_with_stream(stream);
	g_mime_parser_set_persist_stream(parser, TRUE);
	g_mime_parser_set_header_regex(parser, "", count_field, &fields);
	message = g_mime_parser_construct_message(parser, NULL);
	g_object_unref(parser);
	g_object_unref(stream);
	*fields_r = fields.count;
	return message;
}

/* Fills the parts. GMime's view of the borrowed bytes ends here. Returns the number of header
 * fields. */
static size_t read_tree(struct mime *mime)
{
	GByteArray *bytes = g_byte_array_new_take((guint8 *)(uintptr_t)mime->bytes, mime->len);
	size_t fields;
	GMimeMessage *message = parse(bytes, &fields);
	GMimeObject *root = message == NULL ? NULL : g_mime_message_get_mime_part(message);

	if (root != NULL && fields <= FIELDS_MAX)
		walk(mime, root, -1, 0);
	if (message != NULL)
		g_object_unref(message);
	g_byte_array_steal(bytes, NULL);
	g_byte_array_unref(bytes);
	return fields;
}

static int parse_into(struct mime *mime, struct error *error)
{
	if (mime_check_size(mime->bytes, mime->len, error) < 0)
		return -1;
	if (read_tree(mime) > FIELDS_MAX)
		return mime_too_many(error, FIELDS_MAX, "header fields in its parts");
	if (mime->failed)
		return error_memory(error);
	return 0;
}

static struct mime *parse_tree(const struct mime *source, struct error *error)
{
	struct mime *mime = malloc(sizeof(*mime));

	if (mime == NULL) {
		error_memory(error);
		return NULL;
	}
	*mime = *source;
	if (parse_into(mime, error) < 0)
		mime_free(&mime);
	return mime;
}

struct mime *mime_parse(const char *bytes, size_t len, size_t body_start, struct error *error)
{
	const struct mime source = {.bytes = bytes, .len = len, .body_start = body_start};

	return parse_tree(&source, error);
}

struct mime *mime_parse_whole(
	const char *bytes, size_t len, size_t body_start, struct error *error)
{
	const struct mime source = {
		.bytes = bytes, .len = len, .body_start = body_start, .whole = true};

	return parse_tree(&source, error);
}

void mime_free(struct mime **mime)
{
	if (*mime == NULL)
		return;
	free((*mime)->parts);
	free((*mime)->headers);
	free(*mime);
	*mime = NULL;
}

size_t mime_part_count(const struct mime *mime)
{
	return mime->count;
}

const struct mime_part *mime_part(const struct mime *mime, size_t n)
{
	return n < mime->count ? &mime->parts[n] : NULL;
}

size_t mime_header_count(const struct mime *mime)
{
	return mime->header_count;
}

const struct mime_header *mime_header(const struct mime *mime, int n)
{
	return n >= 0 && (size_t)n < mime->header_count ? &mime->headers[n] : NULL;
}

const char *mime_protection(const struct mime *mime)
{
	return mime->protection;
}
