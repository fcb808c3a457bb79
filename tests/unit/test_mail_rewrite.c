/*
 * Injecting the link: every encoding, text and HTML, and not a byte more than the edits.
 */
#include "base/encode.h"
#include "mail/mime.h"
#include "support.h"
#include "support_mail.h"
#include "support_rewrite.h"

#include <stdlib.h>
#include <string.h>

#define LONG_LINK                                                                              \
	"https://invite.example/i/"                                                            \
	"AQEb-_9xAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"                     \
	"AA"

static void replaces_in_one_part(void **state)
{
	static const struct rewrite_case cases[] = {
		{"no MIME at all", "Subject: x\n\nOpen " HERE " now\n", "Open " LINK " now\n"},
		{"7bit", PLAIN "\n" HERE "\n" HERE "\n", LINK "\n" LINK "\n"},
		{"8bit",
			PLAIN EIGHT "\nGr\xc3\xbc\xc3\x9f"
				    "e " HERE "\n",
			"Gr\xc3\xbc\xc3\x9f"
			"e " LINK "\n"},
		{"8bit that is not what it says", PLAIN EIGHT "\n\xff\xfe " HERE "\n",
			"\xff\xfe " LINK "\n"},
		{"no line end at the end", PLAIN "\n" HERE, LINK},
		{"attribute", HTML "\n<a href=\"" HERE "\">x</a>\n",
			"<a href=\"" LINK "\">x</a>\n"},
		{"numeric references",
			HTML "\n<p>&#123;&#x7B;InvitationLink&#125;&#x7d;</p>&nbsp;\n",
			"<p>" LINK "</p>&nbsp;\n"},
		{"named references", HTML "\n&lbrace;&lcub;InvitationLink&rcub;&rbrace;\n",
			LINK "\n"},
		{"references are text in plain text", PLAIN "\n&#123;&#123;InvitationLink}}\n",
			NULL},
		{"percent-encoded, with a scheme",
			HTML "\n<a href=\"http://%7B%7bInvitationLink%7D%7D\">\n",
			"<a href=\"" LINK "\">\n"},
		{"link is escaped in HTML", HTML "\n" HERE "\n",
			"https://x/?a=1&amp;b=&quot;\n", .link = "https://x/?a=1&b=\""},
		{"quoted-printable", PLAIN QUOTED "\nOpen " HERE " now\n",
			"Open " LINK " now\n"},
		{"soft line break within",
			PLAIN QUOTED "\nOpen {{Invita=\ntionLink}} now\nBye=20\n",
			"Open " LINK " now\nBye=20\n"},
		{"encoded braces", PLAIN QUOTED "\n=7B=7BInvitationLink=7d=7D=\n!\n",
			LINK "!\n"},
		{"quoted-printable HTML", HTML QUOTED "\n<a href=3D\"" HERE "\">=C3=A4</a>\n",
			"<a href=3D\"" LINK "\">=C3=A4</a>\n"},
		{"reference over a soft line break",
			HTML QUOTED "\n<p>&#1=\n23;{InvitationLink}}</p>\n",
			"<p>" LINK "</p>\n"},
		{"long link breaks softly, before and behind",
			PLAIN QUOTED "\nOpen " HERE " now\nBye=20\n",
			"Open "
			"=\nhttps://invite.example/i/"
			"AQEb-_9xAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
			"AAAAAAAAAAAAAAAA now\nBye=20\n",
			.link = LONG_LINK},
		{"a dash is not moved to a line's start",
			PLAIN QUOTED "\n" HERE "--b-----------------"
				     "------------------------------------------\n",
			"https://invite.example/i/AQEb-_9=\n=78"
			"--b-----------------------------------------------------------\n"},
		{"platform link", PLAIN "\nOpen " PLATFORM "/4711-ab.\n", "Open " LINK ".\n"},
		{"platform link, case of the host",
			PLAIN "\nHTTPS://Platform.Example/authenticate/1\n", LINK "\n"},
		{"platform link with a query",
			HTML "\n<a href='" PLATFORM "/4711?a=1&amp;b=2'>x</a>\n",
			"<a href='" LINK "'>x</a>\n"},
		{"platform link and a character reference",
			HTML "\n" PLATFORM "/4711&nbsp;now\n", LINK "&nbsp;now\n"},
		{"the platform's return address", PLAIN "\n" PLATFORM "/OAuth2Callback\n",
			NULL},
		{"another page",
			PLAIN "\n" PLATFORM "/4711/help\n" PLATFORM "\n" PLATFORM "/\n", NULL},
		{"another host", PLAIN "\nhttps://platform.example.org/authenticate/4711\n",
			NULL},
		{"another invitation's link stays",
			PLAIN "\n" PLATFORM "/1 " PLATFORM "/2 " PLATFORM "/1\n",
			LINK " " PLATFORM "/2 " LINK "\n"},
		{"placeholder and platform link", PLAIN "\n" HERE " " PLATFORM "/1\n",
			LINK " " LINK "\n"},
		{"ISO-2022-JP, not based on ASCII",
			"Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$B$\"\x1b(B " HERE
			"\n",
			"\x1b$B$\"\x1b(B " LINK "\n"},
		{"charset nobody knows",
			"Content-Type: text/plain; charset=x-none\n\n\xe4 " HERE "\n",
			"\xe4 " LINK "\n"},
		{"encoding nobody knows",
			PLAIN "Content-Transfer-Encoding: x-uuencode\n\n" HERE "\n", NULL},
		{"type nobody reads", "Content-Type: text/calendar\n\n" HERE "\n", NULL},
		{"attachment",
			PLAIN "Content-Disposition: attachment; filename=a.txt\n\n" HERE "\n",
			NULL},
		{"empty body", PLAIN "\n", NULL},
		{"header alone", "Subject: x\n", NULL},
	};

	(void)state;
	support_check_rewrites(cases, ARRAY_SIZE(cases));
}

