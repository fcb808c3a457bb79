/*
 * Three ways back into the mail, from the gentlest on. Unencoded text is spliced in place.
 * Quoted-printable is spliced through the offsets of what was decoded, the new text on lines of
 * its own between soft breaks, so that all else keeps its bytes. Base64, in lines as long as
 * they were, and converted charsets are written anew. Where unencoded lines would grow over the
 * limit, the part becomes quoted-printable.
 */
#include "mail/text_part.h"

#include "mail/charset.h"
#include "mail/encoding.h"

#include <string.h>

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
	const char *newline = memchr(bytes, '\n', len);
	size_t line = newline == NULL ? len : (size_t)(newline - bytes);

	return line > 0 && newline != NULL && newline[-1] == '\r' ? line - 1 : line;
}

/* A "-" behind a soft break could be taken for a boundary: before one the break comes a
 * character earlier. */
static void put_quoted_edit(
	struct buf *out, const char *bytes, const char *rest, size_t rest_len)
{
	size_t column = line_before(out), behind = line_behind(rest, rest_len);
	size_t len = strlen(bytes), held = behind > 0 && *rest == '-' ? 1 : 0;

	if (column + len + behind > ENCODED_LINE_MAX && column > 0) {
		buf_append(out, "=\r\n", 3);
		column = 0;
	}
	quoted_printable_put(out, bytes, len - held, &column);
	if (column > 0 && column + held + behind > ENCODED_LINE_MAX) {
		buf_append(out, "=\r\n", 3);
		if (held > 0)
			buf_printf(out, "=%02X", (unsigned char)bytes[len - 1]);
	} else {
		quoted_printable_put(out, bytes + len - held, held, &column);
	}
}

/* Does the source end in a soft break whose line end is the boundary's? */
static bool ends_softly(const char *source, size_t len)
{
	while (len > 0 && (source[len - 1] == ' ' || source[len - 1] == '\t'))
		len--;
	return len > 0 && source[len - 1] == '=';
}

static void splice_quoted(const struct text_part *text, const struct text_edit *edits,
	size_t count, struct buf *out)
{
	const struct decoded *decoded = &text->decoded;
	size_t len = text->source_len, done = 0;

	for (size_t i = 0; i < count; i++) {
		size_t start = decoded->at[edits[i].start], end = decoded->at[edits[i].end];

		buf_append(out, text->source + done, start - done);
		if (done < start && start == len && ends_softly(text->source, len))
			buf_append(out, "\r\n", 2);
		done = end;
		if (*edits[i].bytes != '\0') {
			put_quoted_edit(out, edits[i].bytes, text->source + end, len - end);
		} else if (line_before(out) == 0 && end < len && text->source[end] == '-' &&
			   (i + 1 == count || decoded->at[edits[i + 1].start] > end)) {
			/* Here it could be taken for a boundary. */
			buf_string(out, "=2D");
			done++;
		}
	}
	buf_append(out, text->source + done, len - done);
}

static bool lines_fit(const char *bytes, size_t len)
{
	while (len > 0) {
		const char *newline = memchr(bytes, '\n', len);
		size_t line = newline == NULL ? len : (size_t)(newline - bytes) + 1;

		if (line > MAIL_LINE_MAX + 2)
			return false;
		bytes += line;
		len -= line;
	}
	return true;
}

static bool is_seven_bit(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)bytes[i] >= 0x80)
			return false;
	return true;
}

/* Can the new bytes stand there unencoded as the old ones did? */
static bool stays_plain(const struct text_part *text, const struct buf *bytes)
{
	return lines_fit(bytes->data, bytes->len) &&
	       (is_seven_bit(bytes->data, bytes->len) ||
		       !is_seven_bit(text->source, text->source_len));
}

/* How the source's base64 is broken into lines, if it is. */
static struct base64_lines lines_of(const char *source, size_t len)
{
	const char *newline = memchr(source, '\n', len);
	size_t line = newline == NULL ? 0 : (size_t)(newline - source);
	struct base64_lines lines = base64_full_lines;

	if (line == 0 || line + 1 == len)
		return lines;
	if (source[line - 1] == '\r')
		line--;
	else
		lines.end = "\n";
	if (line > 0 && line % 4 == 0 && line < ENCODED_LINE_MAX && source[line - 1] != '=' &&
		newline[1] != '\r' && newline[1] != '\n')
		lines.width = line;
	return lines;
}

static void write_base64(const struct text_part *text, const struct buf *bytes, struct buf *out)
{
	const struct base64_lines lines = lines_of(text->source, text->source_len);
	size_t end = text->decoded.at[text->decoded.len];

	base64_put(out, bytes->data, bytes->len, &lines);
	buf_append(out, text->source + end, text->source_len - end);
}

/* The edited text in the part's own charset. */
static void edited_bytes(const struct text_part *text, const struct text_edit *edits,
	size_t count, struct buf *out)
{
	struct buf utf8;

	if (text->charset == NULL) {
		apply(text, edits, count, out);
		return;
	}
	buf_init(&utf8, out->max);
	apply(text, edits, count, &utf8);
	if (utf8.failed ||
		charset_convert("UTF-8", text->charset, utf8.data, utf8.len, out) < 0)
		out->failed = true;
	buf_free(&utf8);
}

void text_part_write(const struct text_part *text, const struct text_edit *edits, size_t count,
	struct buf *out, bool *recoded_r)
{
	struct buf bytes;
	size_t column = 0;

	*recoded_r = false;
	if (text->mime->encoding == ENCODING_QUOTED_PRINTABLE && text->charset == NULL) {
		splice_quoted(text, edits, count, out);
		return;
	}
	buf_init(&bytes, out->max);
	edited_bytes(text, edits, count, &bytes);
	if (bytes.failed) {
		out->failed = true;
	} else if (text->mime->encoding == ENCODING_BASE64) {
		write_base64(text, &bytes, out);
	} else if (text->mime->encoding == ENCODING_QUOTED_PRINTABLE ||
		   !stays_plain(text, &bytes)) {
		quoted_printable_put(out, bytes.data, bytes.len, &column);
		*recoded_r = text->mime->encoding == ENCODING_IDENTITY;
	} else {
		buf_append(out, bytes.data, bytes.len);
	}
	buf_free(&bytes);
}
