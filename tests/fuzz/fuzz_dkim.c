/*
 * The whole proof, with a key that nobody has any more: whatever is done to mails that it has
 * signed, what is believed at last says what was signed.
 */
#include "mail/consent.h"
#include "mail/dkim.h"
#include "mail/dns_txt.h"
#include "mail_input.h"

static const char key[] =
	"v=DKIM1; p="
	"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDAf5Dwh5zMinlBPkjLdWZvL24kRbHzJc5lZzn49FeR"
	"QBkpPeVc0J0hlNt6CXvru/JIWLfITXxPWmLv4Y9JpNXzwGyTxRwUSD7juckITlqmSeErDYxGZLBDzUIR"
	"oi1SMWOO4HNtsoxigaUCcOCIrG5vcAWZ0VbRft8pMzPhFfL20wIDAQAB";
static const char *const domains[] = {"m.example", NULL},
			 *const senders[] = {"a@m.example", NULL}, *const nowhere[] = {NULL};
static struct dkim_verifier *verifier;
static struct consent_table *table;

/* Instead of the network. */
int dns_servers_check(string_list servers, struct error *error)
{
	return servers == NULL || error == NULL ? -1 : 0;
}

int dns_txt(const struct dns_question *question, char *text_r, size_t size, struct error *error)
{
	if (question->seconds < 1 || error == NULL || sizeof(key) > size)
		abort();
	memcpy(text_r, key, sizeof(key));
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct error error;

	mail_init();
	table = consent_table_load("conf/consent_patterns", "App", &error);
	verifier = dkim_verifier_new(domains, nowhere, &error);
	return argc == NULL || argv == NULL || table == NULL || verifier == NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct consent_facts facts;
	struct headers headers;
	struct buf message;
	size_t body = input_message(data, size, &headers, &message);

	if (consent_read(&headers, senders, table, 1717848000, &facts) == 0)
		dkim_check(verifier, &headers, message.data + body, message.len - body,
			&facts.authentication);
	if (consent_refusal(&facts, true) == NULL &&
		(strcmp(facts.subject, "Request for access to App approved") != 0 ||
			strcmp(facts.from, "a@m.example") != 0 || facts.to_count != 1 ||
			strcmp(facts.to[0], "x@y.example") != 0 || facts.date != 1717847940))
		abort();
	consent_facts_free(&facts);
	headers_free(&headers);
	buf_free(&message);
	return 0;
}
