/*
 * Link tokens as anybody may write them: one that is taken for ours was made by us, letter for
 * letter.
 */
#include "invite/link.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct keyfile *keys;
	char path[] = "/tmp/fuzz_link.XXXXXX", *text = malloc(size + 1);
	char id[INVITATION_ID_LEN + 1], token[LINK_TOKEN_LEN + 1];
	unsigned char key_id;
	struct error error;

	if (keys == NULL && close(mkstemp(path)) == 0 && unlink(path) == 0 &&
		keyfile_add(path, &key_id, &error) == 0) {
		keys = keyfile_load(path, &error);
		unlink(path);
	}
	if (text == NULL || keys == NULL)
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
