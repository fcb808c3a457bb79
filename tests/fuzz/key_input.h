/*
 * A key of this run's own, for targets of what is signed with one.
 */
#ifndef POSTINVITE_FUZZ_KEY_INPUT_H
#define POSTINVITE_FUZZ_KEY_INPUT_H

#include "base/keyfile.h"

#include <stdlib.h>
#include <unistd.h>

/* Made once. */
static inline struct keyfile *input_keys(void)
{
	static struct keyfile *keys;
	char path[] = "/tmp/postinvite-fuzz.XXXXXX";
	unsigned char id;
	struct error error;

	if (keys != NULL)
		return keys;
	if (close(mkstemp(path)) == 0 && unlink(path) == 0 &&
		keyfile_add(path, &id, &error) == 0)
		keys = keyfile_load(path, &error);
	unlink(path);
	if (keys == NULL)
		abort();
	return keys;
}

#endif
