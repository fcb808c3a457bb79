/*
 * Recipients as anybody may write them: what is taken for a tag of ours was made by us.
 */
#include "invite/tag.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct keyfile *keys;
	char path[] = "/tmp/fuzz_tag.XXXXXX", tag[TAG_LEN_MAX + 1], again[BOUNCE_TAG_LEN + 1];
	char id[INVITATION_ID_LEN + 1], *address = malloc(size + 1);
	unsigned char key_id;
	struct error error;

	if (keys == NULL && close(mkstemp(path)) == 0 && unlink(path) == 0 &&
		keyfile_add(path, &key_id, &error) == 0) {
		keys = keyfile_load(path, &error);
		unlink(path);
	}
	if (address == NULL || keys == NULL)
		abort();
	memcpy(address, data, size);
	address[size] = '\0';
	if (address_tag("bounce@a.example", address, tag) &&
		bounce_tag_verify(keys, tag, id, &error) == 0 &&
		(bounce_tag_new(keys, id, again) < 0 || strcmp(again, tag) != 0))
		abort();
	if (bounce_tag_new(keys, address, again) == 0 &&
		(bounce_tag_verify(keys, again, id, &error) < 0 || strcmp(id, address) != 0))
		abort();
	free(address);
	return 0;
}
