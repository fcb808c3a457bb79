#include "support_rewrite.h"

#include "support.h"
#include "support_faithful.h"
#include "support_mail.h"

#include <stdlib.h>
#include <string.h>

const struct link_rules support_rules = {HERE, PLATFORM, "", "https://invite.example/i/"};

static void check_rewritten(
	const struct rewrite_case *row, const struct support_mail *raw, const struct mail *mail)
{
	const char *link = row->link == NULL ? LINK : row->link;
	char *want = support_crlf(row->body);
	struct rewritten rewritten;
	struct error error;

	assert_number(row->label, mail_rewrite(mail, row->edit, link, &rewritten, &error), 0);
	assert_text(row->label, rewritten.body, want);
	assert_number(row->label, rewritten.body_len, strlen(want));
	assert_number(row->label, rewritten.quoted_printable, row->quoted_printable);
	assert_text(row->label,
		unfaithful(&(struct faithful){raw->message.data, raw->message.len,
			raw->body_start, &support_rules, row->edit, link, &rewritten}),
		NULL);
	free(rewritten.body);
	free(want);
}

static void check(const struct rewrite_case *row)
{
	struct mail_findings findings;
	struct support_mail raw;
	struct error error;
	struct mail *mail;

	support_mail_read(&raw, row->in, strlen(row->in));
	mail = mail_parse(
		raw.message.data, raw.message.len, raw.body_start, &support_rules, &error);
	assert_non_null(mail);
	mail_findings(mail, &findings);
	assert_number(row->label, findings.links > 0,
		row->body != NULL && row->edit == MAIL_REPLACE_LINKS);
	if (row->body != NULL)
		check_rewritten(row, &raw, mail);
	mail_free(&mail);
	support_mail_free(&raw);
}

void support_check_rewrites(const struct rewrite_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(&cases[i]);
}
