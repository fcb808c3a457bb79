/*
 * Microsoft's consent mails, and what only looks like them.
 */
#include "mail/consent.h"

#include "mail/mime.h"
#include "mail/subject.h"
#include "support.h"
#include "support_mail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APP "Provider Voice (EU)"
#define NOW 1717848000 /* Sat, 8 Jun 2024 12:00:00 +0000 */

static const char *const senders[] = {
	"azure-noreply@microsoft.com", "MSSecurity-noreply@microsoft.com", NULL};

static struct consent_table *load(const char *text, struct error *error)
{
	char *folder = support_folder();
	char *path = support_write(folder, "patterns", text, 0600);
	struct consent_table *table = consent_table_load(path, APP, error);

	free(path);
	support_remove(&folder);
	return table;
}

static void matches_subjects(void **state)
{
	static const char text[] = "# comment\n\n"
				   "/^Request for access to %{app} approved$/ approved\n"
				   "!Access denied: %{app}!  denied  \n"
				   "/Exactly/i\n"
				   "   # comment within\n"
				   "   expired\n"
				   "/a\\/b|c/ submitted\n"
				   "/Zugriff auf %{app}(, bitte)?/ review";
	static const struct {
		const char *subject, *want;
	} cases[] = {
		{"Request for access to " APP " approved", "granted"},
		{"REQUEST for access to provider voice (eu) APPROVED", "granted"},
		{"Fwd: Request for access to " APP " approved", NULL},
		{"Request for access to " APP " approved!", NULL},
		{"Request for access to " APP " approved\nX: y", NULL},
		{"Request for access to Provider Voice EU approved", NULL},
		{"Access denied: " APP, "denied"},
		{"xAccess denied: " APP, NULL},
		{"Exactly", "expired"},
		{"exactly", NULL},
		{"a/b", "requested"},
		{"c", "requested"},
		{"a/bc", NULL},
		{"Zugriff auf " APP ", bitte", "requested"},
		{"Zugriff auf " APP "\xff", NULL},
		{"", NULL},
	};
	struct error error;
	struct consent_table *table = load(text, &error);

	(void)state;
	assert_non_null(table);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_text(cases[i].subject, consent_table_match(table, cases[i].subject),
			cases[i].want);
	consent_table_free(&table);
	assert_null(table);
	consent_table_free(&table);
}

static void says_what_is_wrong(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"approved", ":1: line does not start with a /pattern/"},
		{"\n# x\n/a approved", ":3: pattern without its closing delimiter"},
		{"/a/ granted",
			":1: value is not submitted, approved, denied, expired or review"},
		{"/a/", ":1: value is not submitted"},
		{"/a/x approved", ":1: unknown flag behind the pattern"},
		{"/b/ approved\n/a(/ approved", ":2: regular expression \"a(\", character 3"},
		{"/a)|(b/ approved", ":1: regular expression \"a)|(b\""},
		{"/%{App}/ approved", ":1: only %{app} can stand in a pattern"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error error = {0};

		assert_null(load(cases[i].text, &error));
		if (strstr(error.text, cases[i].words) == NULL)
			assert_text(cases[i].text, error.text, cases[i].words);
		assert_number(cases[i].text, error.kind, ERROR_CONFIGURATION);
	}
}