static void replaces_in_trees(void **state)
{
	static const struct rewrite_case cases[] = {
		{"alternative, each in its encoding, preamble and epilogue",
			"MIME-Version: 1.0\nContent-Type: multipart/alternative; "
			"boundary=\"b\"\n\n"
			"preamble " HERE "\n--b\n" PLAIN "\n" HERE "\n--b  \n" HTML QUOTED
			"\n<a href=3D\"{{Inv=\n"
			"itationLink}}\">\n--b--\nepilogue " HERE "\n",
			"preamble " HERE "\n--b\n" PLAIN "\n" LINK "\n--b  \n" HTML QUOTED
			"\n<a href=3D\"" LINK "\">\n--b--\nepilogue " HERE "\n"},
		{"nested; attachments and attached messages stay",
			MIXED "--b\nContent-Type: multipart/related; boundary=c\n\n--c\n" HTML
			      "\n" HERE "\n--c\nContent-Type: image/png\n" BASE64
			      "\ne3tJbnZpdGF0aW9uTGlua319\n"
			      "--c--\n--b\n" PLAIN
			      "Content-Disposition: ATTACHMENT; filename=x\n\n" HERE "\n--b\n"
			      "Content-Type: message/rfc822\n\n" PLAIN "\n" HERE "\n--b\n" PLAIN
			      "\n" HERE "\n--b--\n",
			"--b\nContent-Type: multipart/related; boundary=c\n\n--c\n" HTML
			"\n" LINK "\n--c\nContent-Type: image/png\n" BASE64
			"\ne3tJbnZpdGF0aW9uTGlua319\n"
			"--c--\n--b\n" PLAIN
			"Content-Disposition: ATTACHMENT; filename=x\n\n" HERE "\n--b\n"
			"Content-Type: message/rfc822\n\n" PLAIN "\n" HERE "\n--b\n" PLAIN
			"\n" LINK "\n--b--\n"},
		{"no closing boundary", MIXED "--b\n" PLAIN "\n" HERE "\n",
			"--b\n" PLAIN "\n" LINK "\n"},
		{"part without a header", MIXED "--b\n\n" HERE "\n--b--\n",
			"--b\n\n" LINK "\n--b--\n"},
		{"another invitation's link in another part",
			MIXED "--b\n" PLAIN "\n" PLATFORM "/1\n--b\n" HTML "\n" PLATFORM
			      "/2\n--b--\n",
			"--b\n" PLAIN "\n" LINK "\n--b\n" HTML "\n" PLATFORM "/2\n--b--\n"},
		{"base64 with something behind it",
			MIXED "--b\n" PLAIN BASE64
			      "\ne3tJbnZp\ndGF0aW9uTGlua319IQ==\n\n-- \nlist footer\n--b--\n",
			NULL},
	};

	(void)state;
	support_check_rewrites(cases, ARRAY_SIZE(cases));
}

