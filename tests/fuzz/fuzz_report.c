/*
 * Reports on deliveries: the status part by itself, and a whole message, whose header comes
 * with its body.
 */
#include "mail/dsn_value.h"
#include "mail/report.h"
#include "mail_input.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	mail_init();
	return argc == NULL || argv == NULL;
}

static bool printable(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

/* What goes to logs and records is one line. Whoever is named is found by that name. */
static void check(const struct dsn_facts *facts)
{
	if ((dsn_outcome(facts, "a@b") == NULL) != (facts->count == 0) ||
		!printable(facts->envelope_id))
		abort();
	for (size_t i = 0; i < facts->count && i < 10; i++) {
		const struct dsn_recipient *one = &facts->recipients[i];
		const struct dsn_recipient *found =
			dsn_outcome(facts, *one->original ? one->original : one->recipient);

		if (one->delivery == NULL || !printable(one->text) ||
			!printable(one->recipient) || !printable(one->original) ||
			strspn(one->status, "0123456789.") != strlen(one->status))
			abort();
		if (*one->original != '\0' && !dsn_is_address(found->original, one->original))
			abort();
	}
}

static void check_leads(const struct report *report)
{
	for (size_t i = 0; i < report->message_id_count; i++) {
		const char *id = report->message_ids[i];

		if (*id != '<' || strchr(id, '>') != id + strlen(id) - 1)
			abort();
	}
	for (size_t i = 0; i < report->mailbox_count; i++)
		if (*report->mailboxes[i] == '\0')
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
	check_leads(&report);
	report_free(&report);
	headers_free(&headers);
	buf_free(&message);
	return 0;
}