static void normalises_subjects(void **state)
{
	static const struct {
		const char *value, *want, *core;
	} cases[] = {
		{"plain", "plain", "plain"},
		{"=?utf-8?q?caf=C3=A9?=", "caf\u00e9", "caf\u00e9"},
		{"=?utf-8?q?cafe=CC=81?=", "caf\u00e9", "caf\u00e9"},
		{"=?iso-8859-1?q?caf=E9?=", "caf\u00e9", "caf\u00e9"},
		{"a \t b\u00a0c\u3000\u2009d", "a b c d", "a b c d"},
		{"=?utf-8?q?_=C2=A0a_b__?=", "a b", "a b"},
		{"=?utf-8?q?_?=", "", ""},
		{"Fwd: WG:AW: [EXT] x", "Fwd: WG:AW: [EXT] x", "x"},
		{"\u8f6c\u53d1\uff1a x", "\u8f6c\u53d1\uff1a x", "x"},
		{"TR : x", "TR : x", "x"},
		{"Fwd:", "Fwd:", ""},
		{"[unclosed x", "[unclosed x", "[unclosed x"},
		{"a mark that is much too long: x", "a mark that is much too long: x",
			"a mark that is much too long: x"},
		{"a: b: c: d: e: f: x", "a: b: c: d: e: f: x", "f: x"},
		{"", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *subject = subject_read(cases[i].value);

		assert_text(cases[i].value, subject, cases[i].want);
		assert_text(cases[i].value, subject_core(subject), cases[i].core);
		free(subject);
	}
}

/* Name and patterns as somebody typed them, the subject as somebody else's system did. */
/* The accents of one letter are sorted, and a subject may consist of them. */
static void bounds_subjects(void **state)
{
	struct buf value;
	char *subject;

	(void)state;
	buf_init(&value, 1024 * 1024);
	buf_string(&value, "a");
	while (value.len < 4093)
		buf_string(&value, "\u0301\u0323");
	subject = subject_read(value.data);
	assert_true(strlen(subject) > 4000);
	free(subject);
	while (value.len < 900000)
		buf_string(&value, "\u0301\u0323");
	subject = subject_read(value.data);
	assert_text("too long", subject, "");
	free(subject);
	buf_free(&value);
}

static void normalises_the_table(void **state)
{
	static const char text[] = "/Zugriff auf  %{app} gewa\u0308hrt/ approved";
	char *folder = support_folder(), *path = support_write(folder, "patterns", text, 0600);
	struct error error;
	struct consent_table *table = consent_table_load(path, "Tele\u0301phone", &error);
	char *subject = subject_read("Zugriff auf T\u00e9l\u00e9phone gew\u00e4hrt");

	(void)state;
	assert_text("another name", consent_table_match(table, subject), NULL);
	free(subject);
	subject = subject_read(
		"=?utf-8?q?Zugriff_auf_Tel=C3=A9phone?=\t=?utf-8?q?_gew=C3=A4hrt?=");
	assert_text("composed", consent_table_match(table, subject), "granted");
	free(subject);
	consent_table_free(&table);
	free(path);
	support_remove(&folder);
}

static void bounds_the_table(void **state)
{
	struct consent_table *table;
	struct error error;
	struct buf text;

	(void)state;
	buf_init(&text, 100000);
	for (int i = 0; i < 1000; i++)
		buf_string(&text, "/a/ approved\n");
	table = load(text.data, &error);
	assert_non_null(table);
	consent_table_free(&table);
	buf_string(&text, "/a/ approved\n");
	assert_null(load(text.data, &error));
	assert_non_null(strstr(error.text, ":1001: too many patterns"));
	buf_reset(&text);
	for (int i = 0; i < 1000; i++)
		buf_string(&text, "/aaaaaaaaa\n ");
	assert_null(load(text.data, &error));
	assert_non_null(strstr(error.text, ":1: line is too long"));
	buf_free(&text);
	assert_null(consent_table_load("/nonexistent/patterns", APP, &error));
	assert_number("missing", error.kind, ERROR_CONFIGURATION);
	assert_null(consent_table_load("/", APP, &error));
	assert_number("folder", error.kind, ERROR_CONFIGURATION);
}

static void knows_the_subjects_of_the_shipped_table(void **state)
{
	static const struct {
		const char *subject, *want;
	} cases[] = {
		{"Request for access to " APP " approved", "granted"},
		{"Request for access to " APP " denied", "denied"},
		{"Request for access to " APP " expired", "expired"},
		{"Request for access to " APP " submitted", "requested"},
		{"Please review the admin consent request for " APP, "requested"},
		{"Action required: Review Ada L's admin consent request for " APP, "requested"},
		{"Request for access to Another approved", NULL},
		{"Request for access to " APP " approved denied", NULL},
		{"Action required: Review Request for access to " APP " approved", NULL},
	};
	struct error error = {0};
	struct consent_table *table = consent_table_load("conf/consent_patterns", APP, &error);

	(void)state;
	assert_text("loads", error.text, "");
	assert_non_null(table);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_text(cases[i].subject, consent_table_match(table, cases[i].subject),
			cases[i].want);
	consent_table_free(&table);
}

struct field {
	const char *name, *value;
};

#define FROM                                                                                   \
	{                                                                                      \
		"From", " Microsoft Security <MSSecurity-noreply@microsoft.com>"               \
	}
#define SUBJECT                                                                                \
	{                                                                                      \
		"Subject", " Request for access to Provider\n Voice (EU) approved"             \
	}
#define TO                                                                                     \
	{                                                                                      \
		"To", " service@customer.example"                                              \
	}
#define DATE                                                                                   \
	{                                                                                      \
		"Date", " Sat, 8 Jun 2024 11:59:00 +0000"                                      \
	}
#define MESSAGE_ID                                                                             \
	{                                                                                      \
		"Message-ID", " <1@az.westeurope.microsoft.com>"                               \
	}

static void read_mail(const struct field *fields, const struct consent_table *table,
	struct consent_facts *facts_r)
{
	struct headers headers;

	headers_init(&headers);
	for (; fields->name != NULL; fields++)
		headers_add(&headers, fields->name, fields->value);
	assert_int_equal(consent_read(&headers, senders, table, NOW, facts_r), 0);
	headers_free(&headers);
}

static void judges_headers(void **state)
{
	static const struct {
		const char *refusal; /* NULL: nothing against it */
		struct field fields[8];
	} cases[] = {
		{NULL, {FROM, SUBJECT, TO, DATE, MESSAGE_ID}},
		{NULL, {MESSAGE_ID, {"date", " 8 Jun 2024 12:50:00 GMT"}, TO, SUBJECT,
			       {"FROM", " azure-noreply@microsoft.com"}}},
		{NULL, {FROM, TO, DATE, MESSAGE_ID, {"X", " y"},
			       {"Subject", " =?utf-8?q?Request_for_access_to_Provider?=\n"
					   "\t=?utf-8?q?_Voice_(EU)_approved?="}}},
		{NULL, {FROM, SUBJECT, DATE, MESSAGE_ID,
			       {"To", " \"a, b\" <a@b.example>, c@d.example"}}},
		{"From: is not one address", {SUBJECT, TO, DATE, MESSAGE_ID}},
		{"From: is not one address",
			{{"From", " azure-noreply@microsoft.com, a@b.example"}, SUBJECT, TO,
				DATE, MESSAGE_ID}},
		{"From: is no consent sender",
			{{"From", " \"azure-noreply@microsoft.com\" <a@b.example>"}, SUBJECT,
				TO, DATE, MESSAGE_ID}},
		{"From: is no consent sender", {{"From", " xazure-noreply@microsoft.com"},
						       SUBJECT, TO, DATE, MESSAGE_ID}},
		{"subject fits no consent pattern", {FROM, TO, DATE, MESSAGE_ID}},
		{"subject fits no consent pattern",
			{FROM,
				{"Subject",
					" Azure alert: Request for access to " APP " approved"},
				TO, DATE, MESSAGE_ID}},
		{"From, Subject, To, Date or Message-ID is doubled",
			{FROM, FROM, SUBJECT, TO, DATE, MESSAGE_ID}},
		{"From, Subject, To, Date or Message-ID is doubled",
			{FROM, SUBJECT, {"SUBJECT", " x"}, TO, DATE, MESSAGE_ID}},
		/* DKIM takes it for one of that name, and the lower one is what was signed. */
		{"From, Subject, To, Date or Message-ID is doubled",
			{FROM, SUBJECT, {"Subject ", " x"}, TO, DATE, MESSAGE_ID}},
		{"From, Subject, To, Date or Message-ID is doubled",
			{FROM, SUBJECT, TO, TO, DATE, MESSAGE_ID}},
		{"From, Subject, To, Date or Message-ID is doubled",
			{FROM, SUBJECT, TO, DATE, DATE, MESSAGE_ID}},
		{"From, Subject, To, Date or Message-ID is doubled",
			{FROM, SUBJECT, TO, DATE, MESSAGE_ID, MESSAGE_ID}},
		{"Date is missing or not recent", {FROM, SUBJECT, TO, MESSAGE_ID}},
		{"Date is missing or not recent",
			{FROM, SUBJECT, TO, MESSAGE_ID, {"Date", " never"}}},
		{"Date is missing or not recent",
			{FROM, SUBJECT, TO, MESSAGE_ID,
				{"Date", " Sat, 1 Jun 2024 11:59:59 +0000"}}},
		{"Date is missing or not recent",
			{FROM, SUBJECT, TO, MESSAGE_ID,
				{"Date", " Sat, 8 Jun 2024 13:00:01 +0000"}}},
		{"To: names nobody", {FROM, SUBJECT, DATE, MESSAGE_ID}},
		{"To: names nobody",
			{FROM, SUBJECT, DATE, MESSAGE_ID, {"To", " undisclosed-recipients:;"}}},
		{"Message-ID is missing", {FROM, SUBJECT, TO, DATE}},
		{"Message-ID is missing", {FROM, SUBJECT, TO, DATE, {"Message-ID", " "}}},
	};
	struct error error;
	struct consent_table *table =
		load("/Request for access to %{app} approved/ approved", &error);

	(void)state;
	assert_non_null(table);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char label[20];
		struct consent_facts facts;

		snprintf(label, sizeof(label), "case %zu", i);
		read_mail(cases[i].fields, table, &facts);
		assert_text(label, consent_refusal(&facts, false), cases[i].refusal);
		if (cases[i].refusal == NULL)
			assert_text(label, facts.consent, "granted");
		consent_facts_free(&facts);
	}
	consent_table_free(&table);
}

