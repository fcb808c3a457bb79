/*
 * Mails of our own from any values: a mail that is made has the headers that it should have,
 * and no others.
 */
#include "mail/compose.h"
#include "mail/decode.h"
#include "mail/headers.h"
#include "mail/mime.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each of its own header's fields is one of these, and comes once. */
static void check_header(const char *mail, size_t len)
{
	static const char *const names[] = {"From", "To", "Subject", "Date", "Message-Id",
		"MIME-Version", "Auto-Submitted", "Content-Type"};
	struct header_field field;
	size_t at = 0;
	unsigned seen = 0;

	while (field_next(mail, len, &at, &field)) {
		unsigned i = 0;

		while (i < 8 && !header_named(&field, names[i]))
			i++;
		if (i == 8 || (seen & 1u << i) != 0)
			abort();
		seen |= 1u << i;
	}
	if (seen != 0xff)
		abort();
}

/* What the parts say is what they were to say, but for line ends. */
static void check_texts(const struct buf *mail, const char *const texts[2])
{
	struct error error;
	struct mime *mime = mime_parse_whole(mail->data, mail->len, 0, &error);
	const struct mime_part *part;
	struct decoded said;

	if (mime == NULL && error.kind == ERROR_NOT_FOUND)
		return; /* too much like addresses */
	if (mime == NULL || mime_part_count(mime) != 2)
		abort();
	for (size_t n = 0; n < 2; n++) {
		part = mime_part(mime, n);
		if (decode_quoted_printable(
			    mail->data + part->start, part->end - part->start, &said) != 0 ||
			(strchr(texts[n], '\r') == NULL && strcmp(said.text, texts[n]) != 0))
			abort();
		decoded_free(&said);
	}
	mime_free(&mime);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	char *values = malloc(size + 5), *at = values;
	const char *part[5];
	struct error error;
	struct buf out;

	if (!ready)
		mail_init();
	ready = true;
	memcpy(values, data, size);
	memset(values + size, 0, 5);
	for (size_t i = 0; i < 5; i++) {
		part[i] = at;
		at += at < values + size ? strlen(at) + 1 : 0;
	}
	const struct mail_draft draft = {part[0], "postinvite@relay.test", part[1], part[2],
		part[3], part[4], "1.2@relay.test", 0};

	buf_init(&out, MAIL_DRAFT_MAX);
	if (mail_compose(&draft, &out, &error) == 0) {
		const char *end = strstr(out.data, "\n\n");

		if (end == NULL ||
			strstr(out.data, "\nAuto-Submitted: auto-generated\n") == NULL)
			abort();
		check_header(out.data, (size_t)(end + 1 - out.data));
		check_texts(&out, &part[3]);
	}
	buf_free(&out);
	free(values);
	return 0;
}
