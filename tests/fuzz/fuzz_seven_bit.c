/*
 * Any entity: what it becomes has short lines also for a second look, has no further parts, and
 * 7-bit ones where their encoding can be read; whether it can become that was known before.
 */
#include "mail/seven_bit.h"

#include "mail/decode.h"
#include "mail_input.h"

#define GMIME_BUFFER 4096

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	mail_init();
	return argc == NULL || argv == NULL;
}

static bool is_seven_bit(const char *content, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (content[i] == '\0' || (unsigned char)content[i] >= 0x80)
			return false;
	return true;
}

static struct mime *parse(const struct buf *entity)
{
	struct error error;

	return mime_parse_whole(entity->data, entity->len, 0, &error);
}

/* Not of long ones: where GMime's buffer ends it may take a broken header for something else. */
static void check_parts(const struct buf *entity, size_t count)
{
	struct mime *mime = parse(entity);
	const struct mime_part *part;

	if (mime == NULL || mime_part_count(mime) > count)
		abort();
	for (size_t n = 0; (part = mime_part(mime, n)) != NULL; n++) {
		const char *content = entity->data + part->start;
		size_t len = part->end - part->start;

		if (part->encoding != ENCODING_UNKNOWN && !is_seven_bit(content, len) &&
			(part->encoding != ENCODING_BASE64 || base64_is_clean(content, len)))
			abort();
	}
	mime_free(&mime);
}

static void check(struct buf *entity, size_t parts)
{
	struct buf twice;
	struct error error;
	int possible = seven_bit_possible(entity, &error);

	if (seven_bit(entity, &error) < 0) {
		if (possible == 0)
			abort();
		return;
	}
	if (entity->len < GMIME_BUFFER)
		check_parts(entity, parts);
	buf_init(&twice, entity->max);
	buf_append(&twice, entity->data, entity->len);
	if (seven_bit(&twice, &error) < 0)
		abort();
	buf_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mime *mime;
	struct buf once;

	buf_init(&once, 16 * 1024 * 1024);
	input_lines((const char *)data, size, &once);
	mime = parse(&once);
	if (mime != NULL)
		check(&once, mime_part_count(mime));
	mime_free(&mime);
	buf_free(&once);
	return 0;
}
