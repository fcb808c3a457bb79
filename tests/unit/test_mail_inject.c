/*
 * What people and programs write a Welcome mail like: contexts of HTML, flowed text, charsets,
 * base addresses, links that somebody else has wrapped, header fields that an edit makes wrong.
 */
#include "support.h"
#include "support_mail.h"
#include "support_rewrite.h"

#include <string.h>

#define FLOWED "Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\n"

static void knows_html(void **state)
{
	static const char link[] = "https://x/?a=1&b=--'";
	static const struct rewrite_case cases[] = {
		{"double quotes", HTML "\n<a href=\"" HERE "\">\n",
			"<a href=\"https://x/?a=1&amp;b=--&#39;\">\n", .link = link},
		{"single quotes", HTML "\n<a href='" HERE "'>\n",
			"<a href='https://x/?a=1&amp;b=--&#39;'>\n", .link = link},
		{"no quotes", HTML "\n<a href=" HERE ">" HERE "</a>\n",
			"<a href=https://x/?a&#61;1&amp;b&#61;--&#39;>https://x/?a=1&amp;b=--&#39;</a>\n",
			.link = link},
		{"comment", HTML "\n<!-- " HERE " -->\n",
			"<!-- https://x/?a=1&amp;b=-&#45;&#39; -->\n", .link = link},
		{"script is no HTML",
			HTML "\n<script type=\"application/ld+json\">{\"url\":\"" HERE
			     "\"}</script>&#123;{InvitationLink}}\n",
			"<script type=\"application/ld+json\">{\"url\":\"https://x/?a=1&b=--'\"}"
			"</script>https://x/?a=1&amp;b=--&#39;\n",
			.link = link},
		{"references in a script are text",
			HTML "\n<script>&#123;&#123;InvitationLink}}</script>\n", NULL},
		{"JSON's slashes",
			HTML
			"\n<script>\"https:\\/\\/platform.example\\/authenticate\\/4711\"</script>\n",
			"<script>\"" LINK "\"</script>\n"},
		{"conditional comment of Outlook's",
			HTML "\n<!--[if mso]><v:rect href=\"" PLATFORM
			     "/1?a=1&amp;b=2\"><![endif]-->\n",
			"<!--[if mso]><v:rect href=\"" LINK "\"><![endif]-->\n"},
		{"split by an editor",
			HTML "\n<p>{{<span class=SpellE>InvitationLink</span>}}</p>\n",
			"<p>" LINK "<span class=SpellE></span></p>\n"},
		{"split and not ours", HTML "\n<p>{{Invitation</p><p>Link}}</p>\n", NULL},
		{"a tag ends a link",
			HTML "\n<b>" PLATFORM "/47</b>11 and <i>" PLATFORM "/47</i>\n",
			"<b>" LINK "</b>11 and <i>" LINK "</i>\n"},
		{"where a line may break",
			HTML "\nhttps://platform.example/<wbr>authenticate/<wbr/>47\n",
			LINK "<wbr><wbr/>\n"},
		{"text that looks like a tag", HTML "\n1 < 2 " HERE " <3\n",
			"1 < 2 " LINK " <3\n"},
		{"tag that does not end", HTML "\n<a href=\"" HERE "\n",
			"<a href=\"" LINK "\n"},
		{"blanks around", HTML "\n<a href=\" " HERE " \">x\n",
			"<a href=\" " LINK " \">x\n"},
		{"an address broken into lines",
			HTML "\n<a href=\"https://platform.example/\n\tauthenticate/4\n7\"><a "
			     "href='{{Invitation\nLink}}\n'>\n",
			"<a href=\"" LINK "\n\t\n \"><a href='" LINK "\n \n'>\n"},
		{"no boundary comes to be in an address",
			HTML "\n<a href='{{InvitationLink}\n}--b'>\n",
			"<a href='" LINK "\n --b'>\n"},
		{"other values are not", HTML "\n<a title='{{Invitation\nLink}}'>\n", NULL},
		{"attribute that is no address",
			HTML "\n<img alt='open " HERE "' title=" HERE ">\n",
			"<img alt='open " LINK "' title=" LINK ">\n"},
		{"first of the platform's in the order of the source",
			HTML "\n" PLATFORM "/1 <a href=\"" PLATFORM "/2\">" PLATFORM "/1</a>\n",
			LINK " <a href=\"" PLATFORM "/2\">" LINK "</a>\n"},
		{"no boundary comes to be", HTML QUOTED "\n{{Invitation<b>Link</b>=\n}}--b\n",
			LINK "<b></b>=\n=2D-b\n"},
		{"over a soft line break within a tag",
			HTML QUOTED "\n<p>{{Invit=\nation<b>Li=\nnk</b>}}</p>=20\n",
			"<p>" LINK "<b></b></p>=20\n"},
	};

	(void)state;
	support_check_rewrites(cases, ARRAY_SIZE(cases));
}