static void appends(void **state)
{
	static const struct rewrite_case cases[] = {
		{"plain", PLAIN "\nHello\n", "Hello\n\n" PARAGRAPH "\n" LINK "\n",
			.edit = MAIL_APPEND_LINK},
		{"plain without a line end", PLAIN "\nHello",
			"Hello\n\n" PARAGRAPH "\n" LINK "\n", .edit = MAIL_APPEND_LINK},
		{"empty", PLAIN "\n", "\n" PARAGRAPH "\n" LINK "\n", .edit = MAIL_APPEND_LINK},
		{"HTML body", HTML "\n<body>Hello</BODY>\n</html>\n",
			"<body>Hello" HTML_WORDS "</BODY>\n</html>\n",
			.edit = MAIL_APPEND_LINK},
		{"HTML without a body's end", HTML "\nHello\n", "Hello\n" HTML_WORDS,
			.edit = MAIL_APPEND_LINK},
		{"quoted-printable with a dangling soft break", PLAIN QUOTED "\nHello=\n",
			"Hello=\n\n\n" PARAGRAPH "\n" LINK "\n", .edit = MAIL_APPEND_LINK},
		{"a soft break whose line end is the boundary's",
			MIXED "--b\n" PLAIN QUOTED "\nHello=20= \n--b--\n",
			"--b\n" PLAIN QUOTED "\nHello=20= \n\n\n" PARAGRAPH "\n" LINK
			"\n\n--b--\n",
			.edit = MAIL_APPEND_LINK},
		{"base64", PLAIN BASE64 "\nSGVsbG8=\n",
			"SGVsbG8NCg0KUGxlYXNlIGZvbGxvdyB0aGlzIGxpbmsgdG8gY29tcGxldGUgeW91ciBpbn"
			"ZpdGF0\n"
			"aW9uOg0KaHR0cHM6Ly9pbnZpdGUuZXhhbXBsZS9pL0FRRWItXzl4DQo=\n",
			.edit = MAIL_APPEND_LINK},
		{"first text and first HTML of a tree",
			MIXED "--b\n" PLAIN "\nA\n--b\n" HTML "\nB\n--b\n" PLAIN "\nC\n--b--\n",
			"--b\n" PLAIN "\nA\n\n" PARAGRAPH "\n" LINK "\n\n--b\n" HTML
			"\nB" HTML_WORDS "\n--b\n" PLAIN "\nC\n--b--\n",
			.edit = MAIL_APPEND_LINK},
	};

	(void)state;
	support_check_rewrites(cases, ARRAY_SIZE(cases));
}

/* A line of so many "a", a placeholder, and what the rest of the message is. */
static char *long_message_of(int letters, const char *before, const char *behind)
{
	struct buf text;

	buf_init(&text, 65536);
	buf_string(&text, before);
	for (int i = 0; i < letters; i++)
		buf_byte(&text, 'a');
	buf_string(&text, HERE);
	buf_string(&text, behind);
	return buf_take(&text, NULL);
}

static char *long_message(const char *before, const char *behind)
{
	return long_message_of(990, before, behind);
}

