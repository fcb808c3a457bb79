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
		{"delayed", "\nAction: delayed (4 hours)\n\nAction: delayed\nStatus: 4.4.1\n",
			"delayed", "", "4.4.1", "", ""},
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
		{"colon missing", "\nAction failed\nAction: failed\n continued\nStatus\n", NULL,
			"", "", "", ""},
		{"unknown action", "\nAction: eaten\n", NULL, "", "", "", ""},
		{"nothing", "", NULL, "", "", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		size_t row = i / 2;
		char *in = i % 2 == 0 ? support_crlf(cases[row].in) : strdup(cases[row].in);
		struct dsn_facts facts;
		struct error error;
		int result = dsn_parse(in, strlen(in), &facts, &error);

		assert_number(cases[row].label, result, cases[row].delivery == NULL ? -1 : 0);
		assert_text(cases[row].label, facts.delivery, cases[row].delivery);
		assert_text(cases[row].label, facts.envelope_id, cases[row].envelope_id);
		assert_text(cases[row].label, facts.status, cases[row].status);
		assert_text(cases[row].label, facts.text, cases[row].text);
		assert_text(cases[row].label, facts.recipient, cases[row].recipient);
		free(in);
	}
}

static void bounds_its_work(void **state)
{
	struct dsn_facts facts;
	struct error error;
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
	assert_number("many", dsn_parse(in.data, in.len, &facts, &error), 0);
	assert_text("many", facts.delivery, "delivered");
	assert_number("cut", strlen(facts.envelope_id), DSN_VALUE_SIZE - 1);
	buf_free(&in);
}

#define REPORT                                                                                 \
	"Content-Type: multipart/report; report-type=delivery-status; "                        \
	"boundary=b\n\n--b\n\nwords\n--b\n"
#define STATUS	 "Original-Envelope-Id: " ID "\n\nAction: failed\nStatus: 5.1.1\n"
#define ORIGINAL "\n--b\nContent-Type: text/rfc822-headers\n\nSubject: x\n--b--\n"

static void reads_messages(void **state)
{
	static const struct {
		const char *label, *in;
		const char *envelope_id; /* NULL: none */
	} cases[] = {
		{"plain", REPORT "Content-Type: message/delivery-status\n\n" STATUS ORIGINAL,
			ID},
		{"global",
			REPORT
			"Content-Type: message/global-delivery-status\n\n" STATUS ORIGINAL,
			ID},
		{"quoted-printable",
			REPORT
			"Content-Type: message/delivery-status\nContent-Transfer-Encoding: "
			"quoted-printable\n\nOriginal-Envelope-Id=3A "
			"AAAAAAAAAA=\nAAAAAAAAAAAA\n\nAction: failed\n" ORIGINAL,
			ID},
		{"base64",
			REPORT
			"Content-Type: message/delivery-status\nContent-Transfer-Encoding: "
			"base64\n\nT3JpZ2luYWwtRW52ZWxvcGUtSWQ6IEFBQUFBQUFBQUFBQUFBQUFBQUFBQUEK"
			"CkFjdGlvbjogZmFpbGVk\n" ORIGINAL,
			ID},
		{"words of the same type first",
			REPORT "Content-Type: message/delivery-status\n\nSorry!\n--b\n"
			       "Content-Type: message/delivery-status\n\n" STATUS ORIGINAL,
			ID},
		{"cut behind the status",
			REPORT "Content-Type: message/delivery-status\n\n" STATUS, ID},
		{"of another kind",
			"Content-Type: multipart/report; report-type=feedback-report; "
			"boundary=b\n\n"
			"--b\nContent-Type: message/delivery-status\n\n" STATUS ORIGINAL,
			NULL},
		{"without a status", REPORT ORIGINAL, NULL},
		{"in an attached message",
			REPORT "Content-Type: message/rfc822\n\nContent-Type: "
			       "message/delivery-status\n\n" STATUS ORIGINAL,
			NULL},
		{"none", "Subject: x\n\nAction: failed\n", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct support_mail raw;
		struct dsn_facts facts = {0};
		struct error error;
		int result;

		support_mail_read(&raw, cases[i].in, strlen(cases[i].in));
		result = dsn_read(
			raw.message.data, raw.message.len, raw.body_start, &facts, &error);
		assert_number(cases[i].label, result, cases[i].envelope_id == NULL ? -1 : 0);
		if (result == 0)
			assert_text(cases[i].label, facts.envelope_id, cases[i].envelope_id);
		else
			assert_number(cases[i].label, error.kind, ERROR_NOT_FOUND);
		support_mail_free(&raw);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(bounds_its_work),
		cmocka_unit_test(reads_messages),
	};

	return cmocka_run_group_tests(tests, support_mail_init, NULL);
}
