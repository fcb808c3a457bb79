/*
 * Mails of our own from any values: a mail that is made has the headers that it should have,
 * and no others.
 */
#include "mail/compose.h"
#include "mail/mime.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
		for (const char *bcc = out.data; (bcc = strcasestr(bcc, "\nbcc:")) != NULL;
			bcc++)
			if (bcc < end)
				abort();
	}
	buf_free(&out);
	free(values);
	return 0;
}