static void lines_stay_within_the_limit(void **state)
{
	static const struct {
		const char *label, *before, *behind;
		const char *want_before, *want_behind; /* of the new body */
		bool quoted_printable;
	} cases[] = {
		{"single part", PLAIN "\n", " = \xc3\xa4 \n", "aaaa", "9x =3D =C3=A4=20\n",
			true},
		{"part with an encoding", MIXED "--b\n" PLAIN EIGHT "X-A: b\n\n", "\n--b--\n",
			"--b\n" PLAIN QUOTED "X-A: b\n\naaa", "9x\n--b--\n", false},
		{"part with a folded encoding",
			MIXED "--b\nContent-Transfer-Encoding:\n 7bit\n" PLAIN "\n",
			"\n--b--\n", "--b\n" QUOTED PLAIN "\naaa", "9x\n--b--\n", false},
		{"part without one", MIXED "--b\n" PLAIN "\n", "\n--b--\n",
			"--b\n" PLAIN QUOTED "\naaa", "9x\n--b--\n", false},
		{"part without a header", MIXED "--b\n\n", "\n--b--\n", "--b\n" QUOTED "\naaa",
			"9x\n--b--\n", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *in = long_message(cases[i].before, cases[i].behind);
		char *start = support_crlf(cases[i].want_before);
		char *end = support_crlf(cases[i].want_behind);
		struct rewritten rewritten;
		struct support_mail raw;
		struct error error;
		struct mail *mail;

		support_mail_read(&raw, in, strlen(in));
		mail = mail_parse(raw.message.data, raw.message.len, raw.body_start,
			&support_rules, &error);
		assert_non_null(mail);
		assert_number(cases[i].label,
			mail_rewrite(mail, MAIL_REPLACE_LINKS, LINK, &rewritten, &error), 0);
		assert_number(
			cases[i].label, rewritten.quoted_printable, cases[i].quoted_printable);
		assert_number(cases[i].label, strncmp(rewritten.body, start, strlen(start)), 0);
		assert_text(
			cases[i].label, rewritten.body + rewritten.body_len - strlen(end), end);
		for (char *line = rewritten.body; *line != '\0';) {
			size_t len = strcspn(line, "\n");

			assert_true(len <= 77);
			line += len + (line[len] == '\n');
		}
		free(rewritten.body);
		mail_free(&mail);
		support_mail_free(&raw);
		free(in);
		free(start);
		free(end);
	}
}

static struct mail *parse(struct support_mail *raw, const char *in, struct error *error)
{
	support_mail_read(raw, in, strlen(in));
	return mail_parse(
		raw->message.data, raw->message.len, raw->body_start, &support_rules, error);
}

static void recodes_no_earlier_than_it_must(void **state)
{
	static const struct {
		int letters;
		bool quoted_printable;
	} cases[] = {{999 - (int)sizeof(LINK), false}, {1000 - (int)sizeof(LINK), true}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *in = long_message_of(cases[i].letters, PLAIN "\n", "\n");
		struct rewritten rewritten;
		struct support_mail raw;
		struct error error;
		struct mail *mail = parse(&raw, in, &error);

		assert_non_null(mail);
		assert_number("fits",
			mail_rewrite(mail, MAIL_REPLACE_LINKS, LINK, &rewritten, &error), 0);
		assert_number("limit", rewritten.quoted_printable, cases[i].quoted_printable);
		free(rewritten.body);
		mail_free(&mail);
		support_mail_free(&raw);
		free(in);
	}
}

static void converts_wide_charsets(void **state)
{
	static const char in[] = "Content-Type: text/plain; charset=utf-16le\n" BASE64
				 "\n5AAgAHsAewBJAG4AdgBpAHQAYQB0AGkAbwBuAEwAaQBuAGsAfQB9AAoA\n";
	static const char link[] = "https://x/";
	char want[2 * (3 + sizeof(link))] = {'\xe4', 0, ' ', 0};
	char text[128];
	struct rewritten rewritten;
	struct support_mail raw;
	struct error error;
	struct mail *mail = parse(&raw, in, &error);
	int len;

	(void)state;
	assert_non_null(mail);
	for (size_t i = 0; i < sizeof(link) - 1; i++)
		want[4 + 2 * i] = link[i];
	want[4 + 2 * (sizeof(link) - 1)] = '\n';
	assert_number(
		"utf-16", mail_rewrite(mail, MAIL_REPLACE_LINKS, link, &rewritten, &error), 0);
	len = base64_decode(rewritten.body, rewritten.body_len - 2, text, sizeof(text));
	assert_number("utf-16", len, 2 * (3 + (int)sizeof(link) - 1));
	assert_memory_equal(text, want, (size_t)len);
	free(rewritten.body);
	mail_free(&mail);
	support_mail_free(&raw);
}

static void finds(void **state)
{
	static const struct {
		const char *label, *in;
		size_t links;
		const char *platform_id, *protection;
		bool has_text, tracked;
	} cases[] = {
		{"placeholder", PLAIN "\n" HERE "\n", 1, "", NULL, true, false},
		{"platform id", PLAIN "\n" PLATFORM "/4711\n", 1, "4711", NULL, true, false},
		{"platform id in the second part",
			MIXED "--b\n" PLAIN "\nx\n--b\n" HTML "\n" PLATFORM "/4711\n--b--\n", 1,
			"4711", NULL, true, false},
		{"was here before", PLAIN QUOTED "\n<" LINK ">\n", 0, "", NULL, true, true},
		{"the wizard's address alone", PLAIN "\nhttps://invite.example/i/ x\n", 0, "",
			NULL, true, false},
		{"no text", "Content-Type: application/pdf\n\nx\n", 0, "", NULL, false, false},
		{"signed",
			"Content-Type: multipart/signed; boundary=b; "
			"protocol=\"application/pgp-signature\"; "
			"micalg=pgp-sha256\n\n--b\n" PLAIN "\n" HERE "\n--b\nContent-Type: "
			"application/pgp-signature\n\nx\n--b--\n",
			1, "", "signed", true, false},
		{"signed within",
			MIXED "--b\nContent-Type: multipart/signed; boundary=c\n\n--c\n\n" HERE
			      "\n--c--\n--b--\n",
			1, "", "signed", true, false},
		{"signed in an attached message",
			MIXED "--b\n\n" HERE "\n--b\nContent-Type: message/rfc822\n\n"
			      "Content-Type: multipart/signed; "
			      "boundary=c\n\n--c\n\nx\n--c--\n--b--\n",
			1, "", NULL, true, false},
		{"encrypted",
			"Content-Type: multipart/encrypted; boundary=b\n\n--b\n\nx\n--b--\n", 0,
			"", "encrypted", true, false},
		{"S/MIME",
			"Content-Type: application/pkcs7-mime; smime-type=signed-data\n" BASE64
			"\nAAAA\n",
			0, "", "S/MIME signed or encrypted", false, false},
		{"S/MIME as a file",
			"Content-Type: application/octet-stream; name=smime.P7M\n" BASE64
			"\nAAAA\n",
			0, "", "S/MIME signed or encrypted", false, false},
		{"S/MIME attached as a file",
			MIXED "--b\n\n" HERE "\n--b\nContent-Type: application/octet-stream; "
			      "name=smime.p7m\n\nx\n--b--\n",
			1, "", NULL, true, false},
		{"PGP in the text",
			PLAIN "\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n" HERE
			      "\n",
			1, "", "PGP signed", true, false},
		{"PGP quoted", PLAIN "\n> -----BEGIN PGP MESSAGE-----\n" HERE "\n", 1, "", NULL,
			true, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mail_findings findings;
		struct support_mail raw;
		struct error error;
		struct mail *mail = parse(&raw, cases[i].in, &error);

		assert_non_null(mail);
		mail_findings(mail, &findings);
		assert_number(cases[i].label, findings.links, cases[i].links);
		assert_text(cases[i].label, findings.platform_id, cases[i].platform_id);
		assert_text(cases[i].label, findings.protection, cases[i].protection);
		assert_number(cases[i].label, findings.has_text, cases[i].has_text);
		assert_number(cases[i].label, findings.tokens->count, cases[i].tracked);
		mail_free(&mail);
		support_mail_free(&raw);
	}
}

static void reads_the_customer(void **state)
{
	static const struct {
		const char *label, *in, *subject, *want;
	} cases[] = {
		{"subject first", PLAIN "\nAdministrator of Other,\n",
			"Administrator of Contoso,", "Contoso"},
		{"text", PLAIN QUOTED "\nDear Administrator of C=C3=B6=\nntoso,\n", "x",
			"C\xc3\xb6ntoso"},
		{"Latin-1",
			"Content-Type: text/plain; charset=iso-8859-1\n\nAdministrator of "
			"C\xf6ntoso,\n",
			"x", "C\xc3\xb6ntoso"},
		{"HTML", HTML "\n<p>Administrator of A&amp;B, hello\n", "x", "A&B"},
		{"text before HTML",
			MIXED "--b\n" PLAIN "\nAdministrator of A,\n--b\n" HTML
			      "\nAdministrator of B,\n--b--\n",
			"x", "A"},
		{"none", PLAIN "\nHello\n", "x", NULL},
		{"Latin-1 that says it is ASCII",
			"Content-Type: text/plain; charset=us-ascii\n\nAdministrator of "
			"C\xf6ntoso,\n",
			"x", "C\xc3\xb6ntoso"},
		{"UTF-8 that says it is ASCII",
			"Content-Type: text/plain; charset=us-ascii\n\nAdministrator of "
			"C\xc3\xb6ntoso,\n",
			"x", "C\xc3\xb6ntoso"},
		{"Windows' without a charset", "Subject: x\n\nAdministrator of \x93X\x94,\n",
			"x", "\xe2\x80\x9cX\xe2\x80\x9d"},
		{"a charset nobody knows",
			"Content-Type: text/plain; charset=x-none\n\nAdministrator of \x81\xf6,\n",
			"x", "\xc2\x81\xc3\xb6"},
	};
	struct error error;
	struct pattern *pattern = pattern_new("Administrator of ([^,]+),", &error);

	(void)state;
	assert_non_null(pattern);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct support_mail raw;
		struct mail *mail = parse(&raw, cases[i].in, &error);
		char *id;

		assert_non_null(mail);
		id = mail_customer_id(mail, pattern, cases[i].subject);
		assert_text(cases[i].label, id, cases[i].want);
		free(id);
		mail_free(&mail);
		support_mail_free(&raw);
	}
	pattern_free(&pattern);
}

static void bounds_its_work(void **state)
{
	struct support_mail raw;
	struct error error;
	struct mail *mail;
	struct buf in;

	(void)state;
	buf_init(&in, 1024 * 1024);
	buf_string(&in, PLAIN "\n");
	for (int i = 0; i <= LINKS_MAX; i++)
		buf_string(&in, HERE "\n");
	mail = parse(&raw, in.data, &error);
	assert_null(mail);
	assert_number("links", error.kind, ERROR_PERMANENT);
	assert_text("links", error.text, "message with more than 1000 invitation links");
	support_mail_free(&raw);

	buf_reset(&in);
	buf_string(&in, MIXED);
	for (int i = 0; i <= LINKS_MAX; i++)
		buf_string(&in, i % 250 == 0 ? "--b\n\n" HERE "\n" : HERE "\n");
	assert_null(parse(&raw, in.data, &error));
	assert_text("links", error.text, "message with more than 1000 invitation links");
	support_mail_free(&raw);

	buf_reset(&in);
	buf_string(&in, MIXED);
	for (int i = 0; i <= MIME_PARTS_MAX; i++)
		buf_string(&in, "--b\n\n" HERE "\n");
	mail = parse(&raw, in.data, &error);
	assert_non_null(mail);
	mail_free(&mail);
	support_mail_free(&raw);
	buf_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces_in_one_part),
		cmocka_unit_test(replaces_in_trees),
		cmocka_unit_test(appends),
		cmocka_unit_test(lines_stay_within_the_limit),
		cmocka_unit_test(recodes_no_earlier_than_it_must),
		cmocka_unit_test(converts_wide_charsets),
		cmocka_unit_test(finds),
		cmocka_unit_test(reads_the_customer),
		cmocka_unit_test(bounds_its_work),
	};

	return cmocka_run_group_tests(tests, support_mail_init, NULL);
}
