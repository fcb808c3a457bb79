/*
 * A delivery-status part is groups of header fields: first the message's, then one a recipient.
 * Fields are read line by line into the group's facts; at the end of a group its recipient is
 * added to those before. One Welcome mail has one recipient, but an alias behind it may have
 * several: which of them counts is decided when all are known.
 */
#include "mail/dsn.h"

#include "mail/dsn_value.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
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
	char original[DSN_VALUE_SIZE];
};

struct reader {
	struct group group;
	char *value; /* of the field being read; NULL for one we do not need */
	struct dsn_facts *facts;
	bool failed; /* out of memory */
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
		{"Original-Recipient", group->original},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strlen(fields[i].name) == name_len &&
			strncasecmp(line, fields[i].name, name_len) == 0)
			return fields[i].value;
	return NULL;
}

/* "5.1.1 bad destination": the code alone. */
static void take_status(const char *value, char *status_r, size_t size)
{
	size_t len = strspn(value, "0123456789.");

	if (len >= size)
		len = 0;
	memcpy(status_r, value, len);
	status_r[len] = '\0';
}

static const char *delivery_of(const char *action)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcasecmp(action, actions[i].action) == 0)
			return actions[i].delivery;
	return NULL;
}

static int weight_of(const char *delivery)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(delivery, actions[i].delivery) == 0)
			return actions[i].weight;
	return 0;
}

int dsn_add(struct dsn_facts *facts, const struct dsn_recipient *recipient)
{
	struct dsn_recipient *recipients;

	if (facts->count == DSN_RECIPIENTS_MAX)
		return 0;
	recipients = reallocarray(facts->recipients, facts->count + 1, sizeof(*recipients));
	if (recipients == NULL)
		return -1;
	facts->recipients = recipients;
	recipients[facts->count++] = *recipient;
	return 0;
}

static void end_group(struct reader *reader)
{
	struct group *group = &reader->group;
	struct dsn_facts *facts = reader->facts;
	struct dsn_recipient recipient = {0};

	dsn_trim(group->envelope_id);
	dsn_trim(group->diagnostic);
	dsn_drop_comments(group->action);
	dsn_drop_comments(group->status);
	dsn_drop_comments(group->recipient);
	dsn_drop_comments(group->original);
	if (*facts->envelope_id == '\0')
		strcpy(facts->envelope_id, group->envelope_id);
	/* "failed; retries exhausted" */
	group->action[strcspn(group->action, " ;")] = '\0';
	recipient.delivery = delivery_of(group->action);
	if (recipient.delivery != NULL) {
		take_status(group->status, recipient.status, sizeof(recipient.status));
		strcpy(recipient.text, dsn_behind_type(group->diagnostic));
		if (*recipient.status == '\0')
			dsn_find_status(
				recipient.text, strlen(recipient.text), recipient.status);
		dsn_address(group->recipient, recipient.recipient);
		dsn_address(group->original, recipient.original);
		reader->failed |= dsn_add(facts, &recipient) < 0;
	}
	*group = (struct group){0};
	reader->value = NULL;
}

/* The field that begins with that line. Some systems put no empty line between two recipients. */
static void begin_field(struct reader *reader, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	size_t name_len = colon == NULL ? 0 : (size_t)(colon - line);
	struct group *group = &reader->group;
	char *value;

	while (name_len > 0 && isspace((unsigned char)line[name_len - 1]))
		name_len--;
	value = field_of(group, line, name_len);
	if ((value == group->recipient || value == group->original) && *value != '\0')
		end_group(reader);
	reader->value = value;
	if (value == NULL)
		return;
	*value = '\0'; /* doubled: the last counts */
	dsn_put(value, DSN_VALUE_SIZE, colon + 1, len - (size_t)(colon + 1 - line));
}

static void read_line(struct reader *reader, const char *line, size_t len)
{
	if (len == 0) {
		end_group(reader);
		return;
	}
	if (*line == ' ' || *line == '\t') {
		if (reader->value != NULL)
			dsn_put(reader->value, DSN_VALUE_SIZE, line, len);
		return;
	}
	begin_field(reader, line, len);
}

int dsn_parse(const char *text, size_t len, struct dsn_facts *facts)
{
	struct reader reader = {.facts = facts};

	while (len > 0 && facts->count < DSN_RECIPIENTS_MAX) {
		const char *newline = memchr(text, '\n', len);
		size_t line = newline == NULL ? len : (size_t)(newline - text);

		read_line(&reader, text, line > 0 && text[line - 1] == '\r' ? line - 1 : line);
		line += newline != NULL;
		text += line;
		len -= line;
	}
	end_group(&reader);
	return reader.failed ? -1 : 0;
}

void dsn_free(struct dsn_facts *facts)
{
	free(facts->recipients);
	*facts = (struct dsn_facts){0};
}

const struct dsn_recipient *dsn_outcome(const struct dsn_facts *facts, const char *mailbox)
{
	const struct dsn_recipient *outcome = NULL;
	int best = 0;

	for (size_t i = 0; i < facts->count; i++) {
		const struct dsn_recipient *recipient = &facts->recipients[i];
		int weight = weight_of(recipient->delivery);

		if (dsn_is_address(recipient->original, mailbox))
			weight += 200;
		else if (dsn_is_address(recipient->recipient, mailbox))
			weight += 100;
		if (weight > best) {
			best = weight;
			outcome = recipient;
		}
	}
	return outcome;
}

/* The length of a number of at most three digits. */
static size_t number_len(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && i < 4 && isdigit((unsigned char)text[i]))
		i++;
	return i < 4 ? i : 0;
}

static size_t status_len(const char *text, size_t len)
{
	size_t at = 1;

	if (len < 5 || strchr("245", text[0]) == NULL || text[0] == '\0')
		return 0;
	for (int part = 0; part < 2; part++) {
		size_t digits = at < len && text[at] == '.'
					? number_len(text + at + 1, len - at - 1)
					: 0;

		if (digits == 0)
			return 0;
		at += 1 + digits;
	}
	return at < len && isalnum((unsigned char)text[at]) ? 0 : at;
}

void dsn_find_status(const char *text, size_t len, char status_r[16])
{
	*status_r = '\0';
	for (size_t i = 0; i < len; i++) {
		size_t found =
			i > 0 && (text[i - 1] == '.' || isalnum((unsigned char)text[i - 1]))
				? 0
				: status_len(text + i, len - i);

		/* An address of the Internet has a fourth number. */
		if (found == 0 || (i + found + 1 < len && text[i + found] == '.' &&
					  isdigit((unsigned char)text[i + found + 1])))
			continue;
		memcpy(status_r, text + i, found);
		status_r[found] = '\0';
		return;
	}
}
