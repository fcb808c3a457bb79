/*
 * The mail's text parts are loaded once; findings and both edits work on what was loaded. The new body is
 * put together in one pass over the parts in the order of the message, and everything
 * between two edited parts is copied.
 */
#include "mail/rewrite.h"

#include "mail/mime.h"
#include "mail/text_part.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define QUOTED_PRINTABLE_FIELD "Content-Transfer-Encoding: quoted-printable\r\n"
#define LINK_WORDS	       "Please follow this link to complete your invitation:"
#define EDIT_MAX	       8192 /* bytes of one replacement */

struct mail {
	const char *bytes;
	size_t len;
	size_t body_start;
	struct mime *mime;
	struct text_part *texts;
	size_t count;
};

/* The first platform id of all parts is the mail's. */
static int load_texts(struct mail *mail, const struct link_rules *rules, struct error *error)
{
	struct link_rules of_mail = *rules;
	size_t parts = mime_part_count(mail->mime);

	mail->texts = calloc(parts + 1, sizeof(*mail->texts));
	if (mail->texts == NULL)
		return error_set(error, ERROR_TEMPORARY, "out of memory");
	for (size_t i = 0; i < parts; i++) {
		const struct mime_part *part = mime_part(mail->mime, i);
		struct text_part *text = &mail->texts[mail->count];

		if (!text_part_eligible(part))
			continue;
		mail->count++;
		if (text_part_load(text, part, mail->bytes, &of_mail, error) < 0)
			return -1;
		of_mail.platform_id = text->links.platform_id;
	}
	return 0;
}

struct mail *mail_parse(const char *bytes, size_t len, size_t body_start,
	const struct link_rules *rules, struct error *error)
{
	struct mail *mail = calloc(1, sizeof(*mail));

	if (mail == NULL) {
		error_set(error, ERROR_TEMPORARY, "out of memory");
		return NULL;
	}
	mail->bytes = bytes;
	mail->len = len;
	mail->body_start = body_start;
	mail->mime = mime_parse(bytes, len, body_start, error);
	if (mail->mime == NULL || load_texts(mail, rules, error) < 0)
		mail_free(&mail);
	return mail;
}

void mail_free(struct mail **mail)
{
	if (*mail == NULL)
		return;
	for (size_t i = 0; i < (*mail)->count; i++)
		text_part_free(&(*mail)->texts[i]);
	free((*mail)->texts);
	mime_free(&(*mail)->mime);
	free(*mail);
	*mail = NULL;
}

/* A PGP signature or message without MIME (RFC 4880 section 7). */
static const char *inline_protection(const struct text_part *text)
{
	static const char *const armours[][2] = {
		{"-----BEGIN PGP SIGNED MESSAGE-----", "PGP signed"},
		{"-----BEGIN PGP MESSAGE-----", "PGP encrypted"},
	};

	for (size_t i = 0; i < sizeof(armours) / sizeof(armours[0]); i++) {
		const char *found =
			memmem(text->text, text->len, armours[i][0], strlen(armours[i][0]));

		if (found != NULL && (found == text->text || found[-1] == '\n'))
			return armours[i][1];
	}
	return NULL;
}

void mail_findings(const struct mail *mail, struct mail_findings *findings_r)
{
	*findings_r = (struct mail_findings){
		.platform_id = "",
		.protection = mime_protection(mail->mime),
		.has_text = mail->count > 0,
	};
	for (size_t i = 0; i < mail->count; i++) {
		const struct text_part *text = &mail->texts[i];

		findings_r->links += text->links.count;
		findings_r->tracked |= text->links.tracked;
		findings_r->platform_id = text->links.platform_id;
		if (findings_r->protection == NULL)
			findings_r->protection = inline_protection(text);
	}
}

char *mail_customer_id(
	const struct mail *mail, const struct pattern *pattern, const char *subject)
{
	char *id = NULL;

	pattern_match(pattern, subject, strlen(subject), &id);
	for (size_t i = 0; i < mail->count && id == NULL; i++) {
		struct buf text;

		buf_init(&text, 4 * VIEW_SOURCE_MAX);
		text_part_read(&mail->texts[i], &text);
		pattern_match(pattern, text.data, text.len, &id);
		buf_free(&text);
	}
	return id;
}

/* --- the edits of one part --- */

struct edit_plan {
	struct text_edit *edits;
	size_t count;
	struct buf link; /* as it stands in this kind of text */
	struct buf paragraph;
};

static void put_html_escaped(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '&':
			buf_string(out, "&amp;");
			break;
		case '<':
			buf_string(out, "&lt;");
			break;
		case '>':
			buf_string(out, "&gt;");
			break;
		case '"':
			buf_string(out, "&quot;");
			break;
		case '\'':
			buf_string(out, "&#39;");
			break;
		default:
			buf_byte(out, *text);
		}
	}
}

static bool is_html(const struct text_part *text)
{
	return text->mime->kind == PART_HTML;
}

/* Where a paragraph goes: behind plain text, before the end of an HTML body. */
static size_t append_at(const struct text_part *text)
{
	static const char *const ends[] = {"</body", "</html"};

	for (size_t e = 0; is_html(text) && e < 2; e++) {
		size_t len = strlen(ends[e]);

		for (size_t i = text->len; i >= len; i--)
			if (strncasecmp(text->text + i - len, ends[e], len) == 0)
				return i - len;
	}
	return text->len;
}

