/*
 * Reports on deliveries: the status part by itself, and a whole message, whose header comes with its body.
 */
#include "mail/report.h"
#include "mail_input.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	mail_init();
	return argc == NULL || argv == NULL;
}

static void check(const struct dsn_facts *facts)
{
	const struct dsn_recipient *outcome = dsn_outcome(facts, "a@b");

	if ((outcome == NULL) != (facts->count == 0))
		abort();
	if (outcome != NULL &&
		(outcome->delivery == NULL || strpbrk(outcome->text, "\r\n\t") ||
			strspn(outcome->status, "0123456789.") != strlen(outcome->status)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dsn_facts facts = {0};
	struct report_source source = {.tracked_url = "https://i.example/i/"};
	struct headers headers;
	struct report report;
	struct buf message;
	struct error error;

	dsn_parse((const char *)data, size, &facts);
	check(&facts);
	dsn_free(&facts);
	source.body_start = input_message(data, size, &headers, &message);
	source.headers = &headers;
	source.message = message.data;
	source.len = message.len;
	if (report_read(&source, &report, &error) == 0)
		check(&report.facts);
	report_free(&report);
	headers_free(&headers);
	buf_free(&message);
	return 0;
}