static void judges_authentication(void **state)
{
	static const struct {
		const char *refusal;
		struct authentication authentication;
	} cases[] = {
		{NULL, {AUTHENTICATION_PASS, "microsoft.com", SIGNED_ALL, false}},
		{NULL, {AUTHENTICATION_PASS, "Microsoft.COM", SIGNED_ALL, false}},
		{"no valid DKIM signature of a consent domain",
			{AUTHENTICATION_FAIL, "", 0, false}},
		{"DKIM key cannot be looked up now", {AUTHENTICATION_TEMPORARY, "", 0, false}},
		{"DKIM domain is not that of From:",
			{AUTHENTICATION_PASS, "mail.microsoft.com", SIGNED_ALL, false}},
		{"DKIM domain is not that of From:",
			{AUTHENTICATION_PASS, "soft.com", SIGNED_ALL, false}},
		{"DKIM domain is not that of From:",
			{AUTHENTICATION_PASS, "", SIGNED_ALL, false}},
		{"DKIM signature does not cover From, Subject, To and Date",
			{AUTHENTICATION_PASS, "microsoft.com",
				SIGNED_ALL & ~(unsigned)SIGNED_TO, false}},
		{"DKIM signature does not cover From, Subject, To and Date",
			{AUTHENTICATION_PASS, "microsoft.com",
				SIGNED_ALL & ~(unsigned)SIGNED_DATE, false}},
		{"DKIM signature covers a part of the body only",
			{AUTHENTICATION_PASS, "microsoft.com", SIGNED_ALL, true}},
	};
	static const struct field fields[] = {
		FROM, SUBJECT, TO, DATE, MESSAGE_ID, {NULL, NULL}};
	struct error error;
	struct consent_table *table =
		load("/Request for access to %{app} approved/ approved", &error);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct consent_facts facts;

		read_mail(fields, table, &facts);
		facts.authentication = cases[i].authentication;
		assert_text(cases[i].authentication.domain, consent_refusal(&facts, true),
			cases[i].refusal);
		consent_facts_free(&facts);
	}
	consent_table_free(&table);
}

