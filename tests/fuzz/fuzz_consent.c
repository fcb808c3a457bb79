/*
 * What may be a consent mail: what its header alone does not refuse has each field that counts
 * once, and is refused without authentication and taken with it.
 */
#include "mail/consent.h"
#include "mail_input.h"

#include <strings.h>

static const char *const senders[] = {"a@m.example", NULL};
static struct consent_table *table;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct error error;

	mail_init();
	table = consent_table_load("conf/consent_patterns", "App", &error);
	return argc == NULL || argv == NULL || table == NULL;
}

static bool holds(const struct headers *headers, struct consent_facts *facts)
{
	static const char *const fields[] = {"From", "Subject", "To", "Date", "Message-ID"};
	bool unproved = consent_refusal(facts, true) != NULL;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (headers_count(headers, fields[i]) != 1)
			return false;
	facts->authentication =
		(struct authentication){AUTHENTICATION_PASS, "M.example", SIGNED_ALL, false};
	return unproved && consent_refusal(facts, true) == NULL &&
	       strcasecmp(facts->from, senders[0]) == 0 && facts->to[0] != NULL &&
	       facts->forwarded != NULL && strcasestr(facts->subject, "app") != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct consent_facts facts;
	struct headers headers;

	input_headers(data, size, &headers);
	if (consent_read(&headers, senders, table, 1717848000, &facts) == 0 &&
		consent_refusal(&facts, false) == NULL && !holds(&headers, &facts))
		abort();
	consent_claimed(&headers, senders);
	consent_facts_free(&facts);
	headers_free(&headers);
	return 0;
}