static void knows_base_addresses(void **state)
{
	static const struct rewrite_case cases[] = {
		{"base",
			HTML
			"\n<base href=\"https://platform.example/\"><a href=\"authenticate/47?x=1\">\n",
			"<base href=\"https://platform.example/\"><a href=\"" LINK "\">\n"},
		{"base with the path",
			HTML "\n<BASE HREF='" PLATFORM
			     "/'><a href=47><a href='../authenticate/47'>"
			     "<a href=/authenticate/47><a href=../47>\n",
			"<BASE HREF='" PLATFORM "/'><a href=" LINK "><a href='" LINK "'>"
			"<a href=" LINK "><a href=../47>\n"},
		{"only addresses are relative",
			HTML "\n<base href='" PLATFORM "/'>47 <a title=47>\n", NULL},
		{"another base",
			HTML "\n<base href='https://x.example/'><a href='/authenticate/47'>\n",
			NULL},
		{"no base", HTML "\n<a href='/authenticate/47'><a href='authenticate/47'>\n",
			NULL},
		{"no scheme", HTML "\n<a href='//platform.example/authenticate/47'>\n",
			"<a href='" LINK "'>\n"},
		{"the platform's return address",
			HTML "\n<base href='" PLATFORM "/'><a href=OAuth2Callback>\n", NULL},
		{"placeholder under a base",
			HTML "\n<base href='https://x.example/'><a href='" HERE "'>\n",
			"<base href='https://x.example/'><a href='" LINK "'>\n"},
	};

	(void)state;
	support_check_rewrites(cases, ARRAY_SIZE(cases));
}