/* Without the marks of somebody's program the subject may fit: a hint, no proof. */
static void reads_forwarded_subjects(void **state)
{
	static const struct {
		const char *subject, *consent, *forwarded;
	} cases[] = {
		{" Request for access to " APP " approved", "granted", "granted"},
		{" WG: [EXT] Request for access to " APP " approved", NULL, "granted"},
		{" FYI Request for access to " APP " approved", NULL, NULL},
		{" Minutes", NULL, NULL},
	};
	struct error error;
	struct consent_table *table =
		load("/Request for access to %{app} approved/ approved", &error);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct field fields[] = {
			FROM, {"Subject", cases[i].subject}, TO, DATE, {NULL, NULL}};
		struct consent_facts facts;

		read_mail(fields, table, &facts);
		assert_text(cases[i].subject, facts.consent, cases[i].consent);
		assert_text(cases[i].subject, facts.forwarded, cases[i].forwarded);
		consent_facts_free(&facts);
	}
	consent_table_free(&table);
}

static void notices_claims(void **state)
{
	static const struct {
		struct field field;
		bool claimed;
	} cases[] = {
		{{"From", " Azure <AZURE-noreply@microsoft.com>"}, true},
		{{"From", " Azure\n <azure-noreply@microsoft.com>"}, true},
		{{"Sender", " azure-noreply@microsoft.com"}, false},
		{{"From", " noreply@microsoft.com"}, false},
		{{"From", ""}, false},
	};
	static const char *const nobody[] = {NULL};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct headers headers;

		headers_init(&headers);
		headers_add(&headers, cases[i].field.name, cases[i].field.value);
		assert_number(cases[i].field.value, consent_claimed(&headers, senders),
			cases[i].claimed);
		assert_false(consent_claimed(&headers, nobody));
		headers_free(&headers);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_subjects),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(normalises_subjects),
		cmocka_unit_test(bounds_subjects),
		cmocka_unit_test(normalises_the_table),
		cmocka_unit_test(bounds_the_table),
		cmocka_unit_test(knows_the_subjects_of_the_shipped_table),
		cmocka_unit_test(judges_headers),
		cmocka_unit_test(judges_authentication),
		cmocka_unit_test(reads_forwarded_subjects),
		cmocka_unit_test(notices_claims),
	};

	return cmocka_run_group_tests(tests, support_mail_init, NULL);
}
