/*
 * First the parts of message/delivery-status. Where none has a recipient's outcome: fields of
 * that kind in a text, as some systems write them, and at last words. Apart from that all
 * texts, also those within the returned mail, are searched for what leads to an invitation: from
 * the outside in, so that the mail that is returned comes before one within it.
 */
#include "mail/report.h"

#include "mail/bounce.h"
#include "mail/decode.h"
#include "mail/mime.h"
#include "mail/value.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Lists of addresses are read one by one, and anybody can write many; a Welcome mail's is short. */
#define LISTS_MAX 50
#define LIST_MAX  4096

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

/* "<id@host>" with its brackets. Returns whether it is the first one of the report. */
static bool keep_message_id(struct reader *reader, const char *value)
{
	struct report *report = reader->report;
	const char *start = strchr(value, '<'),
		   *end = start == NULL ? NULL : strchr(start, '>');
	size_t len = end == NULL ? 0 : (size_t)(end + 1 - start);

	if (len == 0)
		return false;
	keep(reader, report->message_ids, &report->message_id_count, REPORT_IDS_MAX,
		strndup(start, len));
	return report->message_id_count > 0 &&
	       strncasecmp(report->message_ids[0], start, len) == 0 &&
	       report->message_ids[0][len] == '\0';
}

static void keep_field(struct reader *reader, const struct header_field *field, bool with_to)
{
	static const struct {
		const char *name;
		void (*keep)(struct reader *reader, const char *value);
		bool always;
	} fields[] = {
		{"To", keep_mailboxes, false},
		{"X-Failed-Recipients", keep_mailboxes, true},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		char *value =
			(with_to || fields[i].always) && header_named(field, fields[i].name)
				? header_value(field)
				: NULL;

		if (value != NULL)
			fields[i].keep(reader, value);
		free(value);
	}
}

/* The lines up to the next empty one, of which the Message-IDs are kept. Returns where that ends;
 * *first_r: the first one of the report is among them. */
static size_t next_block(
	struct reader *reader, const char *text, size_t len, size_t at, bool *first_r)
{
	struct header_field field;

	*first_r = false;
	while (field_next(text, len, &at, &field) && field.line_len > 0) {
		char *value = header_named(&field, "Message-ID") ? header_value(&field) : NULL;

		*first_r |= value != NULL && keep_message_id(reader, value);
		free(value);
	}
	return at;
}

/* Any line may be a field of a mail that is returned. But a To: without a Message-ID beside it, or
 * with a further one, is of another mail that somebody passes on, as a quotation or whole. */
static void look_for_fields(struct reader *reader, const char *text, size_t len)
{
	struct header_field field;
	bool first;

	for (size_t at = 0, end; at < len; at = end) {
		end = next_block(reader, text, len, at, &first);
		while (field_next(text, end, &at, &field))
			keep_field(reader, &field, first);
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

static bool is_outer_text(const struct mime_part *part)
{
	return part->kind != PART_OTHER && !part->returned;
}

static bool is_returned_text(const struct mime_part *part)
{
	return part->kind != PART_OTHER && part->returned;
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
	read_parts(reader, mime, look_for_mail, is_outer_text);
	read_raw(reader);
	read_parts(reader, mime, look_for_mail, is_returned_text);
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
		return error_memory(error);
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

bool report_has_id(const struct report *report, const char *message_id)
{
	for (size_t i = 0; i < report->message_id_count; i++)
		if (strcmp(report->message_ids[i], message_id) == 0)
			return true;
	return false;
}

/* One that names itself, and neither itself nor a mailbox as the Welcome mail does, is another.
 * Somebody who forwards the Welcome mail to its own mailbox cannot be told from a host that has
 * changed its Message-ID, nor who redirects it from an alias behind the mailbox, nor who forwards
 * it without a Message-ID from anything. */
bool report_about_another(
	const struct report *report, const char *message_id, const char *mailbox)
{
	if (report->message_id_count == 0 || strcmp(report->message_ids[0], message_id) == 0)
		return false;
	for (size_t i = 0; i < report->mailbox_count; i++)
		if (strcasecmp(report->mailboxes[i], mailbox) == 0)
			return false;
	return true;
}
