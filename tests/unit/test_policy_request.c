/*
 * Requests of policy delegation: whole, in pieces, and what is none.
 */
#include "support.h"

#include "../../policy/request.c"

#include <stdio.h>
#include <stdlib.h>

#define WHOLE                                                                                  \
	"request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"              \
	"client_address=192.0.2.1\nsender=p@provider.test\nrecipient=s@customer.test\n"        \
	"queue_id=\nfuture_thing=a=b\nsasl_username=platform\nccert_subject=Relay+20+2B1\n"    \
	"sender=second@counts.not\nencryption_protocol=TLSv1.3\n\n"

static void check_values(const char *label, const struct request *request)
{
	static const struct {
		enum attribute attribute;
		const char *want;
	} rows[] = {
		{ATTRIBUTE_PROTOCOL_STATE, "RCPT"},
		{ATTRIBUTE_CLIENT_ADDRESS, "192.0.2.1"},
		{ATTRIBUTE_SENDER, "p@provider.test"},
		{ATTRIBUTE_RECIPIENT, "s@customer.test"},
		{ATTRIBUTE_QUEUE_ID, ""},
		{ATTRIBUTE_SASL_USERNAME, "platform"},
		{ATTRIBUTE_CCERT_SUBJECT, "Relay+20+2B1"},
		{ATTRIBUTE_ENCRYPTION_PROTOCOL, "TLSv1.3"},
	};
	char got[100];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_true(text_copy(request->values[rows[i].attribute], got, sizeof(got)));
		assert_text(label, got, rows[i].want);
	}
	assert_true(request_certificate(request, got, sizeof(got)));
	assert_text(label, got, "Relay +1");
	assert_false(request_certificate(request, got, 8));
	assert_text("does not fit", got, "");
	assert_true(request_certificate(request, got, 9));
}

/* However the bytes come: needed more, then whole, then the same again behind it. */
static void test_split(void **state)
{
	static const char bytes[] = WHOLE WHOLE;
	size_t whole = sizeof(WHOLE) - 1;
	struct request request;
	struct error error;

	(void)state;
	for (size_t first = 0; first < whole; first++)
		for (size_t second = first; second < whole; second += 7) {
			size_t scanned = 0;

			assert_int_equal(
				request_get(bytes, first, &scanned, &request, &error), 0);
			assert_int_equal(
				request_get(bytes, second, &scanned, &request, &error), 0);
			assert_number("whole",
				request_get(bytes, 2 * whole, &scanned, &request, &error),
				(long long)whole);
			assert_number("nothing is kept", (long long)scanned, 0);
			check_values("split", &request);
		}
}

static void test_malformed(void **state)
{
	static const struct {
		const char *label, *text, *words;
	} rows[] = {
		{"empty line", "\n", "not"},
		{"empty lines", "\n\n", "not"},
		{"no equals sign", "request=smtpd_access_policy\nhello\n\n", "name=value"},
		{"no name", "request=smtpd_access_policy\n=x\n\n", "name=value"},
		{"another request", "request=junk\n\n", "smtpd_access_policy"},
		{"no request", "sender=x\n\n", "smtpd_access_policy"},
		{"SMTP", "EHLO x\r\nMAIL FROM:<>\r\n\n\n", "name=value"},
	};
	struct request request;
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t scanned = 0;

		assert_number(rows[i].label,
			request_get(
				rows[i].text, strlen(rows[i].text), &scanned, &request, &error),
			-1);
		if (strstr(error.text, rows[i].words) == NULL)
			fail_msg("%s: %s", rows[i].label, error.text);
	}
}

/* A request may be just as long as allowed, and what never ends is given up. */
static void test_maximum(void **state)
{
	static const char head[] = "request=smtpd_access_policy\nx=";
	char *bytes = malloc(REQUEST_MAX + 10);
	struct request request;
	struct error error;
	size_t scanned = 0;

	(void)state;
	memset(bytes, 'y', REQUEST_MAX + 10);
	memcpy(bytes, head, sizeof(head) - 1);
	memcpy(bytes + REQUEST_MAX - 2, "\n\n", 2);
	assert_number("just fits",
		request_get(bytes, REQUEST_MAX + 10, &scanned, &request, &error), REQUEST_MAX);
	memcpy(bytes + REQUEST_MAX - 2, "y\n\n", 3);
	for (size_t len = 0; len < REQUEST_MAX; len += 1000)
		assert_number("more", request_get(bytes, len, &scanned, &request, &error), 0);
	assert_number("too long",
		request_get(bytes, REQUEST_MAX + 10, &scanned, &request, &error), -1);
	free(bytes);
}

static void test_certificates(void **state)
{
	static const struct {
		const char *coded, *want; /* NULL: none */
	} rows[] = {
		{"", ""},
		{"relay", "relay"},
		{"a+2B+3D", "a+="},
		{"M+C3+BCller", "M\xc3\xbcller"},
		{"a+", NULL},
		{"a+2", NULL},
		{"a+2b", NULL},
		{"a+GG", NULL},
		{"a+00b", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct request request = {0};
		char got[20];

		request.values[ATTRIBUTE_CCERT_SUBJECT] =
			(struct text){rows[i].coded, strlen(rows[i].coded)};
		assert_number(rows[i].coded, request_certificate(&request, got, sizeof(got)),
			rows[i].want != NULL);
		assert_text(rows[i].coded, got, rows[i].want != NULL ? rows[i].want : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_maximum),
		cmocka_unit_test(test_certificates),
	};

	return cmocka_run_group_tests_name("policy requests", tests, NULL, NULL);
}
