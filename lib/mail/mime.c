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
#include "mail/mime.h"

#include "mail/headers.h"

#include <gmime/gmime.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX	   50
#define GROUPS_MAX	   100	/* in one list of addresses */
#define PARAMETERS_MAX	   1000 /* of one field */
#define ALL_PARAMETERS_MAX 20000
#define SEPARATORS_MAX	   5000 /* lines that may separate parts */
#define FIELDS_MAX	   10000
#define LISTS_COST_MAX	   ((uint64_t)64 * 1024 * 1024) /* commas times bytes, of all lists */

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

/* The word alone of what is written with quotes around it, or with parameters. */
static GMimeContentEncoding encoding_named(const char *named)
{
	GMimeContentEncoding encoding;
	char *word;

	named += strspn(named, " \t\r\n\"'");
	word = g_strndup(named, strcspn(named, " \t\r\n\"';,("));
	encoding = g_mime_content_encoding_from_string(word);
	/* A charset's name, or nothing: mail programs show such a text as it stands. */
	if (encoding == GMIME_CONTENT_ENCODING_DEFAULT &&
		g_ascii_strncasecmp(word, "x-", 2) != 0)
		encoding = GMIME_CONTENT_ENCODING_8BIT;
	g_free(word);
	return encoding;
}

static enum part_encoding encoding_of(GMimePart *part, const char *named)
{
	GMimeContentEncoding encoding = g_mime_part_get_content_encoding(part);

	if (encoding == GMIME_CONTENT_ENCODING_DEFAULT && named != NULL)
		encoding = encoding_named(named);
	switch (encoding) {
	case GMIME_CONTENT_ENCODING_BASE64:
		return ENCODING_BASE64;
	case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
		return ENCODING_QUOTED_PRINTABLE;
	case GMIME_CONTENT_ENCODING_DEFAULT:
		return named == NULL ? ENCODING_IDENTITY : ENCODING_UNKNOWN;
	case GMIME_CONTENT_ENCODING_7BIT:
	case GMIME_CONTENT_ENCODING_8BIT:
	case GMIME_CONTENT_ENCODING_BINARY:
		return ENCODING_IDENTITY;
	default:
		return ENCODING_UNKNOWN;
	}
}

/* Is that "text" alone, or nothing? Then the content is plain text (RFC 2045 section 5.2); of
 * what says less of a text, as "application" alone, nothing is believed. */
static bool is_no_type(const char *named)
{
	size_t len;

	if (named == NULL)
		return false;
	named += strspn(named, " \t\r\n");
	len = strcspn(named, " \t\r\n;");
	return (len == 0 || (len == 4 && g_ascii_strncasecmp(named, "text", 4) == 0)) &&
	       named[len + strspn(named + len, " \t\r\n")] != '/';
}

static enum part_kind kind_of(GMimeContentType *type, const char *named)
{
	static const struct {
		const char *type, *subtype;
		enum part_kind kind;
	} kinds[] = {
		{"text", "plain", PART_PLAIN},
		{"text", "html", PART_HTML},
		{"message", "delivery-status", PART_DELIVERY_STATUS},
		{"message", "global-delivery-status", PART_DELIVERY_STATUS},
		{"message", "global-headers", PART_OTHER_TEXT},
		/* encoded: GMime takes it for no message then */
		{"message", "global", PART_OTHER_TEXT},
		{"message", "rfc822", PART_OTHER_TEXT},
		{"text", "*", PART_OTHER_TEXT},
	};

	if (is_no_type(named))
		return PART_PLAIN;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (g_mime_content_type_is_type(type, kinds[i].type, kinds[i].subtype))
			return kinds[i].kind;
	return PART_OTHER;
}

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

static bool is_deletable_flow(GMimeContentType *type)
{
	const char *format = g_mime_content_type_get_parameter(type, "format");
	const char *delsp = g_mime_content_type_get_parameter(type, "delsp");

	return format != NULL && g_ascii_strcasecmp(format, "flowed") == 0 && delsp != NULL &&
	       g_ascii_strcasecmp(delsp, "yes") == 0;
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
		.kind = has_begun(mime, (size_t)start)
				? kind_of(type, g_mime_object_get_header(
							GMIME_OBJECT(object), "Content-Type"))
				: PART_OTHER,
		.encoding = encoding_of(object, g_mime_object_get_header(GMIME_OBJECT(object),
							"Content-Transfer-Encoding")),
		.attached = is_file(mime, object, parent),
		.delsp = is_deletable_flow(type),
		.start = (size_t)start,
		.end = (size_t)end,
		.header = header,
	};
	if (charset != NULL && strlen(charset) < sizeof(part->charset))
		strcpy(part->charset, charset);
}

