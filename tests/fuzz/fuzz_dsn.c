/*
 * Delivery reports: the status part by itself, and a whole message.
 */
#include "mail/dsn.h"
#include "mail_input.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	mail_init();
	return argc == NULL || argv == NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dsn_facts facts;
	struct buf message;
	size_t body_start;
	struct error error;

	if (dsn_parse((const char *)data, size, &facts, &error) == 0 &&
		(facts.delivery == NULL || strpbrk(facts.text, "\r\n\t") != NULL ||
			strspn(facts.status, "0123456789.") != strlen(facts.status)))
		abort();
	body_start = input_message(data, size, &message);
	dsn_read(message.data, message.len, body_start, &facts, &error);
	buf_free(&message);
	return 0;
}
