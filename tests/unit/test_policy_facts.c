/*
 * What a request says of its sender and submitter, with the settings.
 */
#include "support.h"

#include "../../policy/config.c"
#include "../../policy/facts.c"
#include "../../policy/request.c"

#include <stdio.h>
#include <string.h>

static const char *const senders[] = {"platform@provider.test", "@open.test", NULL};
static const char *const submitters[] = {
	"sasl:platform", "net:192.0.2.0/24", "net:2001:db8::/32", "cn:Relay+1", NULL};

static const struct {
	const char *label, *attributes;
	const char *want; /* early, welcome, submitter, encrypted, recipient */
} rows[] = {
	{"nothing", "", "-----"},
	{"null sender", "sender=\nrecipient=a@b\n", "----r"},
	{"somebody", "sender=a@provider.test\nclient_address=192.0.2.1\n", "-----"},
	{"domain entry", "sender=x@open.test\nclient_address=192.0.2.1\n", "-----"},
	{"the entry itself", "sender=@open.test\n", "-----"},
	{"stranger", "sender=platform@provider.test\nclient_address=198.51.100.1\n", "-w---"},
	{"case", "sender=PLATFORM@Provider.Test\nrecipient=a@b\n", "-w--r"},
	{"network", "sender=platform@provider.test\nclient_address=192.0.2.255\n", "-ws--"},
	{"v6", "sender=platform@provider.test\nclient_address=2001:db8:1::1\n", "-ws--"},
	{"other v6", "sender=platform@provider.test\nclient_address=2001:db9::1\n", "-w---"},
	{"mapped", "sender=platform@provider.test\nclient_address=::ffff:192.0.2.9\n", "-ws--"},
	{"no address", "sender=platform@provider.test\nclient_address=unknown\n", "-w---"},
	{"login", "sender=platform@provider.test\nsasl_username=platform\n", "-ws--"},
	{"other login", "sender=platform@provider.test\nsasl_username=Platform\n", "-w---"},
	{"certificate", "sender=platform@provider.test\nccert_subject=Relay+2B1\n", "-ws--"},
	{"not decoded", "sender=platform@provider.test\nccert_subject=Relay+1\n", "-w---"},
	{"TLS", "sender=platform@provider.test\nencryption_protocol=TLSv1.3\n", "-w-e-"},
	{"RCPT", "protocol_state=RCPT\nrecipient=a@b\n", "----r"},
	{"DATA", "protocol_state=DATA\n", "-----"},
	{"END-OF-MESSAGE", "protocol_state=END-OF-MESSAGE\n", "-----"},
	{"VRFY", "protocol_state=VRFY\nrecipient=a@b\n", "----r"},
	{"MAIL", "protocol_state=MAIL\nsender=platform@provider.test\n", "ew---"},
	{"CONNECT", "protocol_state=CONNECT\n", "e----"},
};

static void test_facts(void **state)
{
	struct settings settings = {
		.welcome_senders = senders, .welcome_submitters = submitters};
	struct error error;
	void *config;

	(void)state;
	assert_int_equal(config_new(&settings, &config, &error), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[500], got[6];
		struct request request;
		struct facts facts;
		size_t scanned = 0;

		snprintf(text, sizeof(text), "request=smtpd_access_policy\n%s\n",
			rows[i].attributes);
		assert_true(request_get(text, strlen(text), &scanned, &request, &error) > 0);
		facts_read(&request, &settings, config, &facts);
		snprintf(got, sizeof(got), "%c%c%c%c%c", facts.too_early ? 'e' : '-',
			facts.welcome_sender ? 'w' : '-', facts.submitter ? 's' : '-',
			facts.encrypted ? 'e' : '-', facts.recipient ? 'r' : '-');
		assert_text(rows[i].label, got, rows[i].want);
	}
	config_free(config);
}

static void test_settings(void **state)
{
	struct settings settings = {.welcome_senders = senders,
		.welcome_submitters = submitters,
		.welcome_require_tls = YES,
		.require_known_customer = YES,
		.resend_interval = 90,
		.recipient_daily_limit = 7};
	struct request request = {0};
	struct error error;
	struct facts facts;
	void *config;

	(void)state;
	for (size_t i = 0; i < ATTRIBUTES; i++)
		request.values[i].data = "";
	assert_int_equal(config_new(&settings, &config, &error), 0);
	facts_read(&request, &settings, config, &facts);
	assert_true(facts.require_tls && facts.require_known);
	assert_number("interval", facts.resend_interval, 90);
	assert_number("limit", (long long)facts.daily_limit, 7);
	assert_number("not asked", facts.store, STORE_NOT_ASKED);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests_name("policy facts", tests, NULL, NULL);
}
