/*
 * Authentication-Results and signatures: only a listed domain passes, and only then fields are covered.
 */
#include "mail/authentication.h"
#include "mail_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const domains[] = {"m.example", NULL};
	struct authentication result;
	struct headers headers;

	input_headers(data, size, &headers);
	authentication_results(&headers, "mx", domains, &result);
	if (result.outcome == AUTHENTICATION_PASS ? !domain_listed(domains, result.domain)
						  : result.fields != 0)
		abort();
	headers_free(&headers);
	return 0;
}
