/*
 * Authentication-Results of the site's verifier.
 */
#include "mail/authentication.h"

#include "support.h"

#include <string.h>

static const char *const domains[] = {"microsoft.com", NULL};

static void reads_signed_fields(void **state)
{
	static const struct {
		const char *h;
		unsigned int fields;
	} cases[] = {
		{"from:subject:date:message-id:to", SIGNED_ALL},
		{" From : SUBJECT\r\n\t:Date:To:To", SIGNED_ALL},
		{"from", SIGNED_FROM},
		{"fromx:xto:subjec", 0},
		{"::to::", SIGNED_TO},
		{"", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_number(cases[i].h, signed_fields(cases[i].h), cases[i].fields);
}

#define ALL	  "from:subject:date:to"
#define SIGNATURE " v=1; a=rsa-sha256; d=microsoft.com; s=x;\n\th=" ALL "; bh=x; b=x"

static void reads_results(void **state)
{
	static const struct {
		const char *label, *results, *signature;
		bool pass;
		unsigned int fields;
		bool limited;
	} cases[] = {
		{"pass", " mx.p.example; dkim=pass header.d=microsoft.com", SIGNATURE, true,
			SIGNED_ALL, false},
		{"as verifiers write it",
			" mx.p.example (build 1; dkim=fail);\n\tspf=pass "
			"smtp.mailfrom=x@y.example;\n\tdkim=pass "
			"(1024-bit key) header.d=Microsoft.com header.i=@microsoft.com "
			"header.b=abc",
			SIGNATURE, true, SIGNED_ALL, false},
		{"version behind the id", " mx.p.example 1; dkim=pass header.d=microsoft.com",
			SIGNATURE, true, SIGNED_ALL, false},
		{"comment before the id", " (c) MX.p.example; dkim=pass header.d=microsoft.com",
			SIGNATURE, true, SIGNED_ALL, false},
		{"other id", " mx.other.example; dkim=pass header.d=microsoft.com", SIGNATURE,
			false, 0, false},
		{"id that begins like it",
			" mx.p.example.org; dkim=pass header.d=microsoft.com", SIGNATURE, false,
			0, false},
		{"fail", " mx.p.example; dkim=fail header.d=microsoft.com", SIGNATURE, false, 0,
			false},
		{"other domain", " mx.p.example; dkim=pass header.d=attacker.example",
			SIGNATURE, false, 0, false},
		{"other domain first",
			" mx.p.example; dkim=pass header.d=list.example; dkim=pass "
			"header.d=microsoft.com",
			SIGNATURE, true, SIGNED_ALL, false},
		{"no domain", " mx.p.example; dkim=pass", SIGNATURE, false, 0, false},
		{"other method", " mx.p.example; dmarc=pass header.d=microsoft.com", SIGNATURE,
			false, 0, false},
		{"within a comment",
			" mx.p.example; none (; dkim=pass header.d=microsoft.com )", SIGNATURE,
			false, 0, false},
		{"within a nested comment",
			" mx.p.example; none ((\\)) ; dkim=pass header.d=microsoft.com )",
			SIGNATURE, false, 0, false},
		{"behind a nested comment",
			" mx.p.example; none ((a) ; dkim=pass header.d=microsoft.com )",
			SIGNATURE, false, 0, false},
		{"within a quoted address",
			" mx.p.example; spf=pass smtp.mailfrom=\"x; dkim=pass "
			"header.d=microsoft.com "
			"\"@attacker.example",
			SIGNATURE, false, 0, false},
		{"within a quoted address with a quote",
			" mx.p.example; spf=pass smtp.mailfrom=\"x\\\"; dkim=pass "
			"header.d=microsoft.com "
			"\"@attacker.example",
			SIGNATURE, false, 0, false},
		{"quote left open", " mx.p.example; x=\"; dkim=pass header.d=microsoft.com",
			SIGNATURE, false, 0, false},
		{"less signed", " mx.p.example; dkim=pass header.d=microsoft.com",
			" d=microsoft.com; h=from:to", true, SIGNED_FROM | SIGNED_TO, false},
		{"length", " mx.p.example; dkim=pass header.d=microsoft.com",
			" d=microsoft.com; l=10; h=" ALL, true, SIGNED_ALL, true},
		{"nothing said of fields", " mx.p.example; dkim=pass header.d=microsoft.com",
			" d=microsoft.com", true, 0, false},
		{"signature of another domain",
			" mx.p.example; dkim=pass header.d=microsoft.com",
			" d=other.example; h=" ALL, true, 0, false},
		{"no signature", " mx.p.example; dkim=pass header.d=microsoft.com", NULL, true,
			0, false},
		{"empty", "", SIGNATURE, false, 0, false},
		{"id alone", " mx.p.example", SIGNATURE, false, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct authentication result;
		struct headers headers;

		headers_init(&headers);
		headers_add(&headers, "Authentication-Results", cases[i].results);
		if (cases[i].signature != NULL)
			headers_add(&headers, "DKIM-Signature", cases[i].signature);
		authentication_results(&headers, "mx.p.example", domains, &result);
		assert_number(cases[i].label, result.outcome,
			cases[i].pass ? AUTHENTICATION_PASS : AUTHENTICATION_FAIL);
		assert_number(cases[i].label, result.fields, cases[i].fields);
		assert_number(cases[i].label, result.length_limited, cases[i].limited);
		headers_free(&headers);
	}
}

static void takes_the_topmost_field_and_the_weakest_signature(void **state)
{
	static const char *const own[] = {" mx; spf=none;\n DKIM=None", " mx; none",
		" mx 1; none", " mx; dkim = fail", " mx; dkim/1=fail reason=\"x\""};
	struct authentication result;
	struct headers headers;

	(void)state;
	headers_init(&headers);
	headers_add(
		&headers, "Authentication-Results", " other; dkim=fail header.d=microsoft.com");
	headers_add(
		&headers, "Authentication-Results", " mx; dkim=fail header.d=microsoft.com");
	headers_add(
		&headers, "Authentication-Results", " mx; dkim=pass header.d=microsoft.com");
	headers_add(&headers, "DKIM-Signature", SIGNATURE);
	authentication_results(&headers, "mx", domains, &result);
	assert_number("topmost", result.outcome, AUTHENTICATION_FAIL);
	headers_free(&headers);

	headers_init(&headers);
	headers_add(&headers, "Authentication-Results",
		" mx; dmarc=pass (p=reject; dkim=fail) header.from=microsoft.com");
	headers_add(
		&headers, "Authentication-Results", " mx; dkim=pass header.d=microsoft.com");
	headers_add(&headers, "DKIM-Signature", SIGNATURE);
	authentication_results(&headers, "mx", domains, &result);
	assert_number("below DMARC's", result.outcome, AUTHENTICATION_PASS);
	headers_free(&headers);

	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		headers_init(&headers);
		headers_add(&headers, "Authentication-Results", own[i]);
		headers_add(&headers, "Authentication-Results",
			" mx; dkim=pass header.d=microsoft.com");
		headers_add(&headers, "DKIM-Signature", SIGNATURE);
		authentication_results(&headers, "mx", domains, &result);
		assert_number(own[i], result.outcome, AUTHENTICATION_FAIL);
		headers_free(&headers);
	}

	headers_init(&headers);
	headers_add(
		&headers, "Authentication-Results", " mx; dkim=pass header.d=microsoft.com");
	headers_add(&headers, "DKIM-Signature", SIGNATURE);
	headers_add(&headers, "DKIM-Signature", " d=MICROSOFT.com;h=from:date;");
	authentication_results(&headers, "mx", domains, &result);
	assert_number("weakest", result.fields, SIGNED_FROM | SIGNED_DATE);
	headers_free(&headers);
}

static void knows_what_lies_below_a_domain(void **state)
{
	static const struct {
		const char *domain, *parent;
		bool within;
	} cases[] = {
		{"microsoft.com", "microsoft.com", true},
		{"Microsoft.COM", "microsoft.com", true},
		{"a.b.microsoft.com", "Microsoft.com", true},
		{"notmicrosoft.com", "microsoft.com", false},
		{"microsoft.com", "a.microsoft.com", false},
		{"microsoft.com.example", "microsoft.com", false},
		{"microsoft.com", "", false},
		{"", "microsoft.com", false},
		{"", "", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_number(cases[i].domain, domain_within(cases[i].domain, cases[i].parent),
			cases[i].within);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_signed_fields),
		cmocka_unit_test(reads_results),
		cmocka_unit_test(takes_the_topmost_field_and_the_weakest_signature),
		cmocka_unit_test(knows_what_lies_below_a_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
