/*
 * Link tokens as anybody may write them: one that is taken for ours was made by us, letter for
 * letter.
 */
#include "invite/link.h"
#include "key_input.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct keyfile *keys = input_keys();
	char id[INVITATION_ID_LEN + 1], token[LINK_TOKEN_LEN + 1];
	char *text = malloc(size + 1);
	struct error error;

	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	if (link_token_verify(keys, text, id, &error) == 0 &&
		(link_token_new(keys, id, token) < 0 || strcmp(token, text) != 0))
		abort();
	if (link_token_new(keys, text, token) == 0 &&
		(link_token_verify(keys, token, id, &error) < 0 || strcmp(id, text) != 0))
		abort();
	free(text);
	return 0;
}
