/*
 * A delivery-status part is groups of header fields: first the message's, then one a recipient. Fields are read
 * line by line into the group's facts; at the end of a group the worst recipient so far is kept. One
 * Welcome mail has one recipient, but an alias behind it may have several.
 */
#include "mail/dsn.h"

#include "mail/mime.h"
#include "mail/decode.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *action, *delivery;
	int weight;
} actions[] = {
	{"failed", "failed", 4},
	{"delayed", "delayed", 3},
	{"relayed", "relayed", 2},
	{"expanded", "relayed", 2},
	{"delivered", "delivered", 1},
};

struct group {
	char envelope_id[DSN_VALUE_SIZE];
	char action[DSN_VALUE_SIZE];
	char status[DSN_VALUE_SIZE];
	char diagnostic[DSN_VALUE_SIZE];
	char recipient[DSN_VALUE_SIZE];
};

struct reader {
	struct group group;
	char *value; /* of the field being read; NULL for one we do not need */
	struct dsn_facts *facts;
	int weight;
	int recipients;
};

static char *field_of(struct group *group, const char *line, size_t name_len)
{
	const struct {
		const char *name;
		char *value;
	} fields[] = {
		{"Original-Envelope-Id", group->envelope_id},
		{"Action", group->action},
		{"Status", group->status},
		{"Diagnostic-Code", group->diagnostic},
		{"Final-Recipient", group->recipient},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strlen(fields[i].name) == name_len &&
			strncasecmp(line, fields[i].name, name_len) == 0)
			return fields[i].value;
	return NULL;
}

/* Adds text to a value, white space as one space, control characters as "?", cut to its size. */
static void value_add(char *value, const char *text, size_t len)
{
	size_t used = strlen(value);

	for (size_t i = 0; i < len && used + 1 < DSN_VALUE_SIZE; i++) {
		unsigned char c = (unsigned char)text[i];

		if (isspace(c)) {
			if (used > 0 && value[used - 1] != ' ')
				value[used++] = ' ';
		} else {
			value[used++] = c < ' ' || c == 0x7f ? '?' : (char)c;
		}
	}
	value[used] = '\0';
}

static void trim(char *value)
{
	size_t len = strlen(value);

	while (len > 0 && value[len - 1] == ' ')
		value[--len] = '\0';
}

/* "smtp; 550 no such user" without the type, which is one word. */
static const char *behind_type(const char *value)
{
	const char *end = value + strcspn(value, "; ");

	end += strspn(end, " ");
	return *end == ';' ? end + 1 + strspn(end + 1, " ") : value;
}

/* "5.1.1 (bad destination)": the code alone. */
static void take_status(const char *value, char *status_r, size_t size)
{
	size_t len = strspn(value, "0123456789.");

	if (len >= size)
		len = 0;
	memcpy(status_r, value, len);
	status_r[len] = '\0';
}

static void end_group(struct reader *reader)
{
	struct group *group = &reader->group;
	struct dsn_facts *facts = reader->facts;

	trim(group->envelope_id);
	trim(group->action);
	trim(group->diagnostic);
	trim(group->recipient);
	if (*facts->envelope_id == '\0')
		strcpy(facts->envelope_id, group->envelope_id);
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcasecmp(group->action, actions[i].action) != 0 ||
			actions[i].weight <= reader->weight)
			continue;
		reader->weight = actions[i].weight;
		facts->delivery = actions[i].delivery;
		take_status(group->status, facts->status, sizeof(facts->status));
		strcpy(facts->text, behind_type(group->diagnostic));
		strcpy(facts->recipient, behind_type(group->recipient));
	}
	if (*group->action != '\0')
		reader->recipients++;
	*group = (struct group){0};
	reader->value = NULL;
}

static void read_line(struct reader *reader, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);

	if (len == 0) {
		end_group(reader);
		return;
	}
	if (*line == ' ' || *line == '\t') {
		if (reader->value != NULL)
			value_add(reader->value, line, len);
		return;
	}
	reader->value =
		colon == NULL ? NULL : field_of(&reader->group, line, (size_t)(colon - line));
	if (reader->value == NULL)
		return;
	*reader->value = '\0'; /* doubled: the last counts */
	value_add(reader->value, colon + 1, len - (size_t)(colon + 1 - line));
}

int dsn_parse(const char *text, size_t len, struct dsn_facts *facts_r, struct error *error)
{
	struct reader reader = {.facts = facts_r};

	*facts_r = (struct dsn_facts){0};
	while (len > 0 && reader.recipients < DSN_RECIPIENTS_MAX) {
		const char *newline = memchr(text, '\n', len);
		size_t line = newline == NULL ? len : (size_t)(newline - text);

		read_line(&reader, text, line > 0 && text[line - 1] == '\r' ? line - 1 : line);
		line += newline != NULL;
		text += line;
		len -= line;
	}
	end_group(&reader);
	if (facts_r->delivery == NULL)
		return error_set(
			error, ERROR_NOT_FOUND, "no recipient's outcome in the report");
	return 0;
}

static int read_part(const struct mime_part *part, const char *message,
	struct dsn_facts *facts_r, struct error *error)
{
	static int (*const decoders[])(const char *, size_t, struct decoded *) = {
		[ENCODING_QUOTED_PRINTABLE] = decode_quoted_printable,
		[ENCODING_BASE64] = decode_base64,
		[ENCODING_UNKNOWN] = NULL,
	};
	size_t len = part->end - part->start;
	struct decoded view;
	int result;

	if (decoders[part->encoding] == NULL)
		return dsn_parse(message + part->start, len, facts_r, error);
	if (len > DECODE_MAX)
		return error_set(error, ERROR_NOT_FOUND, "delivery status is too long");
	if (decoders[part->encoding](message + part->start, len, &view) < 0)
		return error_set(error, ERROR_TEMPORARY, "out of memory");
	result = dsn_parse(view.text, view.len, facts_r, error);
	decoded_free(&view);
	return result;
}

int dsn_read(const char *message, size_t len, size_t body_start, struct dsn_facts *facts_r,
	struct error *error)
{
	struct mime *mime = mime_parse(message, len, body_start, error);
	int result = -1;

	if (mime == NULL)
		return -1;
	error_set(error, ERROR_NOT_FOUND, "no delivery status report");
	/* Some put their words into a part of that type, too. */
	for (size_t i = 0;
		mime_is_delivery_report(mime) && i < mime_part_count(mime) && result < 0; i++)
		if (mime_part(mime, i)->kind == PART_DELIVERY_STATUS)
			result = read_part(mime_part(mime, i), message, facts_r, error);
	mime_free(&mime);
	return result;
}
