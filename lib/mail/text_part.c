/*
 * Three ways back into the mail, from the gentlest on. Unencoded text is spliced in place. Quoted-printable is
 * spliced through the view's offsets, the new text on lines of its own between soft breaks, so that all else keeps its
 * bytes. Base64 and converted charsets are written anew. Where unencoded lines would grow over the limit, the
 * part becomes quoted-printable.
 */
#include "mail/text_part.h"

#include <string.h>

#define QUOTED_LINE_MAX 76

bool text_part_eligible(const struct mime_part *part)
{
	return (part->kind == PART_PLAIN || part->kind == PART_HTML) && !part->attached &&
	       part->encoding != ENCODING_UNKNOWN && part->end - part->start <= VIEW_SOURCE_MAX;
}

static int decode(struct text_part *text)
{
	bool quoted = text->mime->encoding == ENCODING_QUOTED_PRINTABLE;

	text->text = text->source;
	text->len = text->source_len;
	if (!quoted && text->mime->encoding != ENCODING_BASE64)
		return 0;
	if ((quoted ? view_quoted_printable : view_base64)(
		    text->source, text->source_len, &text->decoded) < 0)
		return -1;
	text->text = text->decoded.text;
	text->len = text->decoded.len;
	return 0;
}

/* Bytes that are not what the charset's name says are searched as they stand. */
static void convert(struct text_part *text)
{
	if (charset_is_ascii_based(text->mime->charset))
		return;
	text->converted = charset_convert(text->mime->charset, "UTF-8", text->text, text->len,
				  &text->utf8) == 0;
	if (text->converted) {
		text->text = text->utf8.data;
		text->len = text->utf8.len;
	}
}

static int find_in_html(struct text_part *text, const struct link_rules *rules)
{
	struct view html;
	int result;

	if (view_html(text->text, text->len, &html) < 0)
		return -1;
	result = links_find(html.text, html.len, rules, &text->links);
	for (size_t i = 0; i < text->links.count; i++) {
		text->links.hits[i].start = html.at[text->links.hits[i].start];
		text->links.hits[i].end = html.at[text->links.hits[i].end];
	}
	view_free(&html);
	return result;
}

int text_part_load(struct text_part *text, const struct mime_part *part, const char *message,
	const struct link_rules *rules, struct error *error)
{
	int found;

	*text = (struct text_part){.mime = part,
		.source = message + part->start,
		.source_len = part->end - part->start};
	buf_init(&text->utf8, VIEW_SOURCE_MAX);
	if (decode(text) < 0)
		return error_set(error, ERROR_TEMPORARY, "out of memory");
	convert(text);
	found = part->kind == PART_HTML
			? find_in_html(text, rules)
			: links_find(text->text, text->len, rules, &text->links);
	if (found == 0)
		return 0;
	if (text->links.count < LINKS_MAX)
		return error_set(error, ERROR_TEMPORARY, "out of memory");
	return error_set(error, ERROR_PERMANENT,
		"message part with more than %d invitation links", LINKS_MAX);
}

void text_part_free(struct text_part *text)
{
	view_free(&text->decoded);
	buf_free(&text->utf8);
	links_free(&text->links);
}

void text_part_read(const struct text_part *text, struct buf *out)
{
	const char *charset = *text->mime->charset == '\0' ? "UTF-8" : text->mime->charset;
	struct view html;

	if (text->converted ||
		charset_convert(charset, "UTF-8", text->text, text->len, out) < 0) {
		buf_reset(out);
		buf_append(out, text->text, text->len);
	}
	if (text->mime->kind != PART_HTML || out->failed ||
		view_html(out->data, out->len, &html) < 0)
		return;
	buf_reset(out);
	buf_append(out, html.text, html.len);
	view_free(&html);
}

/* --- writing --- */

/* The text with the edits made. */
static void apply(const struct text_part *text, const struct text_edit *edits, size_t count,
	struct buf *out)
{
	size_t done = 0;

