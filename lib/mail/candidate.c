/*
 * The mail's text parts are loaded and searched once; findings and both edits (rewrite.c) work
 * on what was found.
 */
#include "mail/rewrite_internal.h"

#include <stdlib.h>
#include <string.h>

/* The first platform id of all parts is the mail's. */
static int load_texts(struct mail *mail, const struct link_rules *rules, struct error *error)
{
	struct link_rules of_mail = *rules;
	size_t parts = mime_part_count(mail->mime), links = 0;

	mail->texts = calloc(parts + 1, sizeof(*mail->texts));
	if (mail->texts == NULL)
		return error_memory(error);
	for (size_t i = 0; i < parts; i++) {
		const struct mime_part *part = mime_part(mail->mime, i);
		struct text_part *text = &mail->texts[mail->count];

		if (!text_part_eligible(part))
			continue;
		mail->count++;
		if (text_part_load(text, part, mail->bytes, error) < 0 ||
			text_part_search(text, &of_mail, &mail->tokens, &links, error) < 0)
			return -1;
		if (*of_mail.platform_id == '\0')
			of_mail.platform_id = text_part_platform_id(text);
	}
	return 0;
}

struct mail *mail_parse(const char *bytes, size_t len, size_t body_start,
	const struct link_rules *rules, struct error *error)
{
	struct mail *mail = calloc(1, sizeof(*mail));

	if (mail == NULL) {
		error_memory(error);
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
		.tokens = &mail->tokens,
	};
	for (size_t i = 0; i < mail->count; i++) {
		const struct text_part *text = &mail->texts[i];

		for (size_t n = 0; n < text->count; n++) {
			const struct text_mark *mark = &text->marks[n];

			findings_r->links += !mark->further;
			findings_r->placeholders +=
				!mark->further && *mark->platform_id == '\0';
		}
		findings_r->has_text |= !text->opaque;
		if (*findings_r->platform_id == '\0')
			findings_r->platform_id = text_part_platform_id(text);
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

		buf_init(&text, 4 * DECODE_MAX);
		text_part_read(&mail->texts[i], &text);
		pattern_match(pattern, text.data, text.len, &id);
		buf_free(&text);
	}
	return id;
}
