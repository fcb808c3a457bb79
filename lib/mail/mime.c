/*
 * The message is parsed from memory with a persistent stream: each part's content stream then
 * carries the offsets of its encoded bytes, which is all that is kept. GMime's objects live only
 * inside mime_parse. Attached messages (message/rfc822) are closed boxes: what is quoted in them is not
 * addressed to anybody here.
 *
 * The header given is the MIME fields alone (headers_put_mime), so that an odd field elsewhere in
 * the message cannot move the border between header and body; a part that claims bytes before body_start
 * is dropped all the same.
 */
#include "mail/mime.h"

#include <gmime/gmime.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 50

struct mime {
	const char *bytes;
	size_t len;
	size_t body_start;
	struct mime_part *parts;
	size_t count, room;
	bool failed; /* out of memory */
	const char *protection;
	bool delivery_report;
};

/* --- one part --- */

static enum part_encoding encoding_of(GMimePart *part, const char *named)
{
	switch (g_mime_part_get_content_encoding(part)) {
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

static enum part_kind kind_of(GMimeContentType *type)
{
	static const struct {
		const char *type, *subtype;
		enum part_kind kind;
	} kinds[] = {
		{"text", "plain", PART_PLAIN},
		{"text", "html", PART_HTML},
		{"message", "delivery-status", PART_DELIVERY_STATUS},
		{"message", "global-delivery-status", PART_DELIVERY_STATUS},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (g_mime_content_type_is_type(type, kinds[i].type, kinds[i].subtype))
			return kinds[i].kind;
	return PART_OTHER;
}

static void find_encoding_field(
	const struct mime *mime, GMimeObject *object, struct mime_part *part)
{
	GMimeHeader *header = g_mime_header_list_get_header(
		g_mime_object_get_header_list(object), "Content-Transfer-Encoding");
	gint64 offset = header == NULL ? -1 : g_mime_header_get_offset(header);
	size_t end;

	if (offset < 0 || (size_t)offset >= part->start)
		return;
	end = (size_t)offset;
	do {
		const char *newline = memchr(mime->bytes + end, '\n', part->start - end);

		if (newline == NULL)
			return;
		end = (size_t)(newline - mime->bytes) + 1;
	} while (end < part->start && (mime->bytes[end] == ' ' || mime->bytes[end] == '\t'));
	part->encoding_start = (size_t)offset;
	part->encoding_end = end;
}

/* Room for one more part, NULL when there is none. */
static struct mime_part *next_part(struct mime *mime)
{
	if (mime->count == mime->room) {
		size_t room = mime->room > 0 ? 2 * mime->room : 8;
		struct mime_part *parts = reallocarray(mime->parts, room, sizeof(*parts));

		if (parts == NULL) {
			mime->failed = true;
			return NULL;
		}
		mime->parts = parts;
		mime->room = room;
	}
	return &mime->parts[mime->count];
}

static void add_part(struct mime *mime, GMimePart *object)
{
	GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(object));
	GMimeDataWrapper *content = g_mime_part_get_content(object);
	GMimeStream *stream = content == NULL ? NULL : g_mime_data_wrapper_get_stream(content);
	const char *charset = g_mime_content_type_get_parameter(type, "charset");
	struct mime_part *part;
	gint64 start, end;

	if (stream == NULL)
		return;
	start = stream->bound_start;
	end = stream->bound_end < 0 ? (gint64)mime->len : stream->bound_end;
	if (start < (gint64)mime->body_start || end < start || end > (gint64)mime->len)
		return;
	part = next_part(mime);
	if (part == NULL)
		return;
	*part = (struct mime_part){
		.kind = kind_of(type),
		.encoding = encoding_of(object, g_mime_object_get_header(GMIME_OBJECT(object),
							"Content-Transfer-Encoding")),
		.attached = g_mime_part_is_attachment(object),
		.start = (size_t)start,
		.end = (size_t)end,
	};
	if (charset != NULL && strlen(charset) < sizeof(part->charset))
		strcpy(part->charset, charset);
	find_encoding_field(mime, GMIME_OBJECT(object), part);
	mime->count++;
}

/* --- the tree --- */

static const char *protection_of(GMimeContentType *type)
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

	for (size_t i = 0; i < sizeof(protections) / sizeof(protections[0]); i++)
		if (g_mime_content_type_is_type(
			    type, protections[i].type, protections[i].subtype))
			return protections[i].words;
	return NULL;
}

static void walk(struct mime *mime, GMimeObject *object, int depth)
{
	const char *protection = protection_of(g_mime_object_get_content_type(object));

	if (protection != NULL)
		mime->protection = protection;
	if (GMIME_IS_MULTIPART(object)) {
		GMimeMultipart *multipart = GMIME_MULTIPART(object);
		int count = g_mime_multipart_get_count(multipart);

		for (int i = 0; i < count && depth < DEPTH_MAX; i++)
			walk(mime, g_mime_multipart_get_part(multipart, i), depth + 1);
		return;
	}
	if (GMIME_IS_PART(object) && mime->count < MIME_PARTS_MAX)
		add_part(mime, GMIME_PART(object));
}

static bool is_delivery_report(GMimeObject *root)
{
	GMimeContentType *type = g_mime_object_get_content_type(root);
	const char *report = g_mime_content_type_get_parameter(type, "report-type");

	return g_mime_content_type_is_type(type, "multipart", "report") && report != NULL &&
	       g_ascii_strcasecmp(report, "delivery-status") == 0;
}

static GMimeMessage *parse(GByteArray *bytes)
{
	GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(bytes);
	GMimeParser *parser;
	GMimeMessage *message;

	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	parser = g_mime_parser_new_with_stream(stream);
	g_mime_parser_set_persist_stream(parser, TRUE);
	message = g_mime_parser_construct_message(parser, NULL);
	g_object_unref(parser);
	g_object_unref(stream);
	return message;
}

/* Fills the parts. GMime's view of the borrowed bytes ends here. */
static void read_tree(struct mime *mime)
{
	GByteArray *bytes = g_byte_array_new_take((guint8 *)(uintptr_t)mime->bytes, mime->len);
	GMimeMessage *message = parse(bytes);
	GMimeObject *root = message == NULL ? NULL : g_mime_message_get_mime_part(message);

	if (root != NULL) {
		walk(mime, root, 0);
		mime->delivery_report = is_delivery_report(root);
	}
	if (message != NULL)
		g_object_unref(message);
	g_byte_array_steal(bytes, NULL);
	g_byte_array_unref(bytes);
}

struct mime *mime_parse(const char *bytes, size_t len, size_t body_start, struct error *error)
{
	struct mime *mime = calloc(1, sizeof(*mime));

