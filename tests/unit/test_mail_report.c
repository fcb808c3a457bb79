/*
 * Reports on deliveries, as systems of all kinds write them: what they say, and which mail they
 * are about.
 */
#include "mail/report.h"

#include "mail/bounce.h"
#include "mail/mime.h"
#include "support.h"
#include "support_mail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID    "AAAAAAAAAAAAAAAAAAAAAA"
#define OURS  "https://invite.example/i/"
#define TOKEN "AQEBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static int read_text(const char *in, struct support_mail *raw, struct report *report)
{
	struct report_source source = {.headers = &raw->headers, .tracked_url = OURS};
	struct error error;
	int result;

	support_mail_read(raw, in, strlen(in));
	source.message = raw->message.data;
	source.len = raw->message.len;
	source.body_start = raw->body_start;
	result = report_read(&source, report, &error);
	if (result < 0)
		assert_number(in, error.kind, ERROR_NOT_FOUND);
	return result;
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
		{"without its type's parameter",
			"Content-Type: multipart/report; boundary=b\n\n--b\n"
			"Content-Type: message/delivery-status\n\n" STATUS ORIGINAL,
			ID},
		{"called an answer, in nobody's name",
			"From: noreply@x.example\nAuto-Submitted: auto-replied\n" REPORT
			"Content-Type: message/delivery-status\n\n" STATUS ORIGINAL,
			ID},
		{"against its own words",
			"Subject: Undeliverable\n" REPORT
			"Content-Type: message/delivery-status\n\n" STATUS
			"Diagnostic-Code: smtp; 250 successfully delivered\n" ORIGINAL,
			ID},
		{"in the midst of words",
			"Subject: x\n\nTechnical report:\n\nReporting-MTA: dns;a\n"
			"Original-Envelope-Id: " ID "\n\nAction: failed\n"
			"Final-Recipient: rfc822; a@b\n",
			ID},
		{"parts that are lost",
			"Content-Type: multipart/report; boundary=wrong\n\n--b\n"
			"Content-Type: message/delivery-status\n\n" STATUS
			"Final-Recipient: rfc822;a@b\n--b--\n",
			ID},
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
		struct report report;
		int result = read_text(cases[i].in, &raw, &report);

		assert_number(cases[i].label, result, cases[i].envelope_id == NULL ? -1 : 0);
		if (result == 0)
			assert_text(
				cases[i].label, report.facts.envelope_id, cases[i].envelope_id);
		report_free(&report);
		support_mail_free(&raw);
	}
}

#define DAEMON "From: MAILER-DAEMON@mx.example\n"
#define QMAIL                                                                                      \
	"Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver "  \
	"your message to the following addresses.\nThis is a permanent error; I've given up. "     \
	"Sorry it didn't work out.\n\n<a@b.example>:\n192.0.2.1 does not like recipient.\nRemote " \
	"host said: 550 5.1.1 <a@b.example>: User unknown\n\n--- Below this line is a copy of "    \
	"the message.\n\nReturn-Path: <p@r.example>\nMessage-ID: <1@r.example>\nTo: a@b.example\n" \
	"\nmail 550 5.9.9 delayed\n"

