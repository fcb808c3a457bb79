/*
 * Header fields: all that was put in is found again, values are single lines, MIME fields whole
 * ones.
 */
#include "mail_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t offset = 0, before = 0;
	struct header_field field;
	struct headers headers;
	struct buf mime;

	input_headers(data, size, &headers);
	while (headers_next(&headers, &offset, &field)) {
		char *value = header_value(&field);

		if (value == NULL || strlen(value) > field.value_len ||
			strchr(value, '\n') != NULL || offset < before + field.line_len)
			abort();
		before = offset;
		free(value);
	}
	buf_init(&mime, HEADERS_MAX);
	headers_put_mime(&headers, &mime);
	if (offset != headers.raw.len || mime.len > headers.raw.len + 2)
		abort();
	buf_free(&mime);
	headers_free(&headers);
	return 0;
}