	for (size_t i = 0; i < count; i++) {
		buf_append(out, text->text + done, edits[i].start - done);
		buf_string(out, edits[i].bytes);
		done = edits[i].end;
	}
	buf_append(out, text->text + done, text->len - done);
}

static size_t line_before(const struct buf *out)
{
	const char *newline = memrchr(out->data, '\n', out->len);

	return newline == NULL ? out->len : (size_t)(out->data + out->len - newline) - 1;
}

static size_t line_behind(const char *bytes, size_t len)
{
	size_t line = 0;

	while (line < len && bytes[line] != '\r' && bytes[line] != '\n')
		line++;
	return line;
}

/* A "-" behind a soft break could be taken for a boundary. */
static void put_quoted_edit(
	struct buf *out, const char *bytes, const char *rest, size_t rest_len)
{
	size_t column = line_before(out), behind = line_behind(rest, rest_len);
	bool fits = column + strlen(bytes) + behind <= QUOTED_LINE_MAX;

	if (!fits && column > 0) {
		buf_append(out, "=\r\n", 3);
		column = 0;
	}
	quoted_printable_put(out, bytes, strlen(bytes), &column);
	if (column > 0 && column + behind > QUOTED_LINE_MAX && *rest != '-')
		buf_append(out, "=\r\n", 3);
}

static void splice_quoted(const struct text_part *text, const struct text_edit *edits,
	size_t count, struct buf *out)
{
	const struct view *view = &text->decoded;
	size_t len = text->source_len, done = 0;

	for (size_t i = 0; i < count; i++) {
		size_t start = view->at[edits[i].start], end = view->at[edits[i].end];

		buf_append(out, text->source + done, start - done);
		put_quoted_edit(out, edits[i].bytes, text->source + end, len - end);
		done = end;
	}
	buf_append(out, text->source + done, len - done);
}

static bool lines_fit(const char *bytes, size_t len)
{
	while (len > 0) {
		const char *newline = memchr(bytes, '\n', len);
		size_t line = newline == NULL ? len : (size_t)(newline - bytes) + 1;

		if (line > TEXT_LINE_MAX + 2)
			return false;
		bytes += line;
		len -= line;
	}
	return true;
}

/* The edited text in the part's own charset. */
static void edited_bytes(const struct text_part *text, const struct text_edit *edits,
	size_t count, struct buf *out)
{
	struct buf utf8;

	if (!text->converted) {
		apply(text, edits, count, out);
		return;
	}
	buf_init(&utf8, out->max);
	apply(text, edits, count, &utf8);
	if (utf8.failed ||
		charset_convert("UTF-8", text->mime->charset, utf8.data, utf8.len, out) < 0)
		out->failed = true;
	buf_free(&utf8);
}

void text_part_write(const struct text_part *text, const struct text_edit *edits, size_t count,
	struct buf *out, bool *recoded_r)
{
	struct buf bytes;
	size_t column = 0;

	*recoded_r = false;
	if (text->mime->encoding == ENCODING_QUOTED_PRINTABLE && !text->converted) {
		splice_quoted(text, edits, count, out);
		return;
	}
	buf_init(&bytes, out->max);
	edited_bytes(text, edits, count, &bytes);
	if (bytes.failed) {
		out->failed = true;
	} else if (text->mime->encoding == ENCODING_BASE64) {
		base64_put(out, bytes.data, bytes.len);
		buf_append(out, text->source + text->decoded.at[text->decoded.len],
			text->source_len - text->decoded.at[text->decoded.len]);
	} else if (text->mime->encoding == ENCODING_QUOTED_PRINTABLE ||
		   !lines_fit(bytes.data, bytes.len)) {
		quoted_printable_put(out, bytes.data, bytes.len, &column);
		*recoded_r = text->mime->encoding == ENCODING_IDENTITY;
	} else {
		buf_append(out, bytes.data, bytes.len);
	}
	buf_free(&bytes);
}
