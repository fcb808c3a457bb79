/*
 * From a part's bytes to its text, in which text_search.c finds marks, and which text_write.c
 * writes back.
 */
#include "mail/text_part.h"

#include "base/utf8.h"
#include "mail/charset.h"

#include <stdlib.h>
#include <string.h>

bool text_part_eligible(const struct mime_part *part)
{
	return (part->kind == PART_PLAIN || part->kind == PART_HTML) && !part->attached &&
	       part->encoding != ENCODING_UNKNOWN && part->end - part->start <= DECODE_MAX;
}

static int decode(struct text_part *text)
{
	bool quoted = text->mime->encoding == ENCODING_QUOTED_PRINTABLE;

	text->text = text->source;
	text->len = text->source_len;
	if (!quoted && text->mime->encoding != ENCODING_BASE64)
		return 0;
	text->opaque = !quoted && !base64_is_clean(text->source, text->source_len);
	if (text->opaque) {
		text->text = "";
		text->len = 0;
		return 0;
	}
	if ((quoted ? decode_quoted_printable : decode_base64)(
		    text->source, text->source_len, &text->decoded) < 0)
		return -1;
	text->text = text->decoded.text;
	text->len = text->decoded.len;
	return 0;
}

/* There and back: what could not be written again is not read either. Bytes that are not what
 * the charset's name says are searched as they stand. */
static void convert(struct text_part *text)
{
	const char *charset = charset_of(text->mime->charset, text->text, text->len);
	struct buf back;

	if (text->opaque || charset_is_ascii_based(charset))
		return;
	buf_init(&back, 8 * DECODE_MAX);
	text->opaque =
		charset_convert(charset, "UTF-8", text->text, text->len, &text->utf8) != 0 ||
		charset_convert("UTF-8", charset, text->utf8.data, text->utf8.len, &back) != 0;
	buf_free(&back);
	if (text->opaque) {
		buf_free(&text->utf8);
		return;
	}
	text->charset = charset;
	text->text = text->utf8.data;
	text->len = text->utf8.len;
}

/* What looks like a letter and is half of another must not be read as a letter. Text with pairs
 * is practically never UTF-8: what is has a wrong name. */
static int mask(struct text_part *text)
{
	if (text->charset != NULL || !charset_has_pairs(text->mime->charset))
		return 0;
	text->masked = malloc(text->len + 1);
	if (text->masked == NULL)
		return -1;
	memcpy(text->masked, text->text, text->len);
	text->masked[text->len] = '\0';
	if (!utf8_valid(text->masked, text->len))
		charset_mask_pairs(text->mime->charset, text->masked, text->len);
	return 0;
}

int text_part_load(struct text_part *text, const struct mime_part *part, const char *message,
	struct error *error)
{
	*text = (struct text_part){.mime = part,
		.source = message + part->start,
		.source_len = part->end - part->start};
	buf_init(&text->utf8, DECODE_MAX);
	if (decode(text) < 0)
		return error_memory(error);
	convert(text);
	return mask(text) < 0 ? error_memory(error) : 0;
}

void text_part_free(struct text_part *text)
{
	decoded_free(&text->decoded);
	buf_free(&text->utf8);
	free(text->masked);
	free(text->marks);
}

/* What is not in the charset that it says is mostly in one of the others; in the last of them
 * anything may be. */
static void read_utf8(const struct text_part *text, struct buf *out)
{
	const char *const charsets[] = {text->charset != NULL ? "UTF-8" : text->mime->charset,
		"UTF-8", "WINDOWS-1252", "ISO-8859-1"};

	for (size_t i = 0; i < sizeof(charsets) / sizeof(charsets[0]); i++) {
		if (*charsets[i] != '\0' &&
			charset_convert(charsets[i], "UTF-8", text->text, text->len, out) == 0)
			return;
		buf_reset(out);
	}
}

void text_part_read(const struct text_part *text, struct buf *out)
{
	struct decoded html;

	read_utf8(text, out);
	if (text->mime->kind != PART_HTML || out->failed ||
		decode_html(out->data, out->len, &html) < 0)
		return;
	buf_reset(out);
	buf_append(out, html.text, html.len);
	decoded_free(&html);
}

const char *text_part_line_end(const struct text_part *text)
{
	const char *newline = memchr(text->text, '\n', text->len);

	return newline == NULL || (newline > text->text && newline[-1] == '\r') ? "\r\n" : "\n";
}