static void understands_words(void **state)
{
	static const struct {
		const char *label, *in;
		const char *delivery, *status, *text; /* delivery NULL: none */
	} cases[] = {
		{"qmail", DAEMON "Subject: failure notice\n\n" QMAIL, "failed", "5.1.1",
			"Remote host said: 550 5.1.1 <a@b.example>: User unknown"},
		{"Exim, which calls it an answer",
			"From: Mail Delivery System <Mailer-Daemon@x.example>\n"
			"Auto-Submitted: auto-replied\nX-Failed-Recipients: a@b.example\n"
			"Subject: Mail delivery failed: returning message to sender\n\n"
			"The following address(es) failed:\n\n  a@b.example\n    mailbox is full: "
			"retry timeout exceeded\n",
			"failed", "", "mailbox is full: retry timeout exceeded"},
		{"Exim's warning",
			DAEMON
			"Auto-Submitted: auto-replied\nSubject: Warning: message 1 delayed 24 "
			"hours\n\nA message that you sent has not yet been delivered to one "
			"or more\nof its recipients after more than 24 hours.\n",
			"delayed", "", ""},
		{"a header in another language, and a code",
			"From: postmaster@x.example\nX-Failed-Recipients: a@b.example\nSubject: "
			"=?UTF-8?B?0J7RiNC40LHQutCw?=\n\n\xd0\x9e\xd1\x88\xd0\xb8\xd0\xb1\n",
			"failed", "", ""},
		{"Exchange 2003",
			"From: System Administrator <postmaster@x.example>\nSubject: Undeliverable: "
			"Welcome\n\nYour message did not reach the following recipient(s):\n\n"
			"a@b.example on Thu, 29 Apr 2010 23:34:45 -0400\n    The recipient name is "
			"not recognized\n",
			"failed", "", "Your message did not reach the following recipient(s):"},
		{"Exchange Online without its status part",
			"From: postmaster@contoso.onmicrosoft.com\nSubject: =?utf-8?Q?Undeliverable:"
			"_Welcome?=\nContent-Type: text/html; charset=utf-8\n\n<p>Your message to "
			"a@b.example couldn't be delivered.</p><p>Remote Server returned '550 5.1.10 "
			"RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address "
			"lookup'</p>\n",
			"failed", "5.1.10", NULL},
		{"away from the office",
			"From: ada@b.example\nAuto-Submitted: auto-replied\nSubject: Automatic reply: "
			"Welcome\n\nI am away and your message could not be delivered to me.\n",
			NULL, NULL, NULL},
		{"away, without saying that it is automatic",
			"From: ada@b.example\nSubject: Re: Welcome\n\nBack on 5.1.2027.\n",
			NULL, NULL, NULL},
		{"away, as Exchange has it",
			"From: Ada <ada@b.example>\nAuto-Submitted: auto-generated\n"
			"X-MS-Exchange-Inbox-Rules-Loop: ada@b.example\nIn-Reply-To: <1@r>\n"
			"Subject: Automatic reply: Welcome\n\nI have left the company, and your "
			"message was not delivered to anybody else.\n",
			NULL, NULL, NULL},
		{"away, the rule of a mailbox",
			"From: ada@b.example\nX-MS-Exchange-Inbox-Rules-Loop: ada@b.example\n"
			"Subject: Abwesend\n\nTelephone (550) 120; not delivered to me.\n",
			NULL, NULL, NULL},
		{"away, a vacation program",
			"From: ada@b.example\nPrecedence: auto_reply\nSubject: Re: Welcome\n\n"
			"This mailbox is full of mail that could not be delivered.\n",
			NULL, NULL, NULL},
		{"away, with a comment",
			"From: ada@b.example\nAuto-Submitted: (rule 3) auto-replied\n\n"
			"was not delivered\n",
			NULL, NULL, NULL},
		{"Exchange, which answers in another's name",
			"From: Microsoft Outlook <MicrosoftExchange329e71ec@b.example>\n"
			"Auto-Submitted: auto-replied\nSubject: Unzustellbar: Welcome\n"
			"Content-Type: text/html\n\n<p>Ihre Nachricht kam nicht an.</p>"
			"<b>550-5.7.520</b> Access denied\n",
			"failed", "5.7.520", NULL},
		{"a mail system by its name alone",
			"From: Mail Delivery System <noreply@x.example>\n"
			"Auto-Submitted: auto-generated\nSubject: x\n\nno such user\n",
			"failed", "", "no such user"},
		{"a code between quotes of HTML",
			"From: postmaster@b.example\nSubject: \nContent-Type: text/html\n\n"
			"Remote server returned &#39;554 no&#39;\n",
			"failed", "", NULL},
		{"success in words",
			DAEMON
			"Subject: Successful Mail Delivery Report\n\nYour message was "
			"successfully delivered to the destination(s) listed below. You may "
			"still receive notifications of mail delivery errors from other "
			"systems.\n\n<a@b.example>: 250 2.0.0 ok\n",
			NULL, NULL, NULL},
		{"success for one of two",
			DAEMON "Subject: Report\n\nSuccessfully delivered to a@b.example.\n"
			       "c@b.example: 550 5.1.1 no such user\n",
			"failed", "5.1.1", "c@b.example: 550 5.1.1 no such user"},
		{"it was read",
			DAEMON
			"Content-Type: multipart/report; report-type=disposition-notification; "
			"boundary=b\n\n--b\n\nwas not delivered\n--b--\n",
			NULL, NULL, NULL},
		{"complaint",
			DAEMON "Content-Type: multipart/report; report-type=feedback-report; "
			       "boundary=b\n\n--b\n\nwas rejected\n--b--\n",
			NULL, NULL, NULL},
		{"nothing", "Subject: x\n\n", NULL, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct support_mail raw;
		struct report report;
		int result = read_text(cases[i].in, &raw, &report);

		assert_number(cases[i].label, result, cases[i].delivery == NULL ? -1 : 0);
		if (result == 0) {
			const struct dsn_recipient *outcome = dsn_outcome(&report.facts, "");

			assert_text(cases[i].label, outcome->delivery, cases[i].delivery);
			assert_text(cases[i].label, outcome->status, cases[i].status);
			if (cases[i].text != NULL)
				assert_text(cases[i].label, outcome->text, cases[i].text);
		}
		report_free(&report);
		support_mail_free(&raw);
	}
}

#define PLAIN_REPORT                                                                           \
	REPORT "Content-Type: message/delivery-status\n\n\nAction: failed\nFinal-Recipient: rfc822;z@b\n"

static void finds_what_it_is_about(void **state)
{
	static const struct {
		const char *label, *in;
		const char *message_id, *mailbox, *token; /* the first; NULL: none */
	} cases[] = {
		{"returned header",
			PLAIN_REPORT "\n--b\nContent-Type: text/rfc822-headers\n\nTo: A "
				     "<a@b>\nMessage-Id:\n <1@r>\n--b--\n",
			"<1@r>", "z@b", NULL},
		{"encoded returned header",
			PLAIN_REPORT "\n--b\nContent-Type: message/global-headers\n"
				     "Content-Transfer-Encoding: base64\n\n"
				     "TWVzc2FnZS1JRDogPDFAcj4K\n--b--\n",
			"<1@r>", "z@b", NULL},
		{"returned mail with a link in its encoded text",
			PLAIN_REPORT
			"\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <2@r>\n"
			"Content-Type: multipart/mixed; boundary=c\n\n--c\n"
			"Content-Transfer-Encoding: base64\n\n"
			"aHR0cHM6Ly9pbnZpdGUuZXhhbXBsZS9pL0FRRUItXzl4Cg==\n"
			"--c--\n--b--\n",
			"<2@r>", "z@b", "AQEB-_9x"},
		{"encoded returned mail",
			PLAIN_REPORT "\n--b\nContent-Type: message/global\n"
				     "Content-Transfer-Encoding: base64\n\n"
				     "TWVzc2FnZS1JRDogPDNAcj4NClRvOiBhQGINCg0KeA0K\n--b--\n",
			"<3@r>", "z@b", NULL},
		{"returned mail that should not be encoded",
			PLAIN_REPORT "\n--b\nContent-Type: message/rfc822\n"
				     "Content-Transfer-Encoding: quoted-printable\n\n"
				     "Message-ID: <3=40r>\nTo: a@b\n\nhttps://invite.example/"
				     "i/AQEB-=\n_9x\n--b--\n",
			"<3@r>", "z@b", "AQEB-_9x"},
		{"link of quoted-printable in a text",
			DAEMON "Subject: failure notice\n\nno such user\n\nTo: a@b\n\n"
			       "https://invite.example/i=\n/AQEB-_9x\n",
			NULL, NULL, "AQEB-_9x"},
		{"mail that quotes another's fields",
			DAEMON "Subject: failure notice\n\nno such user\n\nTo: a@b\n"
			       "Message-ID: <4@r>\n\nSee below.\n\nFrom: x\nTo: c@d\n\n"
			       "https://invite.example/i/AQEB-_9x\n",
			"<4@r>", "a@b", "AQEB-_9x"},
		{"mail that quotes another's fields, without own mailboxes",
			DAEMON "Subject: failure notice\n\nno such user\n\n"
			       "Message-ID: <4@r>\r\n\r\nSee below.\n\nFrom: x\nTo: c@d\n",
			"<4@r>", NULL, NULL},
		{"qmail", DAEMON "Subject: failure notice\n\n" QMAIL, "<1@r.example>",
			"a@b.example", NULL},
		{"failed recipients",
			DAEMON "X-Failed-Recipients: a@b, c@d\nSubject: failure notice\n\nx\n",
			NULL, "a@b", NULL},
		{"neither", PLAIN_REPORT "--b--\n", NULL, "z@b", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct support_mail raw;
		struct report report;

		assert_number(cases[i].label, read_text(cases[i].in, &raw, &report), 0);
		assert_text(cases[i].label,
			report.message_id_count > 0 ? report.message_ids[0] : NULL,
			cases[i].message_id);
		assert_text(cases[i].label,
			report.mailbox_count > 0 ? report.mailboxes[0] : NULL,
			cases[i].mailbox);
		assert_text(cases[i].label,
			report.tokens.count > 0 ? report.tokens.text[0] : NULL, cases[i].token);
		report_free(&report);
		support_mail_free(&raw);
	}
}

#define FORWARD "\n--b\nContent-Type: message/rfc822\n\nTo: c@d\nMessage-ID: <fwd@c>\n"
#define RETURNED(to, id)                                                                       \
	"\n--b\nContent-Type: message/rfc822\n\nTo: " to "\nMessage-ID: " id "\n\n" OURS TOKEN \
	"\n--b--\n"

/* Of reports that have the link of a Welcome mail to a@b. */
static void tells_whom_the_link_was_passed_on_to(void **state)
{
	static const struct {
		const char *label, *in;
		bool another;
	} cases[] = {
		{"the mail itself", PLAIN_REPORT RETURNED("a@b", "<1@r>"), false},
		{"the mail, from an alias", PLAIN_REPORT RETURNED("list@b", "<1@r>"), false},
		{"with another Message-ID", PLAIN_REPORT RETURNED("A@B", "<x@y>"), false},
		{"in nobody's name", PLAIN_REPORT "\n--b--\n" OURS TOKEN, false},
		{"to somebody else", PLAIN_REPORT RETURNED("c@d", "<2@c>"), true},
		{"attached",
			PLAIN_REPORT FORWARD
			"Content-Type: multipart/mixed; boundary=c\n\n--c\n\nCan you?\n--c\n"
			"Content-Type: message/rfc822\n\nMessage-ID: <1@r>\nTo: a@b\n\n" OURS
				TOKEN "\n--c--\n--b--\n",
			true},
		{"attached, and returned as a text",
			DAEMON
			"Subject: failure notice\n\nno such user\n\nTo: c@d\n"
			"Message-ID: <fwd@c>\n\nMessage-ID: <1@r>\nTo: a@b\n\n" OURS TOKEN,
			true},
		{"quoted with its header",
			PLAIN_REPORT FORWARD
			"\nCan you?\n\nTo: a@b\nMessage-ID: <1@r>\n\n" OURS TOKEN "\n--b--\n",
			true},
		{"quoted with its header, encoded",
			PLAIN_REPORT FORWARD "Content-Transfer-Encoding: quoted-printable\n\n"
					     "To: a@b\nMessage-ID:=20<1@r>\n\n" OURS TOKEN
					     "\n--b--\n",
			true},
		{"attached, and back to the mailbox",
			REPORT
			"Content-Type: message/delivery-status\n\n\nAction: failed\n"
			"Final-Recipient: rfc822;a@b\n" FORWARD
			"Content-Type: message/rfc822\n\nMessage-ID: <1@r>\nTo: a@b\n\n" OURS
				TOKEN "\n--b--\n",
			false},
		{"the mail's header in words, too",
			DAEMON "Subject: failure notice\n\nno such user\n\nMessage-ID: <1@r>\n"
			       "\nMessage-ID: <1@r>\nTo: list@b\n\n" OURS TOKEN,
			false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct support_mail raw;
		struct report report;

		assert_number(cases[i].label, read_text(cases[i].in, &raw, &report), 0);
		assert_number(cases[i].label, report.tokens.count, 1);
		assert_number(cases[i].label, report_about_another(&report, "<1@r>", "a@b"),
			cases[i].another);
		report_free(&report);
		support_mail_free(&raw);
	}
}

static void bounds_its_work(void **state)
{
	struct support_mail raw;
	struct report report;
	struct buf in;

	(void)state;
	buf_init(&in, 1024 * 1024);
	buf_string(&in, DAEMON "Subject: failure notice\n\nno such user\n");
	for (int i = 0; i < 1000; i++)
		buf_printf(&in, "Message-ID: <%d@r>\nTo: a%d@b\n" OURS "T%d\n", i, i, i);
	assert_number("many", read_text(in.data, &raw, &report), 0);
	assert_number("ids", report.message_id_count, REPORT_IDS_MAX);
	assert_number("mailboxes", report.mailbox_count, REPORT_MAILBOXES_MAX);
	assert_number("tokens", report.tokens.count, TOKENS_MAX);
	report_free(&report);
	support_mail_free(&raw);
	buf_free(&in);
}

/* What a stranger may write at no cost ends soon, and says nothing. */
static void ends_soon(void **state)
{
	static const struct {
		const char *label, *start, *again;
	} cases[] = {
		{"replies in many parts", "Content-Type: multipart/mixed; boundary=b\n\n",
			"--b\n\n 5 5 5 5 5 5 5\n"},
		{"lists of addresses", "\nMessage-ID: <1@r>\n", "To: x\n"},
		{"a list of addresses", "\nMessage-ID: <1@r>\nTo: ", "x,"},
		{"groups of addresses", "\nMessage-ID: <1@r>\nTo: ", "x:"},
		{"in a returned mail",
			"Content-Type: message/rfc822\n\nMessage-ID: <1@r>\nTo: ", "x:"},
		{"headers", "\n", "Message-ID: <1@r>\nTo: x\n\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct support_mail raw;
		struct report report;
		struct buf in;

		buf_init(&in, 2 * 1024 * 1024);
		buf_string(&in, DAEMON "Subject: ");
		while (in.len < 60000)
			buf_string(&in, " 5");
		buf_printf(&in, "\n%s", cases[i].start);
		while (in.len < 1024 * 1024)
			buf_string(&in, cases[i].again);
		assert_number(cases[i].label, read_text(in.data, &raw, &report), -1);
		report_free(&report);
		support_mail_free(&raw);
		buf_free(&in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_messages),
		cmocka_unit_test(understands_words),
		cmocka_unit_test(finds_what_it_is_about),
		cmocka_unit_test(tells_whom_the_link_was_passed_on_to),
		cmocka_unit_test(bounds_its_work),
		cmocka_unit_test(ends_soon),
	};

	return cmocka_run_group_tests(tests, support_mail_init, NULL);
}
