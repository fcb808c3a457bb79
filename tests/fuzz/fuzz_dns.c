/*
 * What a name server, or somebody in its name, may answer.
 */
#include "mail/dns_txt.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = size > 0 ? 1 + (size_t)*data * 4 : 1;
	char *text = malloc(room);

	if (text == NULL)
		return 0;
	memset(text, 1, room);
	if (size > 0 && dns_txt_read(data + 1, size - 1, text, room) == 0 &&
		memchr(text, '\0', room) == NULL)
		abort();
	free(text);
	return 0;
}
