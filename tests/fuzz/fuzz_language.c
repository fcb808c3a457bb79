/*
 * Whatever an Accept-Language header holds, one of the languages there are is chosen; a valid
 * tag finds itself.
 */
#include "web/language.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const available[] = {"en", "de", "he", "pt-BR", "zh-Hant"};
	char *header = malloc(size + 1);
	const char *itself[] = {"xx", header};

	memcpy(header, data, size);
	header[size] = '\0';
	if (language_choose(header, available, 5, 1) >= 5)
		abort();
	if (language_valid(header, strlen(header)) && strcasecmp(header, "iw") != 0 &&
		strcasecmp(header, "xx") != 0 && language_choose(header, itself, 2, 0) != 1)
		abort();
	free(header);
	return 0;
}
