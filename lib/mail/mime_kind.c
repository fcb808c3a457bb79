/*
 * What one of GMime's objects is, as its own header says and as mail programs take it.
 */
#include "mail/mime_internal.h"

#include <string.h>

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

enum part_encoding mime_encoding(GMimePart *part)
{
	const char *named =
		g_mime_object_get_header(GMIME_OBJECT(part), "Content-Transfer-Encoding");
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

enum part_kind mime_kind(GMimePart *part)
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
	GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));

	if (is_no_type(g_mime_object_get_header(GMIME_OBJECT(part), "Content-Type")))
		return PART_PLAIN;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (g_mime_content_type_is_type(type, kinds[i].type, kinds[i].subtype))
			return kinds[i].kind;
	return PART_OTHER;
}

bool mime_is_delsp(GMimePart *part)
{
	GMimeContentType *type = g_mime_object_get_content_type(GMIME_OBJECT(part));
	const char *format = g_mime_content_type_get_parameter(type, "format");
	const char *delsp = g_mime_content_type_get_parameter(type, "delsp");

	return format != NULL && g_ascii_strcasecmp(format, "flowed") == 0 && delsp != NULL &&
	       g_ascii_strcasecmp(delsp, "yes") == 0;
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

const char *mime_protection_of(GMimeObject *object, bool top)
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
	return top && is_smime_file(object) ? "S/MIME signed or encrypted" : NULL;
}
