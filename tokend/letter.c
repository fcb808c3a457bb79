/*
 * Text and HTML are rendered from the same values and words; mail/compose.h makes a mail of them.
 */
#include "letter.h"

#include "base/clock.h"
#include "invite/record.h"
#include "web/names.h"
#include "web/template.h"

#include <event2/util.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VALUE_MAX 4096

static const char *const files[] = {"mail_continue.txt", "mail_continue.html",
	"mail_reminder.txt", "mail_reminder.html", "mail_reinvite.txt", "mail_reinvite.html",
	"mail_invitation.txt", "mail_invitation.html", NULL};
static const char *const subjects[] = {"mail_continue_subject", "mail_reminder_subject",
	"mail_reinvite_subject", "mail_invitation_subject", NULL};

struct letters {
	struct words *words;
	struct template_set *templates;
};

static int load(const struct settings *settings, struct letters *letters, struct error *error)
{
	struct words_source words = {
		.directory = settings->template_directory, .values = all_names};
	struct template_source source = {
		.directory = settings->template_directory, .pages = files, .names = mail_names};

	letters->words = words_load(&words, error);
	if (letters->words == NULL)
		return -1;
	for (size_t i = 0; subjects[i] != NULL; i++)
		if (words_require(letters->words, subjects[i], error) != 0)
			return -1;
	if (!words_has_language(letters->words, settings->default_language))
		return error_set(error, ERROR_CONFIGURATION,
			"default_language: there is no %s/words.%s",
			settings->template_directory, settings->default_language);
	source.words = letters->words;
	letters->templates = template_set_load(&source, error);
	return letters->templates != NULL ? 0 : -1;
}

struct letters *letters_new(const struct settings *settings, struct error *error)
{
	struct letters *letters = calloc(1, sizeof(*letters));

	if (letters == NULL) {
		error_memory(error);
	} else if (load(settings, letters, error) != 0) {
		error_prefix(error, "template_directory");
		letters_free(&letters);
	}
	return letters;
}

void letters_free(struct letters **letters_r)
{
	struct letters *letters = *letters_r;

	if (letters == NULL)
		return;
	template_set_free(&letters->templates);
	words_free(&letters->words);
	free(letters);
	*letters_r = NULL;
}

/* The last day of the invitation in the catalog's words; nothing where it is over. */
static void put_day(const struct catalog *catalog, struct json_object *record, struct buf *out)
{
	time_t expires_at = record_expires_at(record);
	char day[16], month_word[32], year[16];
	struct buf month;
	struct tm tm;

	if (expires_at <= time(NULL) || gmtime_r(&expires_at, &tm) == NULL)
		return;
	snprintf(day, sizeof(day), "%d", tm.tm_mday);
	snprintf(month_word, sizeof(month_word), "month_%d", tm.tm_mon + 1);
	snprintf(year, sizeof(year), "%d", tm.tm_year + 1900);
	buf_init(&month, VALUE_MAX);
	template_words(catalog, month_word, NULL, &month);
	const struct template_value values[] = {{.name = "day", .text = day},
		{.name = "month", .text = month.data}, {.name = "year", .text = year}, {0}};
	template_words(catalog, "date", values, out);
	buf_free(&month);
}

/* What is rendered, and what it is made of. */
struct draft {
	struct buf subject, text, html, day;
	char message_id[256];
};

/* As people call the customer; nothing where all that is known is the mailbox. */
static const char *customer_of(struct json_object *record)
{
	const char *name = json_string(record, "full_name", "");
	const char *id = json_string(record, "customer_id", "");

	if (name[0] != '\0')
		return name;
	return strcasecmp(id, json_string(record, "invitation_email", "")) != 0 ? id : "";
}

static void render(const struct letters *letters, const struct settings *settings,
	const char *kind, struct json_object *record, struct draft *draft)
{
	const struct catalog *catalog =
		words_choose(letters->words, NULL, settings->default_language);
	char name[64];

	put_day(catalog, record, &draft->day);
	const struct template_value values[] = {{.name = "brand", .text = settings->brand_name},
		{.name = "application", .text = settings->application_name},
		{.name = "support", .text = settings->support_address},
		{.name = "brand_color", .text = settings->brand_color},
		{.name = "valid_until", .text = draft->day.data},
		{.name = "language", .text = catalog_language(catalog)},
		{.name = "customer", .text = customer_of(record)},
		{.name = "account", .text = json_string(record, "m365_admin_email", "")},
		{.name = "link", .text = json_string(record, "auth_url", "")}, {0}};

	snprintf(name, sizeof(name), "mail_%s_subject", kind);
	template_words(catalog, name, values, &draft->subject);
	snprintf(name, sizeof(name), "mail_%s.txt", kind);
	template_render(letters->templates, name, catalog, values, &draft->text);
	snprintf(name, sizeof(name), "mail_%s.html", kind);
	template_render(letters->templates, name, catalog, values, &draft->html);
}

static void make_message_id(const struct settings *settings, struct draft *draft)
{
	uint64_t random;

	evutil_secure_rng_get_bytes(&random, sizeof(random));
	snprintf(draft->message_id, sizeof(draft->message_id), "%lld.%016" PRIx64 "@%s",
		(long long)time(NULL), random, settings->myhostname);
}

int letter_compose(const struct letters *letters, const struct settings *settings,
	enum notice_kind kind, struct json_object *record, struct buf *out, struct error *error)
{
	struct draft draft;
	int result;

	buf_init(&draft.subject, VALUE_MAX);
	buf_init(&draft.text, LETTER_MAX / 4);
	buf_init(&draft.html, LETTER_MAX / 4);
	buf_init(&draft.day, VALUE_MAX);
	make_message_id(settings, &draft);
	render(letters, settings, notice_name(kind), record, &draft);
	const struct mail_draft mail = {.from_name = settings->brand_name,
		.from = settings->notify_sender,
		.to = json_string(record, "invitation_email", ""),
		.subject = draft.subject.data,
		.text = draft.text.data,
		.html = draft.html.data,
		.message_id = draft.message_id,
		.date = time(NULL)};

	if (draft.subject.failed || draft.text.failed || draft.html.failed || draft.day.failed)
		result = error_set(error, ERROR_TEMPORARY, "the mail became too large");
	else
		result = mail_compose(&mail, out, error);
	buf_free(&draft.subject);
	buf_free(&draft.text);
	buf_free(&draft.html);
	buf_free(&draft.day);
	return result;
}
