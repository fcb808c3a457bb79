/*
 * Delivery reports of several mail systems.
 */
#include "mail/dsn.h"

#include "mail/mime.h"
#include "support.h"
#include "support_mail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID "AAAAAAAAAAAAAAAAAAAAAA"

static void parses(void **state)
{
	static const struct {
		const char *label, *in;
		const char *delivery, *envelope_id, *status, *text, *recipient;
	} cases[] = {
		{"Postfix, bounced",
			"Reporting-MTA: dns; relay.example\nOriginal-Envelope-Id: " ID
			"\nX-Postfix-Queue-ID: 4A\nArrival-Date: x\n\n"
			"Final-Recipient: rfc822; gone@c.example\nOriginal-Recipient: "
			"rfc822;gone@c.example\n"
			"Action: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.c.example\n"
			"Diagnostic-Code: smtp; 550 5.1.1 <gone@c.example>:\n    no such "
			"user\n",
			"failed", ID, "5.1.1", "550 5.1.1 <gone@c.example>: no such user",
			"gone@c.example"},
		{"delivered, without words",
			"Original-Envelope-ID:" ID
			"\n\nFinal-Recipient: RFC822;a@c.example\naction: "
			"Delivered\nStatus: 2.0.0",
			"delivered", ID, "2.0.0", "", "a@c.example"},
		{"relayed",
			"\nFinal-Recipient: rfc822; a@c\nAction: relayed\nStatus: 2.0.0 (ok)\n",
			"relayed", "", "2.0.0", "", "a@c"},
		{"expanded counts as relayed", "\nAction: expanded\nStatus: 2.1.5\n", "relayed",
			"", "2.1.5", "", ""},
		{"delayed", "\nAction: delayed (4 hours)\nStatus: 4.4.1\n", "delayed", "",
			"4.4.1", "", ""},
		{"worst of several",
			"\nFinal-Recipient: rfc822;a@c\nAction: delivered\nStatus: 2.0.0\n\n"
			"Final-Recipient: rfc822;b@c\nAction: failed\nStatus: 5.2.2\n\n"
			"Final-Recipient: rfc822;d@c\nAction: delayed\nStatus: 4.2.2\n",
			"failed", "", "5.2.2", "", "b@c"},
		{"internationalized", "\nFinal-Recipient: utf-8; \xc3\xa4@c\nAction: failed\n",
			"failed", "", "", "", "\xc3\xa4@c"},
		{"text without a type",
			"\nAction: failed\nDiagnostic-Code: mailbox full; sorry\n", "failed",
			"", "", "mailbox full; sorry", ""},
		{"control characters", "\nAction: failed\nDiagnostic-Code: smtp;\t\x01\x7f b\n",
			"failed", "", "", "?? b", ""},
		{"status that is none", "\nAction: failed\nStatus: 5.1.1.1.1.1.1.1.1.1.1.1\n",
			"failed", "", "", "", ""},
		{"colon missing", "\nAction failed\n continued\nStatus\n", NULL, "", "", "",
			""},
		{"action with a comment", "\nAction: failed (retries exhausted)\n", "failed",
			"", "", "", ""},
		{"status in the words alone",
			"\nFinal-Recipient: rfc822;<a@c>\nAction: failed\n"
			"Diagnostic-Code: smtp; 550-5.7.26 192.0.2.1 is not allowed\n",
			"failed", "", "5.7.26", "550-5.7.26 192.0.2.1 is not allowed", "a@c"},
		{"comments everywhere",
			"\nFinal-Recipient: rfc822 (by (the) book) ; (x) a@c (y)\nAction: "
			"(again) failed (5 times)\nStatus: (so) 5.1.1 (bad)\n",
			"failed", "", "5.1.1", "", "a@c"},
		{"comments with odd ends",
			"\nFinal-Recipient: rfc822; \"(a\\\"\"@c (b \\) c) (d\nAction: failed\n",
			"failed", "", "", "", "\"(a\\\"\"@c"},
		{"folded anywhere, in any order",
			"\nStatus:\n 5.1.1\nAction:\n\tfailed\nDiagnostic-Code: smtp;\n 550\n"
			"\t5.1.1 no\nfinal-recipient:\n rfc822;\n a@c\n",
			"failed", "", "5.1.1", "550 5.1.1 no", "a@c"},
		{"spaces before the colon",
			"\nFinal-Recipient : rfc822; a@c\nAction\t: failed\nStatus : 5.1.1\n",
			"failed", "", "5.1.1", "", "a@c"},
		{"internationalized, in ASCII",
			"\nFinal-Recipient: utf-8; \\x{E4}\\x{1F408}x@c\nAction: failed\n",
			"failed", "", "", "", "\xc3\xa4\xf0\x9f\x90\x88x@c"},
		{"what is no character",
			"\nFinal-Recipient: utf-8; "
			"\\x{0}\\x{A}\\x{D800}\\x{110000}\\x{fffffffffffffffff}\\x{}\\x{41\\x{-1}@c\n"
			"Action: failed\n",
			"failed", "", "", "", "\\x{}\\x{41\\x{-1}@c"},
		{"of another type it means nothing",
			"\nFinal-Recipient: rfc822; \\x{E4}@c\nAction: failed\n", "failed", "",
			"", "", "\\x{E4}@c"},
		{"unknown action", "\nAction: eaten\n", NULL, "", "", "", ""},
		{"nothing", "", NULL, "", "", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		size_t row = i / 2;
		char *in = i % 2 == 0 ? support_crlf(cases[row].in) : strdup(cases[row].in);
		struct dsn_facts facts = {0};
		const struct dsn_recipient nobody = {0}, *outcome;

		assert_number(cases[row].label, dsn_parse(in, strlen(in), &facts), 0);
		outcome = dsn_outcome(&facts, "");
		if (outcome == NULL)
			outcome = &nobody;
		assert_text(cases[row].label, outcome->delivery, cases[row].delivery);
		assert_text(cases[row].label, facts.envelope_id, cases[row].envelope_id);
		assert_text(cases[row].label, outcome->status, cases[row].status);
		assert_text(cases[row].label, outcome->text, cases[row].text);
		assert_text(cases[row].label, outcome->recipient, cases[row].recipient);
		dsn_free(&facts);
		free(in);
	}
}

static void bounds_its_work(void **state)
{
	struct dsn_facts facts = {0};
	struct buf in;

	(void)state;
	buf_init(&in, 1024 * 1024);
	buf_string(&in, "Original-Envelope-Id: ");
	for (int i = 0; i < 5000; i++)
		buf_byte(&in, 'x');
	buf_string(&in, "\n\n");
	for (int i = 0; i < DSN_RECIPIENTS_MAX; i++)
		buf_string(&in, "Action: delivered\n\n");
	buf_string(&in, "Action: failed\n\n");
	assert_number("many", dsn_parse(in.data, in.len, &facts), 0);
	assert_text("many", dsn_outcome(&facts, "")->delivery, "delivered");
	assert_number("cut", strlen(facts.envelope_id), DSN_VALUE_SIZE - 1);
	dsn_free(&facts);
	buf_free(&in);
}

static void knows_whom_it_is_about(void **state)
{
	static const char in[] =
		"\nFinal-Recipient: rfc822;list@b\nAction: expanded\n\n"
		"Original-Recipient: rfc822;A@b\nFinal-Recipient: rfc822;x@c\n"
		"Action: delivered\nStatus: 2.0.0\n\n"
		"Original-Recipient: rfc822;d@b\nFinal-Recipient: rfc822;y@c\n"
		"Action: failed\nStatus: 5.1.1\n\n"
		"Original-Recipient: rfc822;a@b\nFinal-Recipient: rfc822;z@c\n"
		"Action: delayed\n\n"
		"Original-Recipient: rfc822;e+2Bde+3D+2F@b\nAction: relayed\n\n"
		"Original-Recipient: rfc822;e+DE@b\nAction: delivered\n\n"
		"Original-Recipient: utf-8; \\x{E4}@b\nAction: delayed\n";
	static const struct {
		const char *mailbox, *delivery, *recipient;
	} cases[] = {
		{"a@b", "delayed", "z@c"},
		{"d@b", "failed", "y@c"},
		{"X@c", "delivered", "x@c"},
		{"list@b", "relayed", "list@b"},
		{"e+de=/@b", "relayed", ""},
		{"e+de@b", "delivered", ""},
		{"\xc3\xa4@b", "delayed", ""},
		{"e+2", "failed", "y@c"},
		{"nobody@b", "failed", "y@c"},
		{"", "failed", "y@c"},
	};
	struct dsn_facts facts = {0};

	(void)state;
	assert_null(dsn_outcome(&facts, "a@b"));
	assert_number("in", dsn_parse(in, strlen(in), &facts), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct dsn_recipient *outcome = dsn_outcome(&facts, cases[i].mailbox);

		assert_text(cases[i].mailbox, outcome->delivery, cases[i].delivery);
		assert_text(cases[i].mailbox, outcome->recipient, cases[i].recipient);
	}
	dsn_free(&facts);
}

/* Recipients are told apart by an empty line, or where one has none by their first field. */
static void tells_recipients_apart(void **state)
{
	static const char *const separators[] = {"\n", "", " \n", "\r\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(separators); i++) {
		struct dsn_facts facts = {0};
		struct buf in;

		buf_init(&in, 4096);
		buf_printf(&in,
			"Original-Envelope-Id: " ID
			"\n%sOriginal-Recipient: rfc822;a@b\nFinal-Recipient: "
			"rfc822;x@c\nAction: failed\nStatus: 5.1.1\n%sOriginal-Recipient: "
			"rfc822;d@b\nFinal-Recipient: rfc822;y@c\nAction: "
			"delivered\nStatus: 2.0.0\n",
			separators[i], separators[i]);
		assert_number("in", dsn_parse(in.data, in.len, &facts), 0);
		assert_number(separators[i], facts.count, 2);
		assert_text(separators[i], facts.envelope_id, ID);
		assert_text("first", dsn_outcome(&facts, "a@b")->status, "5.1.1");
		assert_text("second", dsn_outcome(&facts, "d@b")->status, "2.0.0");
		dsn_free(&facts);
		buf_free(&in);
	}
}

static void finds_status_codes(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"550 5.1.1 no", "5.1.1"},
		{"550-5.7.26 no", "5.7.26"},
		{"(5.4.6)", "5.4.6"},
		{"#4.4.7#", "4.4.7"},
		{"5.1.1", "5.1.1"},
		{"status 2.0.0.", "2.0.0"},
		{"5.1.1.2 is an address", ""},
		{"192.5.1.1", ""},
		{"version 5.65/1.37", ""},
		{"5.1", ""},
		{"5.1.", ""},
		{"5.1.1234", ""},
		{"3.1.1", ""},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char status[16];

		dsn_find_status(cases[i].text, strlen(cases[i].text), status);
		assert_text(cases[i].text, status, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(bounds_its_work),
		cmocka_unit_test(knows_whom_it_is_about),
		cmocka_unit_test(tells_recipients_apart),
		cmocka_unit_test(finds_status_codes),
	};

	return cmocka_run_group_tests(tests, support_mail_init, NULL);
}
