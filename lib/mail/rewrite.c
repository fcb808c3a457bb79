/*
 * Edits of a mail: each part that has any becomes a patch of its content and patches of its
 * header. The new body is the old one with the patches made.
 */
#include "mail/rewrite_internal.h"

#include "mail/encoding.h"
#include "mail/headers.h"
#include "mail/patch.h"

#include <stdlib.h>
#include <string.h>

#define QUOTED_PRINTABLE_FIELD ENCODING_FIELD ": quoted-printable\r\n"
#define LINK_WORDS	       "Please follow this link to complete your invitation:"
#define EDIT_MAX	       16384 /* bytes of one replacement */
#define PLACES		       (PLACE_COMMENT + 1)

const char *const mail_stale_fields[] = {"Content-Length", "Content-MD5", "Lines", NULL};

struct edit_plan {
	struct text_edit *edits;
	size_t count;
	struct buf links[PLACES]; /* the link as it is written at each place */
	struct buf paragraph;
};

static bool is_html(const struct text_part *text)
{
	return text->mime->kind == PART_HTML;
}

static void put_paragraph(struct edit_plan *plan, const struct text_part *text)
{
	const char *end = text_part_line_end(text);

	if (is_html(text)) {
		buf_printf(&plan->paragraph,
			"<p>" LINK_WORDS "<br>%s<a href=\"%s\">%s</a></p>%s", end,
			plan->links[PLACE_QUOTED].data, plan->links[PLACE_TEXT].data, end);
		return;
	}
	if (text->len > 0 && text->text[text->len - 1] != '\n')
		buf_string(&plan->paragraph, end);
	buf_printf(&plan->paragraph, "%s" LINK_WORDS "%s%s%s", end, end,
		plan->links[PLACE_PLAIN].data, end);
}

static void plan_append(struct edit_plan *plan, const struct text_part *text)
{
	put_paragraph(plan, text);
	plan->edits[0] = (struct text_edit){text->end, text->end, plan->paragraph.data};
	plan->count = 1;
}

static void plan_replace(struct edit_plan *plan, const struct text_part *text)
{
	for (size_t i = 0; i < text->count; i++) {
		const struct text_mark *mark = &text->marks[i];

		plan->edits[i] = (struct text_edit){mark->start, mark->end,
			mark->further ? text_mark_remainder(mark)
				      : plan->links[mark->place].data};
	}
	plan->count = text->count;
}

static int plan_init(struct edit_plan *plan, const struct text_part *text, const char *link)
{
	*plan = (struct edit_plan){.edits = calloc(text->count + 1, sizeof(*plan->edits))};
	buf_init(&plan->paragraph, 3 * EDIT_MAX);
	for (size_t place = 0; place < PLACES; place++) {
		buf_init(&plan->links[place], EDIT_MAX);
		html_escape(&plan->links[place], link, (enum text_place)place);
	}
	return plan->edits == NULL ? -1 : 0;
}

static bool plan_failed(const struct edit_plan *plan)
{
	bool failed = plan->paragraph.failed;

	for (size_t place = 0; place < PLACES; place++)
		failed |= plan->links[place].failed;
	return failed;
}

static void plan_free(struct edit_plan *plan)
{
	free(plan->edits);
	buf_free(&plan->paragraph);
	for (size_t place = 0; place < PLACES; place++)
		buf_free(&plan->links[place]);
}

struct assembly {
	const struct mail *mail;
	struct patches patches;
	size_t body_max;
	bool top_recoded;
	bool *stripped; /* the header of that index lacks stale fields already */
};

static int drop(struct assembly *assembly, size_t start, size_t end)
{
	return patches_add(&assembly->patches, start, end, NULL, 0);
}

/* Removes the fields of those names from a header. */
static int drop_fields(
	struct assembly *assembly, const struct mime_header *header, const char *const *names)
{
	const char *bytes = assembly->mail->bytes + header->start;
	struct header_field field;
	size_t at = 0, start = 0;

	while (field_next(bytes, header->end - header->start, &at, &field)) {
		for (const char *const *name = names; *name != NULL; name++)
			if (header_named(&field, *name) &&
				drop(assembly, header->start + start, header->start + at) < 0)
				return -1;
		start = at;
	}
	return 0;
}

/* Of that header and those that it stands in, each once however many of its parts are edited. */
static int drop_stale(struct assembly *assembly, int n)
{
	const struct mime_header *header;

	for (; (header = mime_header(assembly->mail->mime, n)) != NULL &&
		!assembly->stripped[n];
		n = header->parent) {
		assembly->stripped[n] = true;
		if (drop_fields(assembly, header, mail_stale_fields) < 0)
			return -1;
	}
	return 0;
}

