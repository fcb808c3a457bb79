/*
 * Genuine mail of Microsoft's with a stranger's text in it exists and is replayed with its
 * signature intact. Hence: one From, the whole subject, the fields signed that we build on,
 * none of them doubled (an unsigned second one would be what a reader sees), signed as a whole,
 * recent.
 */
#include "mail/consent.h"

#include "mail/subject.h"
#include "mail/value.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool one_from(const struct consent_facts *facts)
{
	return facts->from_addresses == 1;
}

static bool from_listed(const struct consent_facts *facts)
{
	return facts->from_listed;
}

static bool subject_fits(const struct consent_facts *facts)
{
	return facts->consent != NULL;
}

static bool not_doubled(const struct consent_facts *facts)
{
	return !facts->doubled;
}

static bool recent(const struct consent_facts *facts)
{
	return facts->date != 0 && facts->date >= facts->now - CONSENT_AGE_MAX &&
	       facts->date <= facts->now + CONSENT_AHEAD_MAX;
}

static bool has_to(const struct consent_facts *facts)
{
	return facts->to_count > 0;
}

static bool has_message_id(const struct consent_facts *facts)
{
	return facts->message_id != NULL && *facts->message_id != '\0';
}

static bool key_available(const struct consent_facts *facts)
{
	return facts->authentication.outcome != AUTHENTICATION_TEMPORARY;
}

static bool passes(const struct consent_facts *facts)
{
	return facts->authentication.outcome == AUTHENTICATION_PASS;
}

static bool aligned(const struct consent_facts *facts)
{
	const char *at = strrchr(facts->from, '@');

	return at != NULL && domain_within(at + 1, facts->authentication.domain);
}

static bool fields_signed(const struct consent_facts *facts)
{
	return (facts->authentication.fields & SIGNED_ALL) == SIGNED_ALL;
}

static bool wholly_signed(const struct consent_facts *facts)
{
	return !facts->authentication.length_limited;
}

static const struct consent_check {
	bool (*holds)(const struct consent_facts *facts);
	bool authenticated; /* asks for authentication */
	const char *reason;
} checks[] = {
	{one_from, false, "From: is not one address"},
	{from_listed, false, "From: is no consent sender"},
	{subject_fits, false, "subject fits no consent pattern"},
	{not_doubled, false, "From, Subject, To, Date or Message-ID is doubled"},
	{recent, false, "Date is missing or not recent"},
	{has_to, false, "To: names nobody"},
	{has_message_id, false, "Message-ID is missing"},
	{key_available, true, "DKIM key cannot be looked up now"},
	{passes, true, "no valid DKIM signature of a consent domain"},
	{aligned, true, "DKIM domain is not that of From:"},
	{fields_signed, true, "DKIM signature does not cover From, Subject, To and Date"},
	{wholly_signed, true, "DKIM signature covers a part of the body only"},
};

const char *consent_refusal(const struct consent_facts *facts, bool authenticated)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (checks[i].authenticated <= authenticated && !checks[i].holds(facts))
			return checks[i].reason;
	return NULL;
}

static bool listed(string_list senders, const char *address)
{
	for (; *senders != NULL; senders++)
		if (strcasecmp(*senders, address) == 0)
			return true;
	return false;
}

static bool contains(const struct header_field *field, const char *address)
{
	size_t len = strlen(address);

	for (size_t i = 0; i + len <= field->value_len; i++)
		if (strncasecmp(field->value + i, address, len) == 0)
			return true;
	return false;
}

bool consent_claimed(const struct headers *headers, string_list senders)
{
	struct header_field field;
	size_t offset = 0;

	while (headers_next(headers, &offset, &field)) {
		if (!header_named(&field, "From"))
			continue;
		for (string_list sender = senders; *sender != NULL; sender++)
			if (contains(&field, *sender))
				return true;
	}
	return false;
}

static int read_addresses(
	const struct headers *headers, string_list senders, struct consent_facts *facts)
{
	char *from = headers_value(headers, "From"), *to = headers_value(headers, "To");
	char **from_list = NULL;

	facts->from_addresses = from == NULL ? 0 : mail_addresses(from, &from_list);
	facts->to_count = to == NULL ? 0 : mail_addresses(to, &facts->to);
	if (facts->from_addresses > 0) {
		facts->from = strdup(from_list[0]);
		facts->from_listed = facts->from != NULL && listed(senders, facts->from);
	}
	mail_addresses_free(&from_list);
	free(from);
	free(to);
	return facts->from_addresses < 0 || facts->to_count < 0 ? -1 : 0;
}

static void read_subject(const struct headers *headers, const struct consent_table *table,
	struct consent_facts *facts)
{
	char *raw = headers_value(headers, "Subject");

	facts->subject = subject_read(raw == NULL ? "" : raw);
	if (facts->subject != NULL) {
		facts->consent = consent_table_match(table, facts->subject);
		facts->forwarded = consent_table_match(table, subject_core(facts->subject));
	}
	free(raw);
}

static bool any_doubled(const struct headers *headers)
{
	static const char *const fields[] = {"From", "Subject", "To", "Date", "Message-ID"};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (headers_count(headers, fields[i]) > 1)
			return true;
	return false;
}

int consent_read(const struct headers *headers, string_list senders,
	const struct consent_table *table, time_t now, struct consent_facts *facts_r)
{
	char *date = headers_value(headers, "Date");

	*facts_r = (struct consent_facts){.now = now};
	if (date != NULL && mail_date(date, &facts_r->date) < 0)
		facts_r->date = 0;
	free(date);
	facts_r->message_id = headers_value(headers, "Message-ID");
	facts_r->doubled = any_doubled(headers);
	read_subject(headers, table, facts_r);
	return read_addresses(headers, senders, facts_r);
}

void consent_facts_free(struct consent_facts *facts)
{
	free(facts->from);
	free(facts->subject);
	free(facts->message_id);
	mail_addresses_free(&facts->to);
	*facts = (struct consent_facts){0};
}
