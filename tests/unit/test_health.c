/*
 * What is judged, at each side of each limit.
 */
#include "support.h"

#include "base/certificate.h"
#include "base/health.h"
#include "base/json.h"

#include <stdio.h>
#include <string.h>

#define NOW 1800000000
#define DAY (24L * 3600)

/* "part state text" of the only finding; the caller's until the next call. */
static const char *only(struct json_object *findings)
{
	static char said[1024];
	struct json_object *finding = json_object_array_get_idx(findings, 0);

	assert_number("findings", (long long)json_object_array_length(findings), 1);
	snprintf(said, sizeof(said), "%s %s %s", json_string(finding, "part", ""),
		json_string(finding, "state", ""), json_string(finding, "text", ""));
	return said;
}

static void check(const char *label, struct json_object *findings, const char *begin)
{
	char said[1024];

	snprintf(said, sizeof(said), "%.*s", (int)strlen(begin), only(findings));
	assert_text(label, said, begin);
	json_object_put(findings);
}

static void test_names(void **state)
{
	enum health_part part;
	enum health_state found;

	(void)state;
	for (unsigned i = 0; i < HEALTH_PARTS; i++) {
		assert_non_null(health_names[i]);
		assert_non_null(health_meanings[i]);
		assert_true(health_part_named(health_names[i], &part));
		assert_number(health_names[i], part, i);
	}
	assert_false(health_part_named("", &part));
	assert_false(health_part_named("moon", &part));
	assert_true(health_state_named("fail", &found));
	assert_number("fail", found, HEALTH_FAIL);
	assert_false(health_state_named("failed", &found));
}

