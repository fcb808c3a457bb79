/*
 * A signature covers the body's hash, which no edit of the body leaves as it was.
 */
#include "mail/broken_dkim.h"

#include "mail/authentication.h"
#include "mail/value.h"

#include <stdlib.h>
#include <string.h>

#define SIGNATURES_MAX 100

static bool of_author(const struct headers *headers, const char *signing)
{
	char *from = headers_value(headers, "From");
	char **addresses = NULL;
	bool found = false;

	if (from != NULL && mail_addresses(from, &addresses) > 0)
		for (char **address = addresses; *address != NULL; address++) {
			const char *at = strrchr(*address, '@');

			found |= at != NULL && domain_within(at + 1, signing);
		}
	mail_addresses_free(&addresses);
	free(from);
	return found;
}

bool broken_dkim(const struct headers *headers, size_t n)
{
	struct header_field field;
	size_t offset = 0;

	while (n <= SIGNATURES_MAX && headers_next(headers, &offset, &field)) {
		char domain[256];

		if (!header_named(&field, DKIM_SIGNATURE) || --n > 0)
			continue;
		return dkim_tag(&field, "d", domain, sizeof(domain)) &&
		       of_author(headers, domain);
	}
	return false;
}
