/*
 * Mails of our own: what is written can be read back, and no value gets out of its header.
 */
#include "support.h"

#include "mail/compose.h"
#include "mail/mime.h"
#include "mail/value.h"

#include <stdlib.h>
#include <string.h>

#define LONG_LINK                                                                              \
	"https://invite.provider.example/i/AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const struct mail_draft usual = {
	.from_name = "Provider Voice",
	.from = "postinvite@relay.provider.example",
	.to = "service@customer.test",
	.subject = "Please continue",
	.text = "Hello,\n\n" LONG_LINK "\n",
	.html = "<p><a href=\"" LONG_LINK "\">Continue</a></p>\n",
	.message_id = "17.abc@relay.provider.example",
	.date = 1767225600,
};

static char *compose(const struct mail_draft *draft)
{
	struct error error;
	struct buf out;

	buf_init(&out, MAIL_DRAFT_MAX);
	if (mail_compose(draft, &out, &error) != 0)
		fail_msg("%s", error.text);
	return buf_take(&out, NULL);
}

static void has(const char *mail, const char *line)
{
	if (strstr(mail, line) == NULL)
		fail_msg("no \"%s\" in:\n%s", line, mail);
}

static void headers_and_parts(void **state)
{
	char *mail = compose(&usual);
	static const char *const lines[] = {
		"From: Provider Voice <postinvite@relay.provider.example>\n",
		"To: service@customer.test\n", "Subject: Please continue\n",
		"Date: Thu, 01 Jan 2026 00:00:00 +0000\n",
		"Message-Id: <17.abc@relay.provider.example>\n",
		"Auto-Submitted: auto-generated\n", "MIME-Version: 1.0\n",
		"Content-Type: multipart/alternative; boundary=",
		"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: "
		"quoted-printable\n",
		"Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: "
		"quoted-printable\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		has(mail, lines[i]);
	assert_true(strstr(mail, "text/plain") < strstr(mail, "text/html"));
	assert_null(strchr(mail, '\r'));
	free(mail);
}

static void lines_are_short_and_ascii(void **state)
{
	struct mail_draft draft = usual;
	char words[4000];
	char *mail;

	(void)state;
	memset(words, 'x', sizeof(words) - 1);
	memcpy(words + 100, "ü=", 3);
	words[103] = 'x';
	words[sizeof(words) - 1] = '\0';
	draft.text = draft.html = words;
	draft.subject = words + 1000;
	mail = compose(&draft);
	for (char *line = mail; line != NULL && *line != '\0'; line = strchr(line, '\n') + 1) {
		size_t len = strcspn(line, "\n");

		if (strncmp(line, "Subject: ", 9) != 0)
			assert_in_range(len, 0, 998);
		for (size_t i = 0; i < len; i++)
			assert_true((unsigned char)line[i] < 0x80);
	}
	free(mail);
}

static void encoded_words(void **state)
{
	struct mail_draft draft = usual;
	char *mail, *decoded;

	(void)state;
	draft.from_name = "Müller Télécom, GmbH";
	draft.subject = "לחצו על \"המשך\"";
	mail = compose(&draft);
	has(mail, "From: =?UTF-8?");
	has(mail, "Subject: =?UTF-8?");
	*strchr(strstr(mail, "Subject: "), '\n') = '\0';
	decoded = mail_decode_header(strstr(mail, "Subject: ") + 9);
	assert_text("subject", decoded, draft.subject);
	free(decoded);
	free(mail);
	draft.text = draft.html = "für €";
	mail = compose(&draft);
	has(mail, "\n\nf=C3=BCr =E2=82=AC");
	free(mail);
}

static void no_value_begins_a_header(void **state)
{
	struct mail_draft draft = usual;
	char *mail;

	(void)state;
	draft.from_name = "A\r\nBcc: x@evil.test";
	draft.subject = "B\nBcc: y@evil.test";
	mail = compose(&draft);
	assert_null(strstr(mail, "\nBcc"));
	free(mail);
}

static void refused(void **state)
{
	static const struct {
		const char *label, *from, *to, *text;
	} cases[] = {
		{"no at", "a@b.test", "service", "x"},
		{"two", "a@b.test", "a@b.test,c@d.test", "x"},
		{"line break", "a@b.test", "a@b.test\nBcc: c@d.test", "x"},
		{"empty domain", "a@b.test", "a@", "x"},
		{"from", "a b@c.test", "a@b.test", "x"},
		{"no UTF-8", "a@b.test", "a@b.test", "\xff"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mail_draft draft = usual;
		struct error error;
		struct buf out;

		draft.from = cases[i].from;
		draft.to = cases[i].to;
		draft.text = cases[i].text;
		buf_init(&out, MAIL_DRAFT_MAX);
		assert_number(cases[i].label, mail_compose(&draft, &out, &error), -1);
		assert_number(cases[i].label, error.kind, ERROR_PERMANENT);
		buf_free(&out);
	}
	{
		struct error error;
		struct buf small;

		buf_init(&small, 10);
		assert_number("small", mail_compose(&usual, &small, &error), -1);
		assert_number("small", error.kind, ERROR_TEMPORARY);
		buf_free(&small);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_and_parts),
		cmocka_unit_test(lines_are_short_and_ascii),
		cmocka_unit_test(encoded_words),
		cmocka_unit_test(no_value_begins_a_header),
		cmocka_unit_test(refused),
	};

	mail_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