static void test_clock(void **state)
{
	static const struct {
		long ahead;
		const char *want;
	} cases[] = {
		{0, "clock ok agrees with Microsoft's within 1 s"},
		{-29, "clock ok agrees with Microsoft's within 29 s"},
		{30, "clock warn this machine's clock is 30 s ahead of Microsoft's: set it"},
		{-30, "clock warn this machine's clock is 30 s behind Microsoft's: set it"},
		{299, "clock warn"},
		{300, "clock fail"},
		{-86400, "clock fail"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *findings = json_object_new_array();

		health_clock(findings, cases[i].ahead);
		check(cases[i].want, findings, cases[i].want);
	}
}

static void test_certificate(void **state)
{
	static const struct {
		long left;
		const char *want;
	} cases[] = {
		{90 * DAY,
			"wizard_certificate ok wizard_tls_cert_file is valid until 2027-04-15T"},
		{30 * DAY, "wizard_certificate ok"},
		{30 * DAY - 1,
			"wizard_certificate warn wizard_tls_cert_file /etc/w.pem expires at "
			"2027-02-14T07:59:59Z, in 29 days: put a new one"},
		{0, "wizard_certificate warn"},
		{-1, "wizard_certificate fail wizard_tls_cert_file /etc/w.pem has expired at"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *findings = json_object_new_array();
		const struct health_certificate certificate = {HEALTH_WIZARD_CERTIFICATE,
			"wizard_tls_cert_file", "/etc/w.pem", NOW + cases[i].left};

		health_certificate(findings, &certificate, NOW);
		check(cases[i].want, findings, cases[i].want);
	}
}

static void test_certificate_to_come(void **state)
{
	static const struct {
		long to_come;
		const char *want;
	} cases[] = {
		{0, "smime_certificate ok smime_cert_file is valid until"},
		{1, "smime_certificate fail smime_cert_file /etc/s.pem is not valid before "
		    "2027-01-15T08:00:01Z: use the one before it until then"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *findings = json_object_new_array();
		const struct health_certificate certificate = {HEALTH_SMIME_CERTIFICATE,
			"smime_cert_file", "/etc/s.pem", NOW + 90 * DAY,
			NOW + cases[i].to_come};

		health_certificate(findings, &certificate, NOW);
		check(cases[i].want, findings, cases[i].want);
	}
}

static void test_key_file(void **state)
{
	static const struct {
		long age;
		size_t keys;
		const char *want;
	} cases[] = {
		{0, 1, "link_key ok 1 key, the current one 0 days old"},
		{-9 * DAY, 2, "link_key ok 2 keys, the current one 0 days old"},
		{730 * DAY, 8, "link_key ok 8 keys, the current one 730 days old"},
		{730 * DAY + 1, 1,
			"link_key warn /etc/link.key has had its current key for 730 days: "
			"\"postinvite -k link\" makes"},
		{5 * DAY, 9, "link_key warn /etc/link.key holds 9 keys: remove"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *findings = json_object_new_array();
		const struct health_key_file file = {.part = HEALTH_LINK_KEY,
			.path = "/etc/link.key",
			.flag = "link",
			.changed = NOW - cases[i].age,
			.keys = cases[i].keys};

		health_key_file(findings, &file, NOW);
		check(cases[i].want, findings, cases[i].want);
	}
}

static void test_queue(void **state)
{
	static const struct {
		long late;
		const char *want;
	} cases[] = {
		{0, "queue ok what is due is done in time"},
		{-5, "queue ok"},
		{299, "queue ok"},
		{300, "queue warn the oldest refresh that is due waits since 5 min: tokend's log"},
		{3599, "queue warn"},
		{3600, "queue fail the oldest refresh that is due waits since 60 min"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *findings = json_object_new_array();

		health_queue(findings, "refresh", cases[i].late);
		check(cases[i].want, findings, cases[i].want);
	}
}

static void test_microsoft(void **state)
{
	static const struct {
		struct health_microsoft facts;
		const char *want;
	} cases[] = {
		{{0, 0, 0, "", ""}, "microsoft ok nothing was asked yet"},
		{{NOW - 5, 0, 0, "", ""}, "microsoft ok answered at 2027-01-15T07:59:55Z"},
		{{NOW - 900, NOW - 5, NOW - 5, "it is away", ""},
			"microsoft warn no answer since 2027-01-15T07:59:55Z (it is away): check"},
		{{0, NOW - 300, NOW - 1, "x", ""}, "microsoft warn"},
		{{0, NOW - 300, NOW, "x", ""}, "microsoft fail no answer since"},
		{{0, NOW - 9000, NOW - 3600, "x", ""}, "microsoft ok"},
		{{NOW, 0, 0, "", "mend it"},
			"microsoft fail Microsoft refuses the app registration: mend it"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *findings = json_object_new_array();

		health_microsoft(findings, &cases[i].facts, NOW);
		check(cases[i].want, findings, cases[i].want);
	}
}

static void test_webhook(void **state)
{
	static const struct {
		struct health_webhook facts;
		const char *want;
	} cases[] = {
		{{0, 0}, "webhook ok every event is taken in time"},
		{{NOW - 299, 0}, "webhook ok"},
		{{NOW - 300, 0},
			"webhook warn the receiver at webhook_url has refused an event since "
			"2027-01-15T07:55:00Z"},
		{{NOW - 3600, 7}, "webhook fail the receiver"},
		{{NOW - 10, 7}, "webhook warn 7 events were given up as dead letters"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *findings = json_object_new_array();

		health_webhook(findings, &cases[i].facts, NOW);
		check(cases[i].want, findings, cases[i].want);
	}
}

static void test_disk(void **state)
{
	static const uint64_t mib = 1024 * 1024;
	static const struct {
		uint64_t left, all;
		const char *want;
	} cases[] = {
		{500, 1000, "disk ok 500 MiB are left for /var/x"},
		{100, 1000, "disk ok"},
		{99, 1000, "disk warn only 99 MiB are left for /var/x: make room"},
		{32, 1000, "disk warn"},
		{31, 1000, "disk fail only 31 MiB"},
		{31, 40, "disk fail"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *findings = json_object_new_array();

		health_disk(findings, "/var/x", cases[i].left * mib, cases[i].all * mib);
		check(cases[i].want, findings, cases[i].want);
	}
}

/* A text stays one line of whole characters, however long. */
static void test_text(void **state)
{
	struct json_object *findings = json_object_new_array();
	char text[2 * HEALTH_TEXT_SIZE];
	const char *said;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text + HEALTH_TEXT_SIZE - 3, "\xe2\x82\xac", 3);
	text[3] = '\n';
	health_put(findings, HEALTH_CLOCK, HEALTH_WARN, "%s", text);
	said = json_string(json_object_array_get_idx(findings, 0), "text", "");
	assert_number("cut", (long long)strlen(said), HEALTH_TEXT_SIZE - 3);
	assert_number("one line", strncmp(said, "aaa aaa", 7), 0);
	json_object_put(findings);
}

static void test_certificate_file(void **state)
{
	static const struct {
		const char *label, *pem;
	} none[] = {
		{"empty", ""},
		{"text", "no certificate here\n"},
		{"broken", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
		{"key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"},
	};
	struct error error;
	time_t end;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		assert_number(none[i].label,
			certificate_end(none[i].pem, strlen(none[i].pem), &end, &error), -1);
		assert_number(none[i].label, error.kind, ERROR_CONFIGURATION);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_certificate_to_come),
		cmocka_unit_test(test_key_file),
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_microsoft),
		cmocka_unit_test(test_webhook),
		cmocka_unit_test(test_disk),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_certificate_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
