/*
 * First the parts of message/delivery-status. Where none has a recipient's outcome: fields of
 * that kind in a text, as some systems write them, and at last words. Apart from that all
 * texts, also those within the returned mail, are searched for what leads to an invitation.
 */
#include "mail/report.h"

#include "mail/bounce.h"
#include "mail/decode.h"
#include "mail/mime.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Lists of addresses are read one by one, and anybody can write many; a Welcome mail's is short. */
#define LISTS_MAX 50
#define LIST_MAX  4096

#define MESSAGE_ID "Message-ID"

/* Of texts in words so many; each costs a look at the subject, too. */
#define WORDS_MAX 20

struct reader {
	const struct report_source *source;
	struct report *report;
	int lists;   /* of addresses that were read */
	int words;   /* texts that were read for their words */
	bool failed; /* out of memory */
};

/* What of a text is asked: its outcome, its words, or what it leads to. */
typedef void text_fn(struct reader *reader, const char *text, size_t len);

static void keep(struct reader *reader, char **list, size_t *count, size_t max, char *value)
{
	for (size_t i = 0; i < *count && value != NULL; i++)
		if (strcasecmp(list[i], value) == 0) {
			free(value);
			return;
		}
	if (value == NULL)
		reader->failed = true;
	else if (*count == max)
		free(value);
	else
		list[(*count)++] = value;
}

static void keep_mailbox(struct reader *reader, const char *address)
{
	if (*address != '\0')
		keep(reader, reader->report->mailboxes, &reader->report->mailbox_count,
			REPORT_MAILBOXES_MAX, strdup(address));
}

static void keep_mailboxes(struct reader *reader, const char *value)
{
	char **addresses;
	int count;

	if (reader->report->mailbox_count == REPORT_MAILBOXES_MAX ||
		reader->lists == LISTS_MAX || strlen(value) > LIST_MAX)
		return;
	reader->lists++;
	count = mail_addresses(value, &addresses);
	reader->failed |= count < 0;
	for (int i = 0; i < count && i < REPORT_MAILBOXES_MAX; i++)
		keep_mailbox(reader, addresses[i]);
	mail_addresses_free(&addresses);
}

/* "<id@host>" with its brackets. */
static void keep_message_id(struct reader *reader, const char *value)
{
	const char *start = strchr(value, '<'),
		   *end = start == NULL ? NULL : strchr(start, '>');

	if (end != NULL)
		keep(reader, reader->report->message_ids, &reader->report->message_id_count,
			REPORT_IDS_MAX, strndup(start, (size_t)(end + 1 - start)));
}

static void keep_field(struct reader *reader, const struct header_field *field, bool has_id)
{
	static const struct {
		const char *name;
		void (*keep)(struct reader *reader, const char *value);
		bool always;
	} fields[] = {
		{MESSAGE_ID, keep_message_id, true},
		{"To", keep_mailboxes, false},
		{"X-Failed-Recipients", keep_mailboxes, true},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		char *value = (has_id || fields[i].always) && header_named(field, fields[i].name)
				      ? header_value(field)
				      : NULL;

		if (value != NULL)
			fields[i].keep(reader, value);
		free(value);
	}
}

/* The lines up to the next empty one. Returns where that ends; *has_id_r: a Message-ID is among
 * them. */
static size_t next_block(const char *text, size_t len, size_t at, bool *has_id_r)
{
	struct header_field field;

	*has_id_r = false;
	while (field_next(text, len, &at, &field) && field.line_len > 0)
		*has_id_r |= header_named(&field, MESSAGE_ID);
	return at;
}

/* Any line may be a field of a mail that is returned. But a To: without a Message-ID beside it
 * is what somebody quotes of another, such as one that he passes on. */
static void look_for_fields(struct reader *reader, const char *text, size_t len)
{
	struct header_field field;
	bool has_id;

	for (size_t at = 0, end; at < len; at = end) {
		end = next_block(text, len, at, &has_id);
		while (field_next(text, end, &at, &field))
			keep_field(reader, &field, has_id);
	}
}

static void look_for_links(struct reader *reader, const char *text, size_t len)
{
	const struct link_rules rules = {"", "", "", reader->source->tracked_url};
	struct links links;

	reader->failed |= links_find(text, len, &rules, &links, &reader->report->tokens) < 0;
	links_free(&links);
}

static void look_for_mail(struct reader *reader, const char *text, size_t len)
{
	look_for_fields(reader, text, len);
	look_for_links(reader, text, len);
}

static void read_status(struct reader *reader, const char *text, size_t len)
{
	reader->failed |= dsn_parse(text, len, &reader->report->facts) < 0;
}