/* With a long one each of many links would take long. */
static void takes_a_short_base(void **state)
{
	static const char start[] = HTML "\n<base href='https://platform.example/",
			  end[] = "'><a href='/authenticate/47'>\n";
	const struct {
		size_t len;
		bool taken;
	} cases[] = {{2048, true}, {2049, false}, {100000, false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t path = cases[i].len - strlen("https://platform.example/");
		struct rewrite_case row = {.label = "long base"};
		struct buf in, body;

		buf_init(&in, 1000000);
		buf_init(&body, 1000000);
		buf_string(&in, start);
		for (size_t n = 1; n <= path; n++)
			buf_string(&in, n % 70 == 0 ? "x\n" : "x");
		buf_string(&body, strstr(in.data, "<base"));
		buf_string(&in, end);
		buf_string(&body, "'><a href='" LINK "'>\n");
		row.in = in.data;
		row.body = cases[i].taken ? body.data : NULL;
		support_check_rewrites(&row, 1);
		buf_free(&in);
		buf_free(&body);
	}
}

static void leaves_wrapped_links(void **state)
{
	static const struct rewrite_case cases[] = {
		{"safe link",
			HTML
			"\n<a href=\"https://nam02.safelinks.protection.outlook.com/?url="
			"https%3A%2F%2Fplatform.example%2Fauthenticate%2F47&amp;data=05\">\n",
			NULL},
		{"unencoded within another link",
			PLAIN "\nhttps://protect.example/?u=" PLATFORM "/47\n", NULL},
		{"unencoded within a path",
			PLAIN "\nhttps://urldefense.com/v3/__" PLATFORM "/47__;!!x\n", NULL},
		{"placeholder as an editor and then a scanner write it",
			HTML "\n<a href=\"https://nam02.safelinks.protection.outlook.com/?url="
			     "http%3A%2F%2F%7B%7BInvitationLink%7D%7D%2F&amp;data=05\">\n",
			"<a href=\"https://nam02.safelinks.protection.outlook.com/?url=" LINK
			"%2F&amp;data=05\">\n"},
		{"no quotes", HTML "\n<a href=" PLATFORM "/47>\n", "<a href=" LINK ">\n"},
		{"in brackets", PLAIN "\n(" PLATFORM "/47) <" PLATFORM "/47>\n",
			"(" LINK ") <" LINK ">\n"},
		{"behind another link", PLAIN "\nhttps://x.example/ " PLATFORM "/47\n",
			"https://x.example/ " LINK "\n"},
		{"quoted reply", PLAIN "\n> Open " PLATFORM "/47\n", "> Open " LINK "\n"},
	};

	(void)state;
	support_check_rewrites(cases, ARRAY_SIZE(cases));
}

static void knows_flowed_text(void **state)
{
	static const struct rewrite_case cases[] = {
		{"flowed over a line's end", FLOWED "\nOpen {{Invita \ntionLink}} now\n",
			"Open " LINK " \n  now\n"},
		{"platform link flowed",
			FLOWED "\nOpen https://platform.example/authen \nticate/47.\n",
			"Open " LINK " \n .\n"},
		{"no boundary comes to be",
			FLOWED "\n{{Invitation \nLink}}--b\n{{Invitation \n Link}}--b\n",
			LINK " \n --b\n" LINK " \n --b\n"},
		{"spaces count without delsp",
			"Content-Type: text/plain; format=flowed\n\nOpen {{Invita \ntionLink}}\n",
			NULL},
		{"signature separator", FLOWED "\n-- \n" HERE "\n", "-- \n" LINK "\n"},
		{"quoted-printable", FLOWED QUOTED "\nOpen {{Invita=20\ntionLink}} now\n",
			"Open " LINK "=20\n=20 now\n"},
	};

	(void)state;
	support_check_rewrites(cases, ARRAY_SIZE(cases));
}

static void knows_charsets(void **state)
{
	static const struct rewrite_case cases[] = {
		{"windows-1251",
			"Content-Type: text/plain; charset=windows-1251\n"
			"Content-Transfer-Encoding: 8bit\n\n\xcf\xf0\xe8 " HERE "\n",
			"\xcf\xf0\xe8 " LINK "\n"},
		{"ISO-2022-JP, quoted-printable",
			"Content-Type: text/plain; charset=iso-2022-jp\n" QUOTED
			"\n=1B$B$\"=1B(B " HERE "\n",
			"=1B$B$\"=1B(B " LINK "\n"},
		{"ISO-2022-JP, touching",
			"Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$B$\"\x1b(B" HERE
			"\x1b$B$\"\x1b(B\n",
			"\x1b$B$\"\x1b(B" LINK "\x1b$B$\"\x1b(B\n"},
		{"UTF-7",
			"Content-Type: text/plain; charset=utf-7\n\n+AOQ- +AHsAew-InvitationLink+AH0AfQ-\n",
			"+AOQ https://x/\n", .link = "https://x/"},
		{"UTF-16 with its mark",
			"Content-Type: text/plain; charset=utf-16\n" BASE64
			"\n/v8AewB7AEkAbgB2AGkAdABhAHQAaQBvAG4ATABpAG4AawB9AH0ACg==\n",
			"/v8AaAB0AHQAcABzADoALwAvAHgALwAK\n", .link = "https://x/"},
		{"UTF-16 without, as RFC 2781 has it",
			"Content-Type: text/plain; charset=utf-16\n" BASE64
			"\nAHsAewBJAG4AdgBpAHQAYQB0AGkAbwBuAEwAaQBuAGsAfQB9AAo=\n",
			"AGgAdAB0AHAAcwA6AC8ALwB4AC8ACg==\n", .link = "https://x/"},
		{"UTF-16 without, as Windows has it",
			"Content-Type: text/plain; charset=utf-16\n" BASE64
			"\newB7AEkAbgB2AGkAdABhAHQAaQBvAG4ATABpAG4AawB9AH0ACgA=\n",
			"aAB0AHQAcABzADoALwAvAHgALwAKAA==\n", .link = "https://x/"},
	};

	(void)state;
	support_check_rewrites(cases, ARRAY_SIZE(cases));
}

/* A katakana whose second byte is "g", a hanzi's is "\\", others' are "W" and "{". */
static void knows_characters_of_two_bytes(void **state)
{
	static const struct rewrite_case cases[] = {
		{"Shift_JIS",
			"Content-Type: text/plain; charset=Shift_JIS\n\n\x83\x67" PLATFORM
			"/47\n",
			"\x83\x67" LINK "\n"},
		{"Shift_JIS, half-width",
			"Content-Type: text/plain; charset=windows-31j\n\n\xb1" HERE "\n",
			"\xb1" LINK "\n"},
		{"Big5",
			"Content-Type: text/plain; charset=big5\n\n\xa5\x5c\xa4\x57" PLATFORM
			"/47\xa4\x57\n",
			"\xa5\x5c\xa4\x57" LINK "\xa4\x57\n"},
		{"GBK that says GB2312, HTML",
			"Content-Type: text/html; charset=gb2312\n\n<p title='\x81\x57" PLATFORM
			"/47'>\x81\x7b" HERE "\n",
			"<p title='\x81\x57" LINK "'>\x81\x7b" LINK "\n"},
		{"GBK, a half of a character is no half of a placeholder",
			"Content-Type: text/plain; charset=gbk\n\n\x81\x7b{InvitationLink}}\n",
			NULL},
		{"GB18030, four bytes",
			"Content-Type: text/plain; charset=gb18030\n" QUOTED
			"\n=81=30=84=36" PLATFORM "/47=\n\x81\x41\n",
			"=81=30=84=36" LINK "\x81\x41\n"},
		{"Korean",
			"Content-Type: text/plain; charset=ks_c_5601-1987\n\n\x81\x41" PLATFORM
			"/47\n",
			"\x81\x41" LINK "\n"},
		{"UTF-8 that says GB2312",
			"Content-Type: text/plain; charset=gb2312\n\n\xe4\xb8\xad" HERE "\n",
			"\xe4\xb8\xad" LINK "\n"},
		{"UTF-8 that says Big5, HTML",
			"Content-Type: text/html; charset=big5\n\n<p>\xe4\xb8\xad" PLATFORM
			"/47\n",
			"<p>\xe4\xb8\xad" LINK "\n"},
		{"cut off at a line's end",
			"Content-Type: text/plain; charset=big5\n\n\xa5\n" PLATFORM "/47\n\xa5",
			"\xa5\n" LINK "\n\xa5"},
		{"other charsets have none",
			"Content-Type: text/plain; charset=iso-8859-1\n\n\xe4" HERE "\n",
			"\xe4" LINK "\n"},
	};

	(void)state;
	support_check_rewrites(cases, ARRAY_SIZE(cases));
}

static void keeps_line_discipline(void **state)
{
	static const struct rewrite_case cases[] = {
		{"base64 in shorter lines",
			PLAIN BASE64 "\nR3LDvMOf\nZSB7e0lu\ndml0YXRp\nb25MaW5r\nfX0K\n",
			"R3LDvMOf\nZSBodHRw\nczovL2lu\ndml0ZS5l\neGFtcGxl\nL2kvQVFF\nYi1fOXgK\n"},
		{"base64 in one line of 80",
			PLAIN BASE64
			"\nR3LDvMOfZSBHcsO8w59lIEdyw7zDn2UgR3LDvMOfZSBHcsO8w59lIEdyw7zDn2Ug"
			"R3J1w59lIHt7SW52\naXRhdGlvbkxpbmt9fQo=\n",
			"R3LDvMOfZSBHcsO8w59lIEdyw7zDn2UgR3LDvMOfZSBHcsO8w59lIEdyw7zDn2Ug"
			"R3J1w59lIGh0\ndHBzOi8vaW52aXRlLmV4YW1wbGUvaS9BUUViLV85eAo=\n"},
		{"words in place of base64", PLAIN BASE64 "\nOpen " HERE " now\n", NULL},
		{"text of LF alone gets LF alone", PLAIN BASE64 "\nSGVsbG8KCg==\n",
			"SGVsbG8KCgpQbGVhc2UgZm9sbG93IHRoaXMgbGluayB0byBjb21wbGV0ZSB5b3VyIGludml0YXRp\n"
			"b246Cmh0dHBzOi8vaW52aXRlLmV4YW1wbGUvaS9BUUViLV85eAo=\n",
			.edit = MAIL_APPEND_LINK},
	};

	(void)state;
	support_check_rewrites(cases, ARRAY_SIZE(cases));
}

static void appends_to_empty_parts(void **state)
{
	static const struct rewrite_case cases[] = {
		{"header's end and boundary share a line end",
			MIXED "--b\n" PLAIN "\n--b\n" HTML "\n\n--b--\n",
			"--b\n" PLAIN
			"\n\nPlease follow this link to complete your invitation:\n" LINK
			"\n\n--b\n" HTML
			"\n<p>Please follow this link to complete your invitation:"
			"<br>\n<a href=\"" LINK "\">" LINK "</a></p>\n\n--b--\n",
			.edit = MAIL_APPEND_LINK},
	};

	(void)state;
	support_check_rewrites(cases, ARRAY_SIZE(cases));
}

static void appends_where_it_is_shown(void **state)
{
	static const struct rewrite_case cases[] = {
		{"a comment is no body's end",
			HTML "\n<html><body>x<!-- </body> --></body></html><!-- </body> -->\n",
			"<html><body>x<!-- </body> -->" HTML_WORDS
			"</body></html><!-- </body> -->\n",
			.edit = MAIL_APPEND_LINK},
		{"Outlook's conditional comment",
			HTML "\n<body>x<!--[if mso]></body><![endif]-->\n",
			"<body>x<!--[if mso]></body><![endif]-->\n" HTML_WORDS,
			.edit = MAIL_APPEND_LINK},
		{"script", HTML "\n<body>x</body><script>'</body>'</script>\n",
			"<body>x" HTML_WORDS "</body><script>'</body>'</script>\n",
			.edit = MAIL_APPEND_LINK},
		{"style sheet", HTML "\n<body>x</body><style>'</body>'</style >\n",
			"<body>x" HTML_WORDS "</body><style>'</body>'</style >\n",
			.edit = MAIL_APPEND_LINK},
		{"another end tag in a script",
			HTML "\n<body>x<script></scripts></body></script>\n",
			"<body>x<script></scripts></body></script>\n" HTML_WORDS,
			.edit = MAIL_APPEND_LINK},
		{"attribute", HTML "\n<body>x</body><p title='</body>'>\n",
			"<body>x" HTML_WORDS "</body><p title='</body>'>\n",
			.edit = MAIL_APPEND_LINK},
		{"title", HTML "\n<title></body></title>x\n",
			"<title></body></title>x\n" HTML_WORDS, .edit = MAIL_APPEND_LINK},
		{"field", HTML "\n<textarea><p></body></textarea>x\n",
			"<textarea><p></body></textarea>x\n" HTML_WORDS,
			.edit = MAIL_APPEND_LINK},
		{"another element", HTML "\n<bodyguard>x</bodyguard>\n",
			"<bodyguard>x</bodyguard>\n" HTML_WORDS, .edit = MAIL_APPEND_LINK},
		{"the last body", HTML "\n<body>x</body><BODY>y</BODY \n></HTML></html>z\n",
			"<body>x</body><BODY>y" HTML_WORDS "</BODY \n></HTML></html>z\n",
			.edit = MAIL_APPEND_LINK},
		{"no body", HTML "\n<html>x</html>\n", "<html>x" HTML_WORDS "</html>\n",
			.edit = MAIL_APPEND_LINK},
		{"comment without an end", HTML "\nx<!-- y\n", "x" HTML_WORDS "<!-- y\n",
			.edit = MAIL_APPEND_LINK},
		{"tag without an end", HTML "\nx<a href='y\n", "x" HTML_WORDS "<a href='y\n",
			.edit = MAIL_APPEND_LINK},
		{"script without an end", HTML "\nx<script>y\n", "x" HTML_WORDS "<script>y\n",
			.edit = MAIL_APPEND_LINK},
		{"title without an end", HTML "\nx<title>y\n", "x" HTML_WORDS "<title>y\n",
			.edit = MAIL_APPEND_LINK},
		{"declaration without an end", HTML "\nx<!y\n", "x" HTML_WORDS "<!y\n",
			.edit = MAIL_APPEND_LINK},
		{"body's end without an end", HTML "\nx</body\n", "x" HTML_WORDS "</body\n",
			.edit = MAIL_APPEND_LINK},
		{"nothing", HTML "\n", HTML_WORDS, .edit = MAIL_APPEND_LINK},
	};

	(void)state;
	support_check_rewrites(cases, ARRAY_SIZE(cases));
}

static void reads_text_alone(void **state)
{
	static const char link[] = "https://x/?a=1&b=2";
	static const struct rewrite_case cases[] = {
		{"title", HTML "\n<title>&lcub;{InvitationLink}}</title>" HERE "\n",
			"<title>https://x/?a=1&amp;b=2</title>https://x/?a=1&amp;b=2\n",
			.link = link},
		{"markup in a field is text",
			HTML "\n<textarea><a title='" HERE "'></textarea>\n",
			"<textarea><a title='https://x/?a=1&amp;b=2'></textarea>\n",
			.link = link},
	};

	(void)state;
	support_check_rewrites(cases, ARRAY_SIZE(cases));
}

static void mends_header_fields(void **state)
{
	static const struct rewrite_case cases[] = {
		{"of an edited part and what it stands in",
			MIXED
			"--b\nContent-Length: 99\nContent-Type: multipart/alternative;\n boundary=c\n\n"
			"--c\ncontent-md5:\n xyz\n" PLAIN "Lines: 1\nX-A: b\n\n" HERE
			"\n--c\nContent-MD5: z\n" HTML
			"\nx\n--c--\n--b\nContent-Length: 7\n\nx\n--b--\n",
			"--b\nContent-Type: multipart/alternative;\n boundary=c\n\n"
			"--c\n" PLAIN "X-A: b\n\n" LINK "\n--c\nContent-MD5: z\n" HTML
			"\nx\n--c--\n--b\nContent-Length: 7\n\nx\n--b--\n"},
	};

	(void)state;
	support_check_rewrites(cases, ARRAY_SIZE(cases));
}

static void leaves_what_is_no_text(void **state)
{
	static const struct rewrite_case cases[] = {
		{"calendar",
			MIXED "--b\nContent-Type: text/calendar; method=REQUEST\n\nURL:" HERE
			      "\n--b\n" PLAIN "\n" HERE "\n--b--\n",
			"--b\nContent-Type: text/calendar; method=REQUEST\n\nURL:" HERE
			"\n--b\n" PLAIN "\n" LINK "\n--b--\n"},
		{"named file",
			MIXED "--b\nContent-Type: text/plain; name=a.txt\nContent-Disposition: "
			      "inline; filename=a.txt\n\n" HERE "\n--b--\n",
			NULL},
		{"empty parts",
			MIXED "--b\n\n--b\n" PLAIN "\n--b\n" HTML "\n\n--b\n" PLAIN "\n" HERE
			      "\n--b--\n",
			"--b\n\n--b\n" PLAIN "\n--b\n" HTML "\n\n--b\n" PLAIN "\n" LINK
			"\n--b--\n"},
	};

	(void)state;
	support_check_rewrites(cases, ARRAY_SIZE(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_html),
		cmocka_unit_test(knows_base_addresses),
		cmocka_unit_test(takes_a_short_base),
		cmocka_unit_test(leaves_wrapped_links),
		cmocka_unit_test(knows_flowed_text),
		cmocka_unit_test(knows_charsets),
		cmocka_unit_test(knows_characters_of_two_bytes),
		cmocka_unit_test(keeps_line_discipline),
		cmocka_unit_test(appends_to_empty_parts),
		cmocka_unit_test(appends_where_it_is_shown),
		cmocka_unit_test(reads_text_alone),
		cmocka_unit_test(mends_header_fields),
		cmocka_unit_test(leaves_what_is_no_text),
	};

	return cmocka_run_group_tests(tests, support_mail_init, NULL);
}
