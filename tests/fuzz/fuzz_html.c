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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct html html;
	size_t done = 0;

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