/* Where a part's encoding is named, or would be: the first such field's start. */
static size_t encoding_at(const struct mail *mail, const struct mime_part *part)
{
	const struct mime_header *header = mime_header(mail->mime, part->header);
	size_t at = 0, start = 0;
	struct header_field field;

	while (field_next(
		mail->bytes + header->start, header->end - header->start, &at, &field)) {
		if (header_named(&field, ENCODING_FIELD))
			return header->start + start;
		start = at;
	}
	return mime_empty_line(mail->bytes, part->start);
}

/* Its Content-Transfer-Encoding is quoted-printable from now on. */
static int recode_header(struct assembly *assembly, const struct mime_part *part)
{
	static const char *const names[] = {ENCODING_FIELD, NULL};
	const struct mime_header *header = mime_header(assembly->mail->mime, part->header);
	size_t at = encoding_at(assembly->mail, part);
	char *field;

	if (header->parent < 0) {
		assembly->top_recoded = true;
		return 0;
	}
	field = strdup(QUOTED_PRINTABLE_FIELD);
	if (field == NULL)
		return -1;
	if (patches_add(&assembly->patches, at, at, field, strlen(field)) < 0)
		return -1;
	return drop_fields(assembly, header, names);
}

/* More than any edit makes of it: quoted-printable is a little more than three times as long, a
 * charset written anew (UTF-7) up to four times, and in a link up to five bytes stand for one
 * besides. */
static size_t body_max(const struct mail *mail, const char *link)
{
	return 16 * (mail->len - mail->body_start + EDIT_MAX) + LINKS_MAX * 80 * strlen(link);
}

/* The line end before a boundary is the boundary's. An empty part may share it with the end of
 * its header. */
static bool lacks_line_end(const struct mail *mail, const struct mime_part *part)
{
	return part->end < mail->len && mail->bytes[part->end] != '\r' &&
	       mail->bytes[part->end] != '\n';
}

static int write_part(
	struct assembly *assembly, const struct text_part *text, const struct edit_plan *plan)
{
	const struct mime_part *part = text->mime;
	struct buf content;
	bool recoded;
	char *bytes;
	size_t len = 0;

	buf_init(&content, assembly->body_max);
	text_part_write(text, plan->edits, plan->count, &content, &recoded);
	if (lacks_line_end(assembly->mail, part))
		buf_string(&content, "\r\n");
	content.failed |= plan_failed(plan);
	bytes = buf_take(&content, &len);
	if (bytes == NULL ||
		patches_add(&assembly->patches, part->start, part->end, bytes, len) < 0 ||
		drop_stale(assembly, part->header) < 0)
		return -1;
	return recoded ? recode_header(assembly, part) : 0;
}

static bool first_of_kind(const struct mail *mail, size_t n)
{
	if (mail->texts[n].opaque)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!mail->texts[i].opaque &&
			mail->texts[i].mime->kind == mail->texts[n].mime->kind)
			return false;
	return true;
}

static int edit_part(struct assembly *assembly, size_t n, enum mail_edit edit, const char *link)
{
	const struct text_part *text = &assembly->mail->texts[n];
	struct edit_plan plan;
	int result;

	if (edit == MAIL_APPEND_LINK ? !first_of_kind(assembly->mail, n) : text->count == 0)
		return 0;
	result = plan_init(&plan, text, link);
	if (result == 0) {
		if (edit == MAIL_APPEND_LINK)
			plan_append(&plan, text);
		else
			plan_replace(&plan, text);
		result = write_part(assembly, text, &plan);
	}
	plan_free(&plan);
	return result;
}

int mail_rewrite(const struct mail *mail, enum mail_edit edit, const char *link,
	struct rewritten *rewritten_r, struct error *error)
{
	struct assembly assembly = {.mail = mail, .body_max = body_max(mail, link)};
	struct buf body;
	int result = 0;

	*rewritten_r = (struct rewritten){0};
	assembly.stripped = calloc(mime_header_count(mail->mime) + 1, sizeof(bool));
	if (assembly.stripped == NULL)
		return error_memory(error);
	buf_init(&body, assembly.body_max);
	for (size_t i = 0; i < mail->count && result == 0; i++)
		result = edit_part(&assembly, i, edit, link);
	if (result == 0) {
		patches_apply(
			&assembly.patches, mail->bytes, mail->body_start, mail->len, &body);
		rewritten_r->body = buf_take(&body, &rewritten_r->body_len);
	}
	rewritten_r->quoted_printable = assembly.top_recoded;
	patches_free(&assembly.patches);
	free(assembly.stripped);
	buf_free(&body);
	return rewritten_r->body != NULL ? 0 : error_memory(error);
}
