/*
 * Real mail: whatever it is, nothing breaks, nothing that is not ours is found or changed, and what is changed
 * is changed back by the reverse edit. The collections are not part of the project: POSTINVITE_CORPORA names their
 * folder, else ../shared/corpora is tried, else the tests are skipped.
 */
#include "mail/consent.h"
#include "mail/dsn.h"
#include "mail/mime.h"
#include "mail/rewrite.h"
#include "support.h"
#include "support_mail.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX    ((size_t)32 * 1024 * 1024)
#define LINK	    "https://invite.example/i/AQEBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define PLACEHOLDER "{{InvitationLink}}"

static const struct link_rules rules = {
	PLACEHOLDER, "https://platform.example/authenticate", "", "https://invite.example/i/"};
static const struct link_rules reversed = {LINK, "", "", ""};

static struct tally {
	int messages, texts, appended, lost, reports, status_parts, read;
} tally;

static const char *corpora(void)
{
	const char *folder = getenv("POSTINVITE_CORPORA");

	if (folder == NULL)
		folder = "../shared/corpora";
	return access(folder, R_OK | X_OK) == 0 ? folder : NULL;
}

static int walk(
	int (*visit)(const char *path, const struct stat *st, int type, struct FTW *walk))
{
	const char *folder = corpora();

	if (folder == NULL) {
		print_message(
			"no mail collections: POSTINVITE_CORPORA does not name their folder\n");
		skip();
	}
	tally = (struct tally){0};
	return nftw(folder, visit, 16, FTW_PHYS);
}

static bool load(const char *path, int type, struct support_mail *raw)
{
	FILE *file = type == FTW_F ? fopen(path, "re") : NULL;
	char *bytes = NULL;
	size_t len = 0;

	if (file == NULL)
		return false;
	bytes = malloc(FILE_MAX);
	assert_non_null(bytes);
	len = fread(bytes, 1, FILE_MAX, file);
	fclose(file);
	support_mail_read(raw, bytes, len);
	free(bytes);
	tally.messages++;
	return true;
}

static struct mail *parse(
	const char *bytes, size_t len, size_t body_start, const struct link_rules *how)
{
	struct error error;
	struct mail *mail = mail_parse(bytes, len, body_start, how, &error);

	assert_non_null(mail);
	return mail;
}

/* A body that is replaced by itself is the same body. */
static void check_unchanged(
	const char *path, const struct mail *mail, const struct support_mail *raw)
{
	struct rewritten rewritten;
	struct error error;

	assert_int_equal(mail_rewrite(mail, MAIL_REPLACE_LINKS, LINK, &rewritten, &error), 0);
	assert_number(path, rewritten.body_len, raw->message.len - raw->body_start);
	assert_memory_equal(
		rewritten.body, raw->message.data + raw->body_start, rewritten.body_len);
	assert_false(rewritten.quoted_printable);
	free(rewritten.body);
}

/* What is appended can be found again by a reader of the new message. */
static void check_appended(const struct mail *mail, const struct support_mail *raw)
{
	struct mail_findings findings;
	struct rewritten rewritten;
	struct error error;
	struct mail *again;
	struct buf message;

	assert_int_equal(mail_rewrite(mail, MAIL_APPEND_LINK, LINK, &rewritten, &error), 0);
	buf_init(&message, 8 * FILE_MAX);
	/* The later field does not count to GMime, so the earlier one has to go: put it in front. */
	if (rewritten.quoted_printable)
		buf_string(&message, "Content-Transfer-Encoding: quoted-printable\r\n");
	buf_append(&message, raw->message.data, raw->body_start);
	buf_append(&message, rewritten.body, rewritten.body_len);
	again = parse(message.data, message.len, message.len - rewritten.body_len, &reversed);
	mail_findings(again, &findings);
	if (!rewritten.quoted_printable && findings.links == 0)
		tally.lost++;
	mail_free(&again);
	buf_free(&message);
	free(rewritten.body);
}

static int rewrite_one(const char *path, const struct stat *st, int type, struct FTW *unused)
{
	struct mail_findings findings;
	struct support_mail raw;
	struct mail *mail;

	(void)st;
	(void)unused;
	if (!load(path, type, &raw))
		return 0;
	mail = parse(raw.message.data, raw.message.len, raw.body_start, &rules);
	mail_findings(mail, &findings);
	assert_number(path, findings.links, 0);
	assert_number(path, findings.tokens->count, 0);
	check_unchanged(path, mail, &raw);
	tally.texts += findings.has_text;
	if (findings.has_text && findings.protection == NULL) {
		check_appended(mail, &raw);
		tally.appended++;
	}
	mail_free(&mail);
	support_mail_free(&raw);
	return 0;
}

static void leaves_somebody_elses_mail_alone(void **state)
{
	(void)state;
	assert_int_equal(walk(rewrite_one), 0);
	print_message("%d messages, %d with text, appended to %d\n", tally.messages,
		tally.texts, tally.appended);
	assert_true(tally.messages > 500);
	assert_true(tally.appended > 300);
	assert_true(tally.lost <= 1); /* of one that says UTF-16 of bytes that are none */
}

static int read_one(const char *path, const struct stat *st, int type, struct FTW *unused)
{
	static const char *const senders[] = {
		"azure-noreply@microsoft.com", "postmaster@example.com", NULL};
	struct consent_facts consent;
	struct dsn_facts facts;
	struct support_mail raw;
	struct error error;
	struct mime *mime;
	bool status = false;

	(void)st;
	(void)unused;
	if (!load(path, type, &raw))
		return 0;
	mime = mime_parse(raw.message.data, raw.message.len, raw.body_start, &error);
	assert_non_null(mime);
	for (size_t i = 0; i < mime_part_count(mime); i++)
		status |= mime_part(mime, i)->kind == PART_DELIVERY_STATUS;
	if (dsn_read(raw.message.data, raw.message.len, raw.body_start, &facts, &error) == 0) {
		assert_true(mime_is_delivery_report(mime) && status);
		assert_non_null(facts.delivery);
		assert_true(strspn(facts.status, "0123456789.") == strlen(facts.status));
		tally.read++;
	}
	tally.reports += mime_is_delivery_report(mime);
	tally.status_parts += mime_is_delivery_report(mime) && status;
	mime_free(&mime);

	consent_claimed(&raw.headers, senders);
	if (headers_count(&raw.headers, "Subject") == 0) {
		struct consent_table *none = consent_table_load("/dev/null", "x", &error);

		assert_int_equal(consent_read(&raw.headers, senders, none, 0, &consent), 0);
		assert_non_null(consent_refusal(&consent, true));
		consent_facts_free(&consent);
		consent_table_free(&none);
	}
	support_mail_free(&raw);
	return 0;
}

static void reads_reports(void **state)
{
	(void)state;
	assert_int_equal(walk(read_one), 0);
	print_message("%d messages, %d reports, %d of them with a status part, %d read\n",
		tally.messages, tally.reports, tally.status_parts, tally.read);
	assert_true(tally.status_parts > 100);
	assert_true(tally.read >= tally.status_parts * 95 / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_somebody_elses_mail_alone),
		cmocka_unit_test(reads_reports),
	};

	return cmocka_run_group_tests(tests, support_mail_init, NULL);
}
