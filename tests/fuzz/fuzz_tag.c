/*
 * Recipients as anybody may write them: what is taken for a tag of ours was made by us, letter
 * for letter; and what we make is read, in upper case, too.
 */
#include "invite/tag.h"
#include "key_input.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BASE "bounce@a.example"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of a tag's letters one is changed as the input says: then it is none, unless it is the same
 * one. */
static void forge(const struct keyfile *keys, const char *tag, const uint8_t *data, size_t size)
{
	char forged[BOUNCE_TAG_LEN + 1], id[INVITATION_ID_LEN + 1];
	struct error error;

	strcpy(forged, tag);
	if (size > 1)
		forged[data[0] % BOUNCE_TAG_LEN] = (char)data[1];
	if (strcmp(forged, tag) != 0 && bounce_tag_verify(keys, forged, id, &error) == 0)
		abort();
}

/* Through an address and back. */
static void deliver(const char *tag)
{
	char *address = tagged_address(BASE, tag), read[TAG_LEN_MAX + 1];

	for (char *c = address; *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	if (!address_tag(BASE, address, read) || strcmp(read, tag) != 0)
		abort();
	free(address);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct keyfile *keys = input_keys();
	char tag[TAG_LEN_MAX + 1], made[BOUNCE_TAG_LEN + 1], customer[CONSENT_TAG_LEN + 1];
	char id[INVITATION_ID_LEN + 1], *text = strndup((const char *)data, size);
	unsigned char key_id;
	struct error error;

	if (text == NULL)
		abort();
	if (address_tag(BASE, text, tag) && strlen(tag) > TAG_LEN_MAX)
		abort();
	if (bounce_tag_new(keys, text, made) == 0) {
		if (bounce_tag_verify(keys, made, id, &error) < 0 || strcmp(id, text) != 0)
			abort();
		forge(keys, made, data, size);
		deliver(made);
	}
	if (consent_tag(keyfile_current(keys, &key_id), text, customer) == 0)
		deliver(customer);
	free(text);
	return 0;
}
