/*
 * What may be a consent mail: what its header alone does not refuse names somebody, and is refused without
 * authentication.
 */
#include "mail/consent.h"
#include "mail_input.h"

static const char *const senders[] = {"a@m.example", NULL};
static struct consent_table *table;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct error error;

	mail_init();
	table = consent_table_load("conf/consent_patterns", "App", &error);
	return argc == NULL || argv == NULL || table == NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct consent_facts facts;
	struct headers headers;

	input_headers(data, size, &headers);
	if (consent_read(&headers, senders, table, 1717848000, &facts) == 0 &&
		consent_refusal(&facts, false) == NULL &&
		(facts.to[0] == NULL || consent_refusal(&facts, true) == NULL))
		abort();
	consent_claimed(&headers, senders);
	consent_facts_free(&facts);
	headers_free(&headers);
	return 0;
}