static void read_words(struct reader *reader, const char *text, size_t len)
{
	struct dsn_recipient recipient;

	if (reader->report->facts.count > 0)
		return;
	/* Fields of a status in the midst of words; but not words that begin with "Action:". */
	if (memmem(text, len, "Final-Recipient:", 16) != NULL)
		read_status(reader, text, len);
	if (reader->report->facts.count == 0 && reader->words++ < WORDS_MAX &&
		bounce_read(reader->source->headers, text, len, &recipient))
		reader->failed |= dsn_add(&reader->report->facts, &recipient) < 0;
}

static void read_part(struct reader *reader, const struct mime_part *part, text_fn *read)
{
	static int (*const decoders[])(const char *, size_t, struct decoded *) = {
		[ENCODING_QUOTED_PRINTABLE] = decode_quoted_printable,
		[ENCODING_BASE64] = decode_base64,
		[ENCODING_UNKNOWN] = NULL,
	};
	const char *content = reader->source->message + part->start;
	size_t len = part->end - part->start;
	struct decoded decoded;

	if (len > DECODE_MAX)
		return;
	if (decoders[part->encoding] == NULL) {
		read(reader, content, len);
	} else if (decoders[part->encoding](content, len, &decoded) == 0) {
		read(reader, decoded.text, decoded.len);
		decoded_free(&decoded);
	} else {
		reader->failed = true;
	}
}

/* Returns how many parts there are of that kind. */
static size_t read_parts(struct reader *reader, const struct mime *mime, text_fn *read,
	bool (*wanted)(const struct mime_part *part))
{
	size_t count = 0;

	for (size_t i = 0; i < mime_part_count(mime); i++) {
		if (!wanted(mime_part(mime, i)))
			continue;
		read_part(reader, mime_part(mime, i), read);
		count++;
	}
	return count;
}

static bool is_status(const struct mime_part *part)
{
	return part->kind == PART_DELIVERY_STATUS && !part->returned;
}

static bool has_words(const struct mime_part *part)
{
	return (part->kind == PART_PLAIN || part->kind == PART_HTML ||
		       part->kind == PART_DELIVERY_STATUS) &&
	       !part->returned;
}

static bool is_text(const struct mime_part *part)
{
	return part->kind != PART_OTHER;
}

/* A text that returns a mail as it was sent may hold its quoted-printable. */
static void read_raw(struct reader *reader)
{
	const struct report_source *source = reader->source;
	const char *body = source->message + source->body_start;
	struct decoded decoded;

	look_for_mail(reader, body, source->len - source->body_start);
	if (decode_quoted_printable(body, source->len - source->body_start, &decoded) == 0)
		look_for_links(reader, decoded.text, decoded.len);
	decoded_free(&decoded);
}

static void read_message(struct reader *reader, const struct mime *mime)
{
	struct dsn_facts *facts = &reader->report->facts;
	char *failed = headers_value(reader->source->headers, "X-Failed-Recipients");

	read_parts(reader, mime, read_status, is_status);
	/* Its parts may be lost, with a boundary that is not the one it names. */
	if (facts->count == 0 && read_parts(reader, mime, read_words, has_words) == 0)
		read_words(reader, reader->source->message + reader->source->body_start,
			reader->source->len - reader->source->body_start);
	for (size_t i = 0; i < facts->count; i++) {
		keep_mailbox(reader, facts->recipients[i].original);
		keep_mailbox(reader, facts->recipients[i].recipient);
	}
	if (failed != NULL)
		keep_mailboxes(reader, failed);
	free(failed);
	read_parts(reader, mime, look_for_mail, is_text);
	read_raw(reader);
}

int report_read(
	const struct report_source *source, struct report *report_r, struct error *error)
{
	struct reader reader = {.source = source, .report = report_r};
	struct mime *mime;

	*report_r = (struct report){0};
	if (!bounce_possible(source->headers))
		return error_set(error, ERROR_NOT_FOUND, "not a report on a delivery");
	mime = mime_parse_whole(source->message, source->len, source->body_start, error);
	if (mime == NULL)
		return -1;
	read_message(&reader, mime);
	mime_free(&mime);
	if (reader.failed)
		return error_set(error, ERROR_TEMPORARY, "out of memory");
	if (report_r->facts.count == 0)
		return error_set(
			error, ERROR_NOT_FOUND, "no recipient's outcome in the report");
	return 0;
}

void report_free(struct report *report)
{
	for (size_t i = 0; i < report->message_id_count; i++)
		free(report->message_ids[i]);
	for (size_t i = 0; i < report->mailbox_count; i++)
		free(report->mailboxes[i]);
	dsn_free(&report->facts);
	*report = (struct report){0};
}
