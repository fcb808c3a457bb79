/*
 * Envelope addresses as anybody may give them: what is read of one fits, is no longer, and where
 * it is a mailbox it is one of its own entry and its domain's.
 */
#include "mail/address.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argument = strndup((const char *)data, size), address[64], bare[sizeof(address)];
	size_t len = strlen(argument);
	bool bracketed = len >= 2 && argument[0] == '<' && argument[len - 1] == '>';

	if (envelope_address(argument, address, sizeof(address)) !=
		(len - (bracketed ? 2 : 0) < sizeof(address)))
		abort();
	if (envelope_address(argument, address, sizeof(address)) && mailbox_valid(address)) {
		const char *const own[] = {address, NULL};
		const char *const domain[] = {strrchr(address, '@'), NULL};

		if (!address_listed(own, address) || !address_listed(domain, address) ||
			strlen(address) > len || strpbrk(address, " <>\"\r\n") != NULL)
			abort();
		/* What is a mailbox is read as it stands. */
		if (!envelope_address(address, bare, sizeof(bare)) ||
			strcmp(bare, address) != 0)
			abort();
	}
	free(argument);
	return 0;
}