static void put_paragraph(struct edit_plan *plan, const struct text_part *text)
{
	const char *link = plan->link.data;

	if (is_html(text)) {
		buf_printf(&plan->paragraph,
			"<p>" LINK_WORDS "<br>\r\n<a href=\"%s\">%s</a></p>\r\n", link, link);
		return;
	}
	if (text->len > 0 && text->text[text->len - 1] != '\n')
		buf_string(&plan->paragraph, "\r\n");
	buf_printf(&plan->paragraph, "\r\n" LINK_WORDS "\r\n%s\r\n", link);
}

static void plan_append(struct edit_plan *plan, const struct text_part *text)
{
	size_t at = append_at(text);

	put_paragraph(plan, text);
	plan->edits[0] = (struct text_edit){at, at, plan->paragraph.data};
	plan->count = 1;
}

static void plan_replace(struct edit_plan *plan, const struct text_part *text)
{
	for (size_t i = 0; i < text->links.count; i++)
		plan->edits[i] = (struct text_edit){
			text->links.hits[i].start, text->links.hits[i].end, plan->link.data};
	plan->count = text->links.count;
}

static int plan_init(struct edit_plan *plan, const struct text_part *text, const char *link)
{
	*plan = (struct edit_plan){
		.edits = calloc(text->links.count + 1, sizeof(*plan->edits))};
	buf_init(&plan->link, EDIT_MAX);
	buf_init(&plan->paragraph, 3 * EDIT_MAX);
	if (is_html(text))
		put_html_escaped(&plan->link, link);
	else
		buf_string(&plan->link, link);
	return plan->edits == NULL ? -1 : 0;
}

static void plan_free(struct edit_plan *plan)
{
	free(plan->edits);
	buf_free(&plan->link);
	buf_free(&plan->paragraph);
}

/* --- the whole body --- */

struct assembly {
	const struct mail *mail;
	struct buf out;
	size_t done; /* the message is copied up to here */
	bool top_recoded;
};

static void copy_to(struct assembly *assembly, size_t end)
{
	buf_append(
		&assembly->out, assembly->mail->bytes + assembly->done, end - assembly->done);
	assembly->done = end;
}

/* Where the empty line before a part begins. */
static size_t empty_line(const char *bytes, size_t part_start)
{
	size_t at = part_start;

	if (at > 0 && bytes[at - 1] == '\n')
		at--;
	if (at > 0 && at < part_start && bytes[at - 1] == '\r')
		at--;
	return at;
}

/* Copies up to the part, its Content-Transfer-Encoding replaced. */
static void copy_recoded_header(struct assembly *assembly, const struct mime_part *part)
{
	bool named = part->encoding_end > 0;

	if (part->start == assembly->mail->body_start ||
		(named && part->encoding_start < assembly->mail->body_start)) {
		assembly->top_recoded = true;
		return;
	}
	copy_to(assembly,
		named ? part->encoding_start : empty_line(assembly->mail->bytes, part->start));
	buf_string(&assembly->out, QUOTED_PRINTABLE_FIELD);
	if (named)
		assembly->done = part->encoding_end;
}

static void write_part(
	struct assembly *assembly, const struct text_part *text, const struct edit_plan *plan)
{
	struct buf content;
	bool recoded;

	buf_init(&content, assembly->out.max);
	text_part_write(text, plan->edits, plan->count, &content, &recoded);
	if (recoded)
		copy_recoded_header(assembly, text->mime);
	copy_to(assembly, text->mime->start);
	buf_append(&assembly->out, content.data, content.len);
	assembly->out.failed |= content.failed;
	assembly->done = text->mime->end;
	buf_free(&content);
}

static bool first_of_kind(const struct mail *mail, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (mail->texts[i].mime->kind == mail->texts[n].mime->kind)
			return false;
	return true;
}

static int edit_part(struct assembly *assembly, size_t n, enum mail_edit edit, const char *link)
{
	const struct text_part *text = &assembly->mail->texts[n];
	struct edit_plan plan;
	int result;

	if (edit == MAIL_APPEND_LINK ? !first_of_kind(assembly->mail, n)
				     : text->links.count == 0)
		return 0;
	result = plan_init(&plan, text, link);
	if (result == 0) {
		if (edit == MAIL_APPEND_LINK)
			plan_append(&plan, text);
		else
			plan_replace(&plan, text);
		write_part(assembly, text, &plan);
		assembly->out.failed |= plan.link.failed || plan.paragraph.failed;
	}
	plan_free(&plan);
	return result;
}

int mail_rewrite(const struct mail *mail, enum mail_edit edit, const char *link,
	struct rewritten *rewritten_r, struct error *error)
{
	struct assembly assembly = {.mail = mail, .done = mail->body_start};
	int result = 0;

	*rewritten_r = (struct rewritten){0};
	buf_init(&assembly.out, 3 * (mail->len - mail->body_start) + MAIL_GROWTH_MAX);
	for (size_t i = 0; i < mail->count && result == 0; i++)
		result = edit_part(&assembly, i, edit, link);
	copy_to(&assembly, mail->len);
	if (result == 0)
		rewritten_r->body = buf_take(&assembly.out, &rewritten_r->body_len);
	rewritten_r->quoted_printable = assembly.top_recoded;
	buf_free(&assembly.out);
	if (rewritten_r->body != NULL)
		return 0;
	if (result < 0)
		return error_set(error, ERROR_TEMPORARY, "out of memory");
	return error_set(error, ERROR_PERMANENT, "message would grow too much with its links");
}
