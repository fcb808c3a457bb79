/*
 * Authentication-Results and signatures: only a listed domain passes, by words that stand
 * there, and only then fields are covered. Below a word of the verifier's own nothing counts.
 * A signature that an edit breaks is one of the domain in From.
 */
#include "mail/authentication.h"
#include "mail/broken_dkim.h"
#include "mail_input.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	mail_init();
	return argc == NULL || argv == NULL;
}

static void read_below(const struct headers *headers, const char *results, string_list domains,
	struct authentication *result_r)
{
	struct headers more;

	headers_init(&more);
	headers_add(&more, "Authentication-Results", results);
	buf_append(&more.raw, headers->raw.data, headers->raw.len);
	authentication_results(&more, "mx", domains, result_r);
	headers_free(&more);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const domains[] = {"m.example", NULL};
	struct authentication result, below;
	struct headers headers;

	input_headers(data, size, &headers);
	authentication_results(&headers, "mx", domains, &result);
	if (result.outcome == AUTHENTICATION_PASS ? !domain_listed(domains, result.domain)
						  : result.fields != 0)
		abort();
	/* A bare CR is no letter of a value. */
	if (result.outcome == AUTHENTICATION_PASS && memchr(data, '\r', size) == NULL &&
		(strcasestr(headers.raw.data, "dkim=pass") == NULL ||
			strcasestr(headers.raw.data, "header.d=m.example") == NULL))
		abort();
	read_below(&headers, " mx; dkim=none", domains, &below);
	if (below.outcome != AUTHENTICATION_FAIL)
		abort();
	read_below(&headers, " mx; dmarc=fail", domains, &below);
	if (below.outcome != result.outcome)
		abort();
	for (size_t n = 1; n <= headers_count(&headers, DKIM_SIGNATURE) + 1; n++)
		if (broken_dkim(&headers, n) && headers_count(&headers, "From") == 0)
			abort();
	headers_free(&headers);
	return 0;
}
