/*
 * Any HTML: what is read leads back to pieces of the source, in order and within it; what is
 * escaped reads as it was.
 */
#include "mail/html.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct reading *reading, size_t size)
{
	size_t at = 0, done = 0;
	struct source_range piece;

	while (reading_piece(reading, &at, reading->len, &piece)) {
		if (piece.start < done || piece.end <= piece.start || piece.end > size)
			abort();
		done = piece.end;
	}
	if (reading->len > size || strlen(reading->text) > reading->len)
		abort();
}

/* Text without what readers take for more than one letter or none. */
static void check_escaped(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size < 300 ? size : 300);
	struct html html;
	struct buf out;

	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c > '~')
			*c = '-';
	buf_init(&out, 8192);
	html_escape(&out, text, PLACE_TEXT);
	buf_string(&out, "<a href=\"");
	html_escape(&out, text, PLACE_QUOTED);
	buf_string(&out, "\" name=");
	html_escape(&out, text, PLACE_UNQUOTED);
	buf_string(&out, " title='");
	html_escape(&out, text, PLACE_QUOTED);
	buf_string(&out, "'><!--");
	html_escape(&out, text, PLACE_COMMENT);
	buf_string(&out, "-->");
	if (html_read(out.data, out.len, &html) < 0 || html.text.len < strlen(text) ||
		memcmp(html.text.text, text, strlen(text)) != 0)
		abort();
	for (size_t i = 0; i < html.count; i++)
		if (html.sections[i].place != PLACE_COMMENT &&
			(html.sections[i].end - html.sections[i].start != strlen(text) ||
				memcmp(html.apart.text + html.sections[i].start, text,
					strlen(text)) != 0))
			abort();
	html_free(&html);
	buf_free(&out);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct html html;
	size_t done = 0;

	if (size > 0 && *data != '\0')
		check_escaped(data, size);
	if (html_read((const char *)data, size, &html) < 0)
		return 0;
	check(&html.text, size);
	check(&html.apart, size);
	for (size_t i = 0; i < html.count; i++) {
		if (html.sections[i].start != done || html.sections[i].end < done)
			abort();
		done = html.sections[i].end;
	}
	if (done != html.apart.len)
		abort();
	html_free(&html);
	return 0;
}
