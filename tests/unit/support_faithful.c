/*
 * Both mails are parsed by themselves and compared part by part, with the gaps between. What a
 * text should be comes from the marks that the search found in the old one; that the search
 * finds the right ones is what tables of cases show.
 */
#include "support_faithful.h"

#include "mail/encoding.h"
#include "mail/headers.h"
#include "mail/mime.h"
#include "mail/text_part.h"

#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX ((size_t)256 * 1024 * 1024)

struct piece {
	const char *bytes;
	size_t len;
};

static bool same(struct piece one, struct piece other)
{
	return one.len == other.len &&
	       (one.len == 0 || memcmp(one.bytes, other.bytes, one.len) == 0);
}

static bool may_change(const struct header_field *field, bool recoded)
{
	for (const char *const *name = mail_stale_fields; *name != NULL; name++)
		if (header_named(field, *name))
			return true;
	return recoded && header_named(field, "Content-Transfer-Encoding");
}

/* The bytes without the fields that an edit may change. */
static void put_kept(struct piece piece, bool recoded, struct buf *out)
{
	struct header_field field;
	size_t at = 0, start = 0;

	while (field_next(piece.bytes, piece.len, &at, &field)) {
		if (!may_change(&field, recoded))
			buf_append(out, piece.bytes + start, at - start);
		start = at;
	}
}

static bool same_but_fields(struct piece one, struct piece other, bool recoded)
{
	struct buf kept[2];
	bool result;

	buf_init(&kept[0], MESSAGE_MAX);
	buf_init(&kept[1], MESSAGE_MAX);
	put_kept(one, recoded, &kept[0]);
	put_kept(other, recoded, &kept[1]);
	result = same((struct piece){kept[0].data, kept[0].len},
		(struct piece){kept[1].data, kept[1].len});
	buf_free(&kept[0]);
	buf_free(&kept[1]);
	return result;
}

static size_t line_len(struct piece piece)
{
	const char *newline = memchr(piece.bytes, '\n', piece.len);

	return newline == NULL ? piece.len : (size_t)(newline - piece.bytes) + 1;
}

static size_t longest_line(struct piece piece)
{
	size_t longest = 0;

	while (piece.len > 0) {
		size_t line = line_len(piece), text = line;

		text -= piece.bytes[text - 1] == '\n';
		text -= text > 0 && text < line && piece.bytes[text - 1] == '\r';
		if (text > longest)
			longest = text;
		piece.bytes += line;
		piece.len -= line;
	}
	return longest;
}

static bool has_eight_bits(struct piece piece)
{
	for (size_t i = 0; i < piece.len; i++)
		if ((unsigned char)piece.bytes[i] >= 0x80)
			return true;
	return false;
}

static void put_expected(const struct text_part *text, const char *link, struct buf *out)
{
	size_t done = 0;

	for (size_t i = 0; i < text->count; i++) {
		const struct text_mark *mark = &text->marks[i];

		buf_append(out, text->text + done, mark->start - done);
		if (mark->further)
			buf_string(out, text_mark_remainder(mark));
		else
			html_escape(out, link, mark->place);
		done = mark->end;
	}
	buf_append(out, text->text + done, text->len - done);
}

/* Is the one the other with something put in, in which the link stands? */
static bool is_extended(struct piece in, struct piece out, const char *link)
{
	size_t before = 0, behind = 0;
	struct buf escaped;
	bool found;

	while (before < in.len && before < out.len && in.bytes[before] == out.bytes[before])
		before++;
	while (behind < in.len - before && behind < out.len - before &&
		in.bytes[in.len - behind - 1] == out.bytes[out.len - behind - 1])
		behind++;
	buf_init(&escaped, 8192);
	html_escape(&escaped, link, PLACE_TEXT);
	found = memmem(out.bytes, out.len, link, strlen(link)) != NULL ||
		memmem(out.bytes, out.len, escaped.data, escaped.len) != NULL;
	buf_free(&escaped);
	return before + behind == in.len && found;
}

static bool same_text(
	const struct faithful *mail, const struct text_part *in, const struct text_part *out)
{
	const struct piece now = {out->text, out->len};
	struct buf expected;
	bool result;

	if (mail->edit == MAIL_APPEND_LINK)
		return is_extended((struct piece){in->text, in->len}, now, mail->link);
	buf_init(&expected, MESSAGE_MAX);
	put_expected(in, mail->link, &expected);
	result = same((struct piece){expected.data, expected.len}, now);
	buf_free(&expected);
	return result;
}

struct comparison {
	const struct faithful *mail;
	struct mime *was, *is;
	const char *new; /* the whole new message */
	char platform_id[PLATFORM_ID_MAX + 1];
	bool kinds_done[2]; /* what was appended to: text, HTML */
};

static const char *compare_encoded(const struct mime_part *was, const struct mime_part *is,
	struct piece before, struct piece now)
{
	size_t max = is->encoding == ENCODING_IDENTITY ? MAIL_LINE_MAX : ENCODED_LINE_MAX;

	if (is->encoding != was->encoding && !(was->encoding == ENCODING_IDENTITY &&
						     is->encoding == ENCODING_QUOTED_PRINTABLE))
		return "a part's encoding is another one";
	/* Of lines that were too long there may be a piece, with a soft break behind it. */
	if (longest_line(now) > max && longest_line(now) > longest_line(before) + 1)
		return "a new line is too long";
	return has_eight_bits(now) && !has_eight_bits(before) ? "new bytes above 127" : NULL;
}

/* Is the part one that the edit concerns? */
static bool is_edited(struct comparison *comparison, const struct text_part *text)
{
	bool *done = &comparison->kinds_done[text->mime->kind == PART_HTML];

	if (comparison->mail->edit == MAIL_REPLACE_LINKS)
		return text->count > 0;
	if (text->opaque || *done)
		return false;
	*done = true;
	return true;
}

