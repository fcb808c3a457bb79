/*
 * Fuzz input as mail: what the targets of lib/mail share.
 */
#ifndef POSTINVITE_FUZZ_MAIL_INPUT_H
#define POSTINVITE_FUZZ_MAIL_INPUT_H

#include "mail/headers.h"
#include "mail/mime.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Fields "name:value" with a form feed between them; a value may have several lines. To be freed. */
static inline void input_headers(const uint8_t *data, size_t size, struct headers *headers_r)
{
	char *text = strndup((const char *)data, size), *rest = text, *name;

	headers_init(headers_r);
	while ((name = strsep(&rest, "\f")) != NULL) {
		char *value = strchr(name, ':');

		if (value != NULL)
			*value++ = '\0';
		headers_add(headers_r, name, value == NULL ? "" : value);
	}
	free(text);
}

/* Where the body of a message begins. */
static inline size_t input_body(const uint8_t *data, size_t size)
{
	const uint8_t *empty = memmem(data, size, "\r\n\r\n", 4);

	return empty == NULL ? size : (size_t)(empty - data) + 4;
}

#endif