/* A message that is S/MIME and called a file of unknown kind, as some hosts on the way do (RFC
 * 8551 section 3.2.1). */
static bool is_smime_file(GMimeObject *object)
{
	const char *name =
		GMIME_IS_PART(object) ? g_mime_part_get_filename(GMIME_PART(object)) : NULL;
	size_t len = name == NULL ? 0 : strlen(name);

	return len > 4 && g_ascii_strcasecmp(name + len - 4, ".p7m") == 0 &&
	       g_mime_content_type_is_type(
		       g_mime_object_get_content_type(object), "application", "octet-stream");
}

static const char *protection_of(GMimeObject *object, int parent)
{
	static const struct {
		const char *type, *subtype, *words;
	} protections[] = {
		{"multipart", "signed", "signed"},
		{"multipart", "encrypted", "encrypted"},
		{"application", "pkcs7-mime", "S/MIME signed or encrypted"},
		{"application", "x-pkcs7-mime", "S/MIME signed or encrypted"},
		{"application", "pgp", "PGP signed or encrypted"},
	};

	GMimeContentType *type = g_mime_object_get_content_type(object);

	for (size_t i = 0; i < sizeof(protections) / sizeof(protections[0]); i++)
		if (g_mime_content_type_is_type(
			    type, protections[i].type, protections[i].subtype))
			return protections[i].words;
	return parent < 0 && is_smime_file(object) ? "S/MIME signed or encrypted" : NULL;
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
	const char *protection = protection_of(object, parent);

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

static bool is_named(const struct header_field *field, const char *const *names)
{
	for (; *names != NULL; names++)
		if (header_named(field, *names))
			return true;
	return false;
}

static size_t count_of(const struct header_field *field, char c)
{
	size_t count = 0;

	for (size_t i = 0; i < field->value_len; i++)
		count += field->value[i] == c;
	return count;
}

static int refuse(struct error *error, int max, const char *what)
{
	return error_set(error, ERROR_NOT_FOUND, "it has more than %d %s", max, what);
}

/* Is there anything that GMime would need too much memory or time for? Any line may be a field. It
 * reads the addresses of a message within the message, and calls itself for a group within a group
 * (each has a colon) until the stack is used up. It looks for the domain of an address that has
 * none beyond the next comma, up to the end of the list, and so with each. A part of seven bytes
 * takes a kilobyte, and a parameter of five not much less. Returns 0 or -1. */
static int check_size(const struct mime *mime, struct error *error)
{
	static const char *const addresses[] = {
		"From", "Sender", "Reply-To", "To", "Cc", "Bcc", NULL};
	static const char *const parametered[] = {"Content-Type", "Content-Disposition", NULL};
	size_t at = 0, separators = 0, parameters = 0;
	uint64_t lists_cost = 0;
	struct header_field field;

	while (field_next(mime->bytes, mime->len, &at, &field)) {
		separators += field.line_len > 2 && memcmp(field.line, "--", 2) == 0;
		if (separators > SEPARATORS_MAX)
			return refuse(error, SEPARATORS_MAX, "lines that may separate parts");
		if (is_named(&field, addresses)) {
			if (count_of(&field, ':') > GROUPS_MAX)
				return refuse(
					error, GROUPS_MAX, "groups in a list of addresses");
			lists_cost += (uint64_t)count_of(&field, ',') * field.value_len;
			if (lists_cost > LISTS_COST_MAX)
				return error_set(error, ERROR_NOT_FOUND,
					"it has lists of addresses that take too long to read");
		} else if (is_named(&field, parametered)) {
			if (count_of(&field, ';') > PARAMETERS_MAX)
				return refuse(error, PARAMETERS_MAX, "parameters in a field");
			parameters += count_of(&field, ';');
			if (parameters > ALL_PARAMETERS_MAX)
				return refuse(
					error, ALL_PARAMETERS_MAX, "parameters in its fields");
		}
	}
	return 0;
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
	if (check_size(mime, error) < 0)
		return -1;
	if (read_tree(mime) > FIELDS_MAX)
		return refuse(error, FIELDS_MAX, "header fields in its parts");
	if (mime->failed)
		return error_set(error, ERROR_TEMPORARY, "out of memory");
	return 0;
}

static struct mime *parse_tree(const struct mime *source, struct error *error)
{
	struct mime *mime = malloc(sizeof(*mime));

	if (mime == NULL) {
		error_set(error, ERROR_TEMPORARY, "out of memory");
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
