/*
 * GMime builds the tree, encodes and folds. Its own choice of header order is kept; Date and
 * Message-ID are the caller's, so that a mail that is made again is the same one.
 */
#include "mail/compose.h"

#include "mail/mime.h"

#include <gmime/gmime.h>
#include <string.h>

/* A header value without control characters; g_free. */
static char *one_line(const char *value)
{
	char *copy = g_strdup(value != NULL ? value : "");

	for (char *p = copy; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	return copy;
}

static bool address_fits(const char *address)
{
	const char *at = address != NULL ? strrchr(address, '@') : NULL;

	if (at == NULL || at == address || at[1] == '\0' || !g_utf8_validate(address, -1, NULL))
		return false;
	for (const char *p = address; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f ||
			strchr("<>,;:\\\"()[]", *p) != NULL)
			return false;
	return true;
}

static int check_draft(const struct mail_draft *draft, struct error *error)
{
	const char *const texts[] = {
		draft->from_name, draft->subject, draft->text, draft->html};

	if (!address_fits(draft->from) || !address_fits(draft->to))
		return error_set(error, ERROR_PERMANENT, "\"%.254s\" is no address for a mail",
			address_fits(draft->from) ? draft->to : draft->from);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i] != NULL && !g_utf8_validate(texts[i], -1, NULL))
			return error_set(
				error, ERROR_PERMANENT, "the mail's text is not UTF-8");
	return 0;
}

static GMimeObject *alternative(const char *subtype, const char *words)
{
	GMimePart *part = g_mime_part_new_with_type("text", subtype);
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(words, strlen(words));
	GMimeDataWrapper *content =
		g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);

	g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset", "utf-8");
	g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
	g_mime_part_set_content(part, content);
	g_object_unref(content);
	g_object_unref(stream);
	return GMIME_OBJECT(part);
}

static GMimeObject *make_body(const struct mail_draft *draft)
{
	GMimeMultipart *body = g_mime_multipart_new_with_subtype("alternative");
	GMimeObject *parts[] = {
		alternative("plain", draft->text), alternative("html", draft->html)};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		g_mime_multipart_add(body, parts[i]);
		g_object_unref(parts[i]);
	}
	return GMIME_OBJECT(body);
}

static void add_sender(GMimeMessage *message, const char *name, const char *address)
{
	InternetAddress *mailbox =
		internet_address_mailbox_new(name[0] != '\0' ? name : NULL, address);
	InternetAddressList *from =
		g_mime_message_get_addresses(message, GMIME_ADDRESS_TYPE_FROM);

	internet_address_set_charset(mailbox, "utf-8");
	internet_address_list_add(from, mailbox);
	g_object_unref(mailbox);
}

static GMimeMessage *make_message(const struct mail_draft *draft)
{
	GMimeMessage *message = g_mime_message_new(TRUE);
	char *name = one_line(draft->from_name), *subject = one_line(draft->subject);
	GDateTime *date = g_date_time_new_from_unix_utc(draft->date);
	GMimeObject *body = make_body(draft);

	add_sender(message, name, draft->from);
	g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_TO, NULL, draft->to);
	g_mime_message_set_subject(message, subject, "utf-8");
	g_mime_message_set_date(message, date);
	g_mime_message_set_message_id(message, draft->message_id);
	g_mime_object_set_header(
		GMIME_OBJECT(message), "Auto-Submitted", "auto-generated", NULL);
	g_mime_message_set_mime_part(message, body);
	g_object_unref(body);
	g_date_time_unref(date);
	g_free(subject);
	g_free(name);
	return message;
}

int mail_compose(const struct mail_draft *draft, struct buf *out, struct error *error)
{
	GMimeFormatOptions *format;
	GMimeMessage *message;
	char *text;

	if (check_draft(draft, error) != 0)
		return -1;
	message = make_message(draft);
	format = g_mime_format_options_new();
	g_mime_format_options_set_newline_format(format, GMIME_NEWLINE_FORMAT_UNIX);
	text = g_mime_object_to_string(GMIME_OBJECT(message), format);
	if (text != NULL)
		buf_string(out, text);
	g_free(text);
	g_mime_format_options_free(format);
	g_object_unref(message);
	return text == NULL || out->failed ? error_memory(error) : 0;
}
