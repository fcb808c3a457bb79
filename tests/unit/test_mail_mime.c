/*
 * The parts of a message, and header values.
 */
#include "mail/mime.h"
#include "mail/value.h"

#include "support.h"
#include "support_mail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mime *parse(struct support_mail *raw, const char *in)
{
	struct error error;
	struct mime *mime;

	support_mail_read(raw, in, strlen(in));
	mime = mime_parse(raw->message.data, raw->message.len, raw->body_start, &error);
	assert_non_null(mime);
	return mime;
}

static void finds_parts(void **state)
{
	static const struct {
		const char *label, *in;
		size_t count;
		/* of the last part: */
		enum part_kind kind;
		enum part_encoding encoding;
		const char *charset, *content;
	} cases[] = {
		{"no MIME", "A: b\n\nbody\n", 1, PART_PLAIN, ENCODING_IDENTITY, "", "body\n"},
		{"type", "Content-Type: TEXT/HTML; Charset=\"UTF-8\"\n\nx", 1, PART_HTML,
			ENCODING_IDENTITY, "UTF-8", "x"},
		{"encoding", "Content-Transfer-Encoding: Quoted-Printable\n\nx", 1, PART_PLAIN,
			ENCODING_QUOTED_PRINTABLE, "", "x"},
		{"binary", "Content-Transfer-Encoding: binary\n\nx", 1, PART_PLAIN,
			ENCODING_IDENTITY, "", "x"},
		{"unknown encoding", "Content-Transfer-Encoding: x-rot13\n\nx", 1, PART_PLAIN,
			ENCODING_UNKNOWN, "", "x"},
		{"uuencode", "Content-Transfer-Encoding: x-uuencode\n\nx", 1, PART_PLAIN,
			ENCODING_UNKNOWN, "", "x"},
		{"encoding with a semicolon", "Content-Transfer-Encoding: base64;\n\nx", 1,
			PART_PLAIN, ENCODING_BASE64, "", "x"},
		{"encoding in quotes", "Content-Transfer-Encoding: \"Quoted-Printable\"\n\nx",
			1, PART_PLAIN, ENCODING_QUOTED_PRINTABLE, "", "x"},
		{"empty encoding", "Content-Transfer-Encoding:\n\nx", 1, PART_PLAIN,
			ENCODING_IDENTITY, "", "x"},
		{"charset in the encoding's place", "Content-Transfer-Encoding: UTF-8\n\nx", 1,
			PART_PLAIN, ENCODING_IDENTITY, "", "x"},
		{"no subtype", "Content-Type: text; charset=utf-8\n\nx", 1, PART_PLAIN,
			ENCODING_IDENTITY, "", "x"},
		{"no subtype, no text", "Content-Type: application; name=a.zip\n\nx", 1,
			PART_OTHER, ENCODING_IDENTITY, "", "x"},
		{"blanks in a type", "Content-Type: text / html\n\nx", 1, PART_HTML,
			ENCODING_IDENTITY, "", "x"},
		{"empty type", "Content-Type:\n\nx", 1, PART_PLAIN, ENCODING_IDENTITY, "", "x"},
		{"unknown type", "Content-Type: model/x\n\nx", 1, PART_OTHER, ENCODING_IDENTITY,
			"", "x"},
		{"charset in pieces",
			"Content-Type: text/plain; charset*0*=us-ascii'en'iso%2D;\n charset*1=8859-1\n\nx",
			1, PART_PLAIN, ENCODING_IDENTITY, "iso-8859-1", "x"},
		{"charset in quotes, with a comment",
			"Content-Type: text/plain (text); charset = \"iso-8859-1\" (Latin)\n\nx",
			1, PART_PLAIN, ENCODING_IDENTITY, "iso-8859-1", "x"},
		{"charset too long",
			"Content-Type: text/plain; "
			"charset="
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n\nx",
			1, PART_PLAIN, ENCODING_IDENTITY, "", "x"},
		{"multipart",
			"Content-Type: multipart/mixed; boundary=b\n\npre\n--b\n\none\n--b\n"
			"Content-Type: text/html\n\ntwo\nlines\n--b--\npost",
			2, PART_HTML, ENCODING_IDENTITY, "", "two\nlines"},
		{"status",
			"Content-Type: multipart/report; boundary=b; "
			"report-type=delivery-status\n\n--b\n\nx"
			"\n--b\nContent-Type: message/delivery-status\n\nAction: "
			"failed\n--b--\n",
			2, PART_DELIVERY_STATUS, ENCODING_IDENTITY, "", "Action: failed"},
		{"attached message is closed",
			"Content-Type: multipart/mixed; "
			"boundary=b\n\n--b\n\none\n--b\nContent-Type: "
			"message/rfc822\n\nA: b\n\ntwo\n--b--\n",
			1, PART_PLAIN, ENCODING_IDENTITY, "", "one"},
		{"no body", "A: b\n", 1, PART_PLAIN, ENCODING_IDENTITY, "", ""},
		{"nothing", "", 1, PART_PLAIN, ENCODING_IDENTITY, "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct support_mail raw;
		struct mime *mime = parse(&raw, cases[i].in);
		const struct mime_part *part = mime_part(mime, cases[i].count - 1);
		char *want = support_crlf(cases[i].content), *got;

		assert_number(cases[i].label, mime_part_count(mime), cases[i].count);
		assert_null(mime_part(mime, cases[i].count));
		assert_number(cases[i].label, part->kind, cases[i].kind);
		assert_number(cases[i].label, part->encoding, cases[i].encoding);
		assert_text(cases[i].label, part->charset, cases[i].charset);
		got = strndup(raw.message.data + part->start, part->end - part->start);
		assert_text(cases[i].label, got, want);
		free(got);
		free(want);
		mime_free(&mime);
		support_mail_free(&raw);
	}
}

static void finds_headers(void **state)
{
	static const char first[] = "X-A: b\r\nContent-transfer-encoding:\r\n\t7bit\r\n";
	struct support_mail raw;
	struct mime *mime =
		parse(&raw, "Content-Type: multipart/mixed; boundary=b\n\n--b\nX-A: b\n"
			    "Content-transfer-encoding:\n\t7bit\n\nx\n--b\n\ny\n--b--\n");
	const struct mime_header *header = mime_header(mime, mime_part(mime, 0)->header);
	const struct mime_header *top = mime_header(mime, header->parent);

	(void)state;
	assert_number("length", header->end - header->start, strlen(first));
	assert_memory_equal(raw.message.data + header->start, first, strlen(first));
	assert_number("the message has none of its own", top->end, 0);
	assert_number("top", top->parent, -1);
	header = mime_header(mime, mime_part(mime, 1)->header);
	assert_number("none", header->end - header->start, 0);
	assert_null(mime_header(mime, -1));
	mime_free(&mime);
	support_mail_free(&raw);
}

static void knows_files_and_flow(void **state)
{
	static const struct {
		const char *label, *of, *fields;
		bool attached, second, delsp; /* of two parts with these fields */
	} cases[] = {
		{"text", "mixed", "Content-Type: text/plain\n", false, false, false},
		{"attachment", "mixed", "Content-Disposition: attachment\n", true, true, false},
		{"shown within the text", "mixed",
			"Content-Disposition: inline; filename=a.txt\n", true, true, false},
		{"named", "mixed", "Content-Type: text/plain; name=a.txt\n", true, true, false},
		{"named alternative", "alternative", "Content-Type: text/plain; name=a.txt\n",
			false, false, false},
		{"attached alternative", "alternative", "Content-Disposition: attachment\n",
			true, true, false},
		{"named, with what is related", "related",
			"Content-Type: text/html; name=a.htm\nContent-Disposition: inline\n",
			false, true, false},
		{"flowed", "mixed", "Content-Type: text/plain; format=flowed\n", false, false,
			false},
		{"flowed without spaces", "mixed",
			"Content-Type: text/plain; format=Flowed; delsp=Yes\n", false, false,
			true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct support_mail raw;
		struct mime *mime;
		char in[512];

		snprintf(in, sizeof(in),
			"Content-Type: multipart/%s; boundary=b\n\n--b\n%s\nx\n--b\n%s\nx\n--b--\n",
			cases[i].of, cases[i].fields, cases[i].fields);
		mime = parse(&raw, in);
		assert_number(cases[i].label, mime_part(mime, 0)->attached, cases[i].attached);
		assert_number(cases[i].label, mime_part(mime, 1)->attached, cases[i].second);
		assert_number(cases[i].label, mime_part(mime, 0)->delsp, cases[i].delsp);
		mime_free(&mime);
		support_mail_free(&raw);
	}
}

static void survives_depth(void **state)
{
	struct support_mail raw;
	struct mime *mime;
	struct buf in;

	(void)state;
	buf_init(&in, 16 * 1024 * 1024);
	buf_string(&in, "Content-Type: multipart/mixed; boundary=b0\n\n");
	for (int i = 0; i < 5000; i++)
		buf_printf(&in, "--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n", i,
			i + 1);
	mime = parse(&raw, in.data);
	mime_free(&mime);
	support_mail_free(&raw);
	buf_reset(&in);
	for (int i = 0; i < 5000; i++)
		buf_string(&in, "Content-Type: message/rfc822\n\n");
	mime = parse(&raw, in.data);
	mime_free(&mime);
	support_mail_free(&raw);
	buf_free(&in);
}

static void check_refused(const char *label, const char *in, const char *words)
{
	struct support_mail raw;
	struct error error = {0};

	support_mail_read(&raw, in, strlen(in));
	assert_null(mime_parse(raw.message.data, raw.message.len, raw.body_start, &error));
	assert_number(label, error.kind, ERROR_NOT_FOUND);
	assert_text(label, error.text, words);
	support_mail_free(&raw);
}

#define SEPARATORS     "it has more than 5000 lines that may separate parts"
#define FIELDS	       "it has more than 10000 header fields in its parts"
#define PARAMETERS     "it has more than 1000 parameters in a field"
#define ALL_PARAMETERS "it has more than 20000 parameters in its fields"
#define GROUPS	       "it has more than 100 groups in a list of addresses"
#define LISTS	       "it has lists of addresses that take too long to read"

#define A10  "a,a,a,a,a,a,a,a,a,a,"
#define A100 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10

static void refuses_excess(void **state)
{
	static const struct {
		const char *label, *start, *again;
		int bearable, count;
		const char *words;
	} cases[] = {
		{"parts", "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\nx\n", 5000,
			5001, SEPARATORS},
		{"parts without a header", "Content-Type: multipart/mixed; boundary=b\n\n",
			"--b\n", 5000, 1000000, SEPARATORS},
		{"fields", "Content-Type: multipart/mixed; boundary=b\n\n--b\n", "A:\n", 9999,
			10000, FIELDS},
		{"fields of a message", "Content-Type: message/rfc822\n\n", "A:\n", 9999,
			1000000, FIELDS},
		{"parameters",
			"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: a/b",
			"; a=b", 1000, 1001, PARAMETERS},
		{"its own", "Content-Disposition: inline", ";\n a=b", 1000, 1000000,
			PARAMETERS},
		{"parameters of many fields", "Content-Type: multipart/mixed; boundary=b\n\n",
			"--b\nContent-Type: a/b; a=b; c=d\n"
			"content-disposition : a; a=b;\n c=d; e=f\n\n",
			3999, 4000, ALL_PARAMETERS},
		{"addresses", "Content-Type: message/rfc822\n\nCc: Info <info@provider.test>",
			", Clerk <clerk@customer.test>", 1500, 1550, LISTS},
		{"addresses of nobody", "Content-Type: message/rfc822\n\nTo: a", ",\n a", 3600,
			128000, LISTS},
		{"many lists", "Content-Type: message/rfc822\n\n", "From: " A100 "\n", 3300,
			3400, LISTS},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct support_mail raw;
		struct mime *mime;
		struct buf in;
		int n = 0;

		buf_init(&in, 16 * 1024 * 1024);
		buf_string(&in, cases[i].start);
		for (; n < cases[i].bearable; n++)
			buf_string(&in, cases[i].again);
		mime = parse(&raw, in.data);
		mime_free(&mime);
		support_mail_free(&raw);
		for (; n < cases[i].count; n++)
			buf_string(&in, cases[i].again);
		check_refused(cases[i].label, in.data, cases[i].words);
		buf_free(&in);
	}
}

/* GMime calls itself for each group within a group. */
static void survives_groups_of_addresses(void **state)
{
	static const char *const names[] = {
		"To", "To \t", "cc", "BCC", "From", "Sender", "Reply-To"};
	struct support_mail raw;
	struct mime *mime;
	struct buf in;
	char **addresses;

	(void)state;
	buf_init(&in, 16 * 1024 * 1024);
	for (size_t n = 0; n < ARRAY_SIZE(names); n++) {
		buf_reset(&in);
		buf_printf(&in, "Content-Type: message/rfc822\n\n%s:\n ", names[n]);
		for (int i = 0; i < 500000; i++)
			buf_string(&in, i % 1000 == 0 ? "a:\n " : "a:");
		check_refused(names[n], in.data, GROUPS);
	}
	buf_reset(&in);
	buf_string(&in, "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n");
	for (int i = 0; i < 5000; i++)
		buf_string(&in, "From: 2024-06-08 12:00:00\nX-A: a:a:a:a:a:a\n");
	mime = parse(&raw, in.data);
	assert_number("a text with such lines", mime_part_count(mime), 1);
	mime_free(&mime);
	support_mail_free(&raw);
	buf_reset(&in);
	for (int i = 0; i < 500000; i++)
		buf_string(&in, "a:");
	assert_number("a list", mail_addresses(in.data, &addresses), 0);
	mail_addresses_free(&addresses);
	buf_free(&in);
}

static void reads_no_endless_list(void **state)
{
	static const struct {
		const char *label, *again;
		int count, want;
	} cases[] = {
		{"of a company", "Clerk of Many <clerk@customer.test>,", 500, 500},
		{"longer", "Clerk of Many <clerk@customer.test>,", 501, 0},
		{"of nobody", "a,", 500, 500},
		{"longer, of nobody", "a,", 501, 0},
		{"long, of nobody", "\"a\",", 14000, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf in;
		char **addresses;

		buf_init(&in, 1024 * 1024);
		for (int n = 0; n < cases[i].count; n++)
			buf_string(&in, cases[i].again);
		assert_number(
			cases[i].label, mail_addresses(in.data, &addresses), cases[i].want);
		mail_addresses_free(&addresses);
		buf_free(&in);
	}
}

static void opens_attached_messages(void **state)
{
	struct support_mail raw;
	struct mime *mime =
		parse(&raw, "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\n"
			    "Content-Type: message/rfc822\n\nSubject: y\n\nz\n--b--\n");
	struct error error;

	(void)state;
	assert_number("closed", mime_part_count(mime), 1);
	mime_free(&mime);
	mime = mime_parse_whole(raw.message.data, raw.message.len, raw.body_start, &error);
	assert_non_null(mime);
	assert_number("whole", mime_part_count(mime), 2);
	assert_false(mime_part(mime, 0)->returned);
	assert_true(mime_part(mime, 1)->returned);
	assert_number("content", raw.message.data[mime_part(mime, 1)->start], 'z');
	mime_free(&mime);
	support_mail_free(&raw);
}

static void decodes_words(void **state)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
		{"plain", "plain"},
		{"=?utf-8?B?w6Q=?= =?iso-8859-1?q?=E4_x?=", "\xc3\xa4\xc3\xa4 x"},
		{"raw \xc3\xa4", "raw \xc3\xa4"},
		{"latin \xe4", "latin \xc3\xa4"},
		{"=?x-none?q?a?= b", NULL},
		{"=?utf-8?q?=FF?=", NULL},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *got = mail_decode_header(cases[i].value);
		char *valid = mail_utf8(got);

		if (cases[i].want != NULL)
			assert_text(cases[i].value, got, cases[i].want);
		assert_text("is UTF-8", got, valid);
		free(got);
		free(valid);
	}
}

static void reads_addresses(void **state)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
		{"a@b.example", "a@b.example"},
		{"A <a@b.example>, \"c, d\" <c@d.example>", "a@b.example c@d.example"},
		{"Team: a@b.example, B <b@b.example>;, x@y.example",
			"a@b.example b@b.example x@y.example"},
		{"\"azure@microsoft.example\" <evil@x.example>", "evil@x.example"},
		{"undisclosed-recipients:;", ""},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char got[200] = "", **addresses;
		int count = mail_addresses(cases[i].value, &addresses);

		for (int j = 0; j < count; j++) {
			strcat(got, j == 0 ? "" : " ");
			strcat(got, addresses[j]);
		}
		assert_text(cases[i].value, got, cases[i].want);
		mail_addresses_free(&addresses);
		assert_null(addresses);
		mail_addresses_free(&addresses);
	}
}

static void reads_dates(void **state)
{
	static const struct {
		const char *value;
		time_t want; /* -1: none */
	} cases[] = {
		{"Sat, 8 Jun 2024 12:00:00 +0000", 1717848000},
		{"8 Jun 2024 14:00:00 +0200 (CEST)", 1717848000},
		{"Sat, 08 Jun 2024 12:00:00 GMT", 1717848000},
		{"yesterday", -1},
		{"", -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		time_t when = -1;

		assert_number(cases[i].value, mail_date(cases[i].value, &when),
			cases[i].want < 0 ? -1 : 0);
		assert_number(cases[i].value, when, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_parts),
		cmocka_unit_test(finds_headers),
		cmocka_unit_test(knows_files_and_flow),
		cmocka_unit_test(survives_depth),
		cmocka_unit_test(refuses_excess),
		cmocka_unit_test(survives_groups_of_addresses),
		cmocka_unit_test(reads_no_endless_list),
		cmocka_unit_test(opens_attached_messages),
		cmocka_unit_test(decodes_words),
		cmocka_unit_test(reads_addresses),
		cmocka_unit_test(reads_dates),
	};

	return cmocka_run_group_tests(tests, support_mail_init, NULL);
}