static const char *compare_text(struct comparison *comparison, const struct mime_part *was,
	const struct mime_part *is, bool *edited_r)
{
	const struct faithful *mail = comparison->mail;
	struct piece before = {mail->in + was->start, was->end - was->start};
	struct piece now = {comparison->new + is->start, is->end - is->start};
	struct link_rules rules = *mail->rules;
	struct mime_part new_part = *is;
	struct text_part in, out;
	const char *fault = NULL;
	size_t links = 0;
	struct error error;

	rules.platform_id = comparison->platform_id;
	if (text_part_load(&in, was, mail->in, &error) < 0 ||
		text_part_search(&in, &rules, NULL, &links, &error) < 0)
		abort();
	if (*comparison->platform_id == '\0')
		strcpy(comparison->platform_id, text_part_platform_id(&in));
	*edited_r = is_edited(comparison, &in);
	if (!*edited_r) {
		fault = same(before, now) ? NULL : "a text that is none of ours was changed";
	} else {
		/* What could not be read in its charset was read as it stands. */
		if (in.opaque)
			*new_part.charset = '\0';
		if (text_part_load(&out, &new_part, comparison->new, &error) < 0)
			abort();
		fault = compare_encoded(was, is, before, now);
		if (fault == NULL && !same_text(mail, &in, &out))
			fault = "a text is not the old one with the link";
		text_part_free(&out);
	}
	text_part_free(&in);
	return fault;
}

static const char *compare_part(
	struct comparison *comparison, const struct mime_part *was, const struct mime_part *is)
{
	struct piece content = {comparison->mail->in + was->start, was->end - was->start};
	struct piece now = {comparison->new + is->start, is->end - is->start};
	bool edited;

	if (was->kind != is->kind || was->attached != is->attached || was->delsp != is->delsp ||
		strcmp(was->charset, is->charset) != 0)
		return "a part is another one";
	if (text_part_eligible(was))
		return compare_text(comparison, was, is, &edited);
	return same(content, now) ? NULL : "a part that is no text was changed";
}

/* An empty part before a boundary has no line end before that, one with content has; of it GMime
 * may take half for the part. */
static bool same_gap(struct piece gap, struct piece new_gap, bool recoded)
{
	bool without = gap.len > 0 && *gap.bytes != '\r' && *gap.bytes != '\n';

	for (const char *end = "\r\n"; without && *end != '\0'; end++)
		if (new_gap.len > 0 && *new_gap.bytes == *end) {
			new_gap.bytes++;
			new_gap.len--;
		}
	return same(gap, new_gap) || same_but_fields(gap, new_gap, recoded);
}

/* Under a header that has not changed a part is what it was: of one that is binary garbage GMime
 * takes some fields or not, by where its buffer ends. */
static struct mime_part part_of(
	const struct mime_part *was, const struct mime_part *is, bool same_header)
{
	struct mime_part part = same_header ? *was : *is;

	part.start = is->start;
	part.end = is->end;
	return part;
}

static const char *compare_parts(struct comparison *comparison, size_t len, size_t body_start)
{
	const struct faithful *mail = comparison->mail;
	size_t was_done = mail->body_start, is_done = body_start;

	if (mime_part_count(comparison->was) != mime_part_count(comparison->is))
		return "the number of parts is another one";
	for (size_t i = 0; i < mime_part_count(comparison->was); i++) {
		const struct mime_part *was = mime_part(comparison->was, i);
		const struct mime_part *is = mime_part(comparison->is, i);
		struct piece gap = {mail->in + was_done, was->start - was_done};
		struct piece new_gap = {comparison->new + is_done, is->start - is_done};
		struct mime_part part;
		const char *fault;

		if (!same_gap(gap, new_gap, was->encoding != is->encoding))
			return "what stands between the parts is not the same";
		part = part_of(was, is, gap.len > 0 && same(gap, new_gap));
		fault = compare_part(comparison, was, &part);
		if (fault != NULL)
			return fault;
		was_done = was->end;
		is_done = is->end;
	}
	return same_gap((struct piece){mail->in + was_done, mail->len - was_done},
		       (struct piece){comparison->new + is_done, len - is_done}, false)
		       ? NULL
		       : "what stands behind the parts is not the same";
}

char *faithful_message(const struct faithful *mail, size_t *len_r, size_t *body_start_r)
{
	struct piece header = {mail->in, mail->body_start};
	struct buf message;

	buf_init(&message, MESSAGE_MAX);
	if (mail->out->quoted_printable)
		buf_string(&message, "Content-Transfer-Encoding: quoted-printable\r\n");
	put_kept(header, mail->out->quoted_printable, &message);
	*body_start_r = message.len;
	buf_append(&message, mail->out->body, mail->out->body_len);
	return buf_take(&message, len_r);
}

const char *unfaithful(const struct faithful *mail)
{
	size_t len = 0, body_start = 0;
	char *message = faithful_message(mail, &len, &body_start);
	struct comparison comparison = {.mail = mail, .new = message};
	const char *fault = "out of memory";
	struct error error;

	comparison.was = mime_parse(mail->in, mail->len, mail->body_start, &error);
	if (message != NULL)
		comparison.is = mime_parse(message, len, body_start, &error);
	strcpy(comparison.platform_id, mail->rules->platform_id);
	if (comparison.was != NULL && comparison.is != NULL)
		fault = compare_parts(&comparison, len, body_start);
	mime_free(&comparison.was);
	mime_free(&comparison.is);
	free(message);
	return fault;
}