	if (mime != NULL) {
		mime->bytes = bytes;
		mime->len = len;
		mime->body_start = body_start;
		read_tree(mime);
		if (!mime->failed)
			return mime;
	}
	mime_free(&mime);
	error_set(error, ERROR_TEMPORARY, "out of memory");
	return NULL;
}

void mime_free(struct mime **mime)
{
	if (*mime == NULL)
		return;
	free((*mime)->parts);
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

const char *mime_protection(const struct mime *mime)
{
	return mime->protection;
}

bool mime_is_delivery_report(const struct mime *mime)
{
	return mime->delivery_report;
}

/* --- header values --- */

void mail_init(void)
{
	g_mime_init();
}

char *mail_decode_header(const char *value)
{
	char *decoded = g_mime_utils_header_decode_text(NULL, value);
	char *valid = decoded == NULL ? NULL : mail_utf8(decoded);

	free(decoded);
	return valid;
}

char *mail_utf8(const char *text)
{
	return g_utf8_make_valid(text, -1);
}

static int count_mailboxes(InternetAddressList *list, char **addresses, int count)
{
	int length = list == NULL ? 0 : internet_address_list_length(list);

	for (int i = 0; i < length; i++) {
		InternetAddress *address = internet_address_list_get_address(list, i);

		if (INTERNET_ADDRESS_IS_GROUP(address)) {
			count = count_mailboxes(internet_address_group_get_members(
							INTERNET_ADDRESS_GROUP(address)),
				addresses, count);
			continue;
		}
		if (addresses != NULL) {
			const char *text = internet_address_mailbox_get_addr(
				INTERNET_ADDRESS_MAILBOX(address));

			addresses[count] = strdup(text == NULL ? "" : text);
			if (addresses[count] == NULL)
				return -1;
		}
		count++;
	}
	return count;
}

int mail_addresses(const char *value, char ***addresses_r)
{
	InternetAddressList *list = internet_address_list_parse(NULL, value);
	int count = count_mailboxes(list, NULL, 0);

	*addresses_r = calloc((size_t)count + 1, sizeof(char *));
	if (*addresses_r == NULL || count_mailboxes(list, *addresses_r, 0) != count) {
		mail_addresses_free(addresses_r);
		count = -1;
	}
	if (list != NULL)
		g_object_unref(list);
	return count;
}

void mail_addresses_free(char ***addresses)
{
	if (*addresses == NULL)
		return;
	for (char **address = *addresses; *address != NULL; address++)
		free(*address);
	free(*addresses);
	*addresses = NULL;
}

int mail_date(const char *value, time_t *when_r)
{
	GDateTime *date = g_mime_utils_header_decode_date(value);

	if (date == NULL)
		return -1;
	*when_r = (time_t)g_date_time_to_unix(date);
	g_date_time_unref(date);
	return 0;
}
