/*
 * Who sends, what a message may be, and what becomes of it.
 */
#include "mail/recognise.h"

#include "support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const struct sockaddr *address_of(const char *text, struct sockaddr_storage *storage)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)storage;

	memset(storage, 0, sizeof(*storage));
	if (text == NULL)
		return NULL;
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
		v4->sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
		v6->sin6_family = AF_INET6;
	return (const struct sockaddr *)(const void *)storage;
}

static void knows_submitters(void **state)
{
	static const char *const list[] = {"sasl:platform", "cn:mail.p.example",
		"net:192.0.2.0/28", "net:2001:db8::/33", "net:[::1]", "net:198.51.100.7", NULL};
	static const struct {
		const char *label, *sasl, *certificate, *client;
		bool known;
	} cases[] = {
		{"login", "platform", NULL, "203.0.113.1", true},
		{"other login", "Platform", NULL, "203.0.113.1", false},
		{"certificate", NULL, "mail.p.example", NULL, true},
		{"login that is a certificate's name", "mail.p.example", NULL, NULL, false},
		{"certificate that is a login", NULL, "platform", NULL, false},
		{"network, first", NULL, NULL, "192.0.2.0", true},
		{"network, last", NULL, NULL, "192.0.2.15", true},
		{"network, behind", NULL, NULL, "192.0.2.16", false},
		{"network, mapped", NULL, NULL, "::ffff:192.0.2.5", true},
		{"IPv6 network", NULL, NULL, "2001:db8:7fff::1", true},
		{"IPv6 network, behind", NULL, NULL, "2001:db8:8000::1", false},
		{"IPv6 address", NULL, NULL, "::1", true},
		{"address", NULL, NULL, "198.51.100.7", true},
		{"other address", NULL, NULL, "198.51.100.6", false},
		{"Unix socket", NULL, NULL, "local", false},
		{"nobody", NULL, NULL, NULL, false},
	};
	struct error error;
	struct submitters *submitters = submitters_new(list, &error);

	(void)state;
	assert_non_null(submitters);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sockaddr_storage storage;
		const struct submission submission = {cases[i].sasl, cases[i].certificate,
			address_of(cases[i].client, &storage)};

		assert_number(cases[i].label, submitters_have(submitters, &submission),
			cases[i].known);
	}
	submitters_free(&submitters);
	assert_null(submitters);
	submitters_free(&submitters);
}

static void refuses_submitters(void **state)
{
	static const struct {
		const char *entry, *text;
	} cases[] = {
		{"platform", "\"platform\" is not sasl:NAME, net:CIDR or cn:NAME"},
		{"sasl:", "\"sasl:\" is not sasl:NAME, net:CIDR or cn:NAME"},
		{"net:192.0.2.0/33", "\"net:192.0.2.0/33\" is no network"},
		{"net:192.0.2.0/", "\"net:192.0.2.0/\" is no network"},
		{"net:192.0.2.0/8x", "\"net:192.0.2.0/8x\" is no network"},
		{"net:192.0.2", "\"net:192.0.2\" is no network"},
		{"net:::/129", "\"net:::/129\" is no network"},
		{"net:[]", "\"net:[]\" is no network"},
		{"net:/8", "\"net:/8\" is no network"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *const list[] = {"sasl:fine", cases[i].entry, NULL};
		struct error error;

		assert_null(submitters_new(list, &error));
		assert_number(cases[i].entry, error.kind, ERROR_CONFIGURATION);
		assert_non_null(strstr(error.text, cases[i].text));
	}
}

static void sorts_mail(void **state)
{
	static const struct {
		const char *label;
		struct mail_marks marks;
		enum mail_kind kind;
	} cases[] = {
		{"nothing", {0}, MAIL_UNRELATED},
		{"welcome sender", {.welcome_sender = true}, MAIL_MAYBE_WELCOME},
		{"welcome sender first", {.welcome_sender = true, .consent_sender = true},
			MAIL_MAYBE_WELCOME},
		{"null sender", {.null_sender = true}, MAIL_UNRELATED},
		{"report", {.report = true}, MAIL_MAYBE_REPORT},
		{"bounce", {.null_sender = true, .report = true}, MAIL_MAYBE_REPORT},
		{"consent", {.consent_sender = true}, MAIL_CLAIMS_CONSENT},
		{"consent with the null sender", {.null_sender = true, .consent_sender = true},
			MAIL_CLAIMS_CONSENT},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_number(cases[i].label, mail_kind(&cases[i].marks), cases[i].kind);
}

static void decides(void **state)
{
	static const struct {
		const char *label;
		struct welcome_facts facts;
		enum welcome_action action;
	} cases[] = {
		{"neither link nor subject", {.has_text = true}, WELCOME_NONE},
		{"protected, but not ours", {.is_protected = true}, WELCOME_NONE},
		{"link", {.linked = true, .has_text = true}, WELCOME_INJECT},
		{"link beside our own", {.linked = true, .tracked = true, .has_text = true},
			WELCOME_INJECT},
		{"link, whatever the fallback",
			{.linked = true, .has_text = true, .fallback = LINK_FALLBACK_REJECT},
			WELCOME_INJECT},
		{"link in a signed one", {.linked = true, .is_protected = true},
			WELCOME_REJECT_PROTECTED},
		{"link in a signed one, passed",
			{.linked = true, .is_protected = true, .unsignable = UNSIGNABLE_PASS},
			WELCOME_PASS_PROTECTED},
		{"subject of a signed one", {.subject_fits = true, .is_protected = true},
			WELCOME_REJECT_PROTECTED},
		{"subject", {.subject_fits = true, .has_text = true}, WELCOME_PASS_UNMARKED},
		{"subject, append",
			{.subject_fits = true,
				.has_text = true,
				.fallback = LINK_FALLBACK_APPEND},
			WELCOME_APPEND},
		{"subject, append, no text",
			{.subject_fits = true, .fallback = LINK_FALLBACK_APPEND},
			WELCOME_PASS_NO_TEXT},
		{"subject, reject",
			{.subject_fits = true,
				.has_text = true,
				.fallback = LINK_FALLBACK_REJECT},
			WELCOME_REJECT_UNMARKED},
		{"second time, append",
			{.subject_fits = true,
				.tracked = true,
				.has_text = true,
				.fallback = LINK_FALLBACK_APPEND},
			WELCOME_NONE},
		{"second time, reject",
			{.subject_fits = true,
				.tracked = true,
				.has_text = true,
				.fallback = LINK_FALLBACK_REJECT},
			WELCOME_NONE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_number(cases[i].label, welcome_action(&cases[i].facts), cases[i].action);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_submitters),
		cmocka_unit_test(refuses_submitters),
		cmocka_unit_test(sorts_mail),
		cmocka_unit_test(decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
