/*
 * usage: corpus FOLDER OUT
 *
 * Takes each file of a collection of real mail for a Welcome mail, in two ways: its link is
 * appended, and a word of its text is the placeholder. Prints a line for each: what came of it,
 * tab separated; what was made of it is written to OUT as NUMBER.in and NUMBER.out, for another
 * MIME library to read. tests/corpus.py makes a table of it.
 *
 *	mail  PATH  append|replace  NUMBER  WORD  faithful | refused: REASON | FAULT
 *	report  PATH  DELIVERY  STATUS  RECIPIENT  MESSAGE-IDS   as report_read says; DELIVERY "-" when it is none
 */
#include "../unit/support_faithful.h"
#include "../unit/support_mail.h"

#include "mail/mime.h"
#include "mail/report.h"
#include "mail/rewrite_internal.h"

#include <ctype.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX  ((size_t)32 * 1024 * 1024)
#define WORD_MIN  5
#define WORD_MAX  20
#define WORDS_MAX 40 /* so many are tried */
#define LINK	  "https://invite.example/i/AQEBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const char *folder, *out;
static int number;

struct word {
	char text[WORD_MAX + 1];
};

static void write_file(
	const char *suffix, const struct support_mail *raw, const struct rewritten *rewritten)
{
	char path[PATH_MAX];
	FILE *file;
	size_t at = 0;
	struct header_field field;

	snprintf(path, sizeof(path), "%s/%d.%s", out, number, suffix);
	file = fopen(path, "we");
	if (file == NULL)
		abort();
	while (headers_next(&raw->headers, &at, &field)) {
		if (rewritten->quoted_printable &&
			header_named(&field, "Content-Transfer-Encoding"))
			continue;
		fprintf(file, "%.*s\r\n", (int)field.line_len, field.line);
	}
	if (rewritten->quoted_printable && headers_count(&raw->headers, "MIME-Version") == 0)
		fputs("MIME-Version: 1.0\r\n", file);
	if (rewritten->quoted_printable)
		fputs("Content-Transfer-Encoding: quoted-printable\r\n", file);
	fputs("\r\n", file);
	fwrite(rewritten->body, 1, rewritten->body_len, file);
	fclose(file);
}

static void try_edit(const char *path, const struct support_mail *raw, const struct mail *mail,
	const struct link_rules *rules, enum mail_edit edit)
{
	struct rewritten rewritten = {0};
	struct rewritten unchanged = {.body = raw->message.data + raw->body_start,
		.body_len = raw->message.len - raw->body_start};
	struct error error;
	const char *fault = error.text;

	number++;
	if (mail_rewrite(mail, edit, LINK, &rewritten, &error) == 0) {
		const struct faithful faithful = {raw->message.data, raw->message.len,
			raw->body_start, rules, edit, LINK, &rewritten};

		fault = unfaithful(&faithful);
		write_file("in", raw, &unchanged);
		write_file("out", raw, &rewritten);
	}
	printf("mail\t%s\t%s\t%d\t%s\t%s\n", path,
		edit == MAIL_APPEND_LINK ? "append" : "replace", number, rules->placeholder,
		fault == NULL ? "faithful" : fault);
	free(rewritten.body);
}

/* The n-th word of the text from the middle on; false when there are fewer. */
static bool word_of(const struct text_part *text, int n, struct word *word_r)
{
	for (size_t i = text->len / 2; i < text->len; i++) {
		size_t end = i;

		while (end < text->len && isalpha((unsigned char)text->text[end]) &&
			end - i < WORD_MAX)
			end++;
		if (end - i >= WORD_MIN && n-- == 0) {
			memcpy(word_r->text, text->text + i, end - i);
			word_r->text[end - i] = '\0';
			return true;
		}
		i = end;
	}
	return false;
}

/* Takes a word of each text for the placeholder. */
static void try_words(const char *path, const struct support_mail *raw, const struct mail *mail)
{
	for (size_t i = 0; i < mail->count; i++) {
		struct word word;
		size_t links = 0;

		for (int n = 0; n < WORDS_MAX && links == 0; n++) {
			struct link_rules rules = {word.text, "", "", ""};
			struct mail_findings findings;
			struct error error;
			struct mail *again;

			if (!word_of(&mail->texts[i], n, &word))
				break;
			again = mail_parse(raw->message.data, raw->message.len, raw->body_start,
				&rules, &error);
			if (again == NULL)
				continue; /* it stands there a thousand times */
			mail_findings(again, &findings);
			links = findings.links;
			if (links > 0)
				try_edit(path, raw, again, &rules, MAIL_REPLACE_LINKS);
			mail_free(&again);
		}
	}
}

static void try_welcome(const char *path, const struct support_mail *raw)
{
	static const struct link_rules rules = {"{{InvitationLink}}",
		"https://platform.example/authenticate", "", "https://invite.example/i/"};
	struct mail_findings findings;
	struct error error;
	struct mail *mail = mail_parse(
		raw->message.data, raw->message.len, raw->body_start, &rules, &error);
	const char *refusal = NULL;

	if (mail == NULL) {
		printf("mail\t%s\tappend\t0\t\t%s\n", path, error.text);
		return;
	}
	mail_findings(mail, &findings);
	if (findings.links > 0 || findings.tokens->count > 0)
		refusal = "something of ours is found in it";
	else if (findings.protection != NULL)
		refusal = "refused: signed or encrypted";
	else if (!findings.has_text)
		refusal = "refused: no text part to append the link to";
	if (refusal != NULL)
		printf("mail\t%s\tappend\t0\t\t%s\n", path, refusal);
	else
		try_edit(path, raw, mail, &rules, MAIL_APPEND_LINK);
	if (findings.protection == NULL)
		try_words(path, raw, mail);
	mail_free(&mail);
}

static void try_report(const char *path, const struct support_mail *raw)
{
	const struct report_source source = {&raw->headers, raw->message.data, raw->message.len,
		raw->body_start, "https://invite.example/i/"};
	const struct dsn_recipient nobody = {.delivery = "-"}, *outcome = &nobody;
	struct report report;
	struct error error;

	if (report_read(&source, &report, &error) == 0)
		outcome = dsn_outcome(&report.facts, "");
	printf("report\t%s\t%s\t%s\t%s\t%zu\n", path, outcome->delivery, outcome->status,
		outcome->recipient, report.message_id_count);
	report_free(&report);
}

/* Lines that end in CR alone come from old files, not from a mail's way. */
static void mend_lines(char *bytes, size_t len)
{
	if (memchr(bytes, '\n', len) == NULL)
		for (size_t i = 0; i < len; i++)
			bytes[i] = bytes[i] == '\r' ? '\n' : bytes[i];
}

/* Collections have their messages in folders of that name. */
static bool is_message(const char *name, int type)
{
	return type == FTW_F && strstr(name, "/messages/") != NULL;
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *unused)
{
	const char *name = path + strlen(folder);
	struct support_mail raw;
	FILE *file;
	char *bytes;
	size_t len;

	(void)st;
	(void)unused;
	if (!is_message(name, type))
		return 0;
	file = fopen(path, "re");
	bytes = malloc(FILE_MAX);
	if (file == NULL || bytes == NULL)
		abort();
	len = fread(bytes, 1, FILE_MAX, file);
	fclose(file);
	mend_lines(bytes, len);
	support_mail_read(&raw, bytes, len);
	free(bytes);
	try_welcome(name, &raw);
	try_report(name, &raw);
	support_mail_free(&raw);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 64;
	folder = argv[1];
	out = argv[2];
	mail_init();
	return nftw(folder, visit, 16, FTW_PHYS) == 0 ? 0 : 1;
}
