/*
 * Any postinvite.cf, read from a file as the programs do: it loads, and what is printed of it
 * loads as the same (but for a "$" of its own, which is printed as it is), or each fault is said.
 */
#include "base/settings.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[] = "/dev/shm/postinvite-fuzz.XXXXXX", path[sizeof(directory) + 32];

static void clean_up(void)
{
	unlink(path);
	rmdir(directory);
}

static void count(void *context, const char *text)
{
	*(unsigned *)context += *text != '\0';
}

/* Returns whether it was taken, and as what. */
static bool load(const void *data, size_t size, struct buf *printed)
{
	const struct settings *settings = NULL;
	unsigned faults = 0;
	FILE *file;

	if (*path == '\0' && mkdtemp(directory) != NULL && atexit(clean_up) == 0)
		snprintf(path, sizeof(path), "%s/%s", directory, SETTINGS_FILE);
	if ((file = fopen(path, "w")) == NULL || fwrite(data, 1, size, file) != size ||
		fclose(file) != 0)
		abort();
	if (settings_load(
		    &(struct settings_source){directory, NULL, count, &faults}, &settings) == 0)
		settings_print(settings, false, printed);
	else if (faults == 0)
		abort();
	settings_free(&settings);
	return faults == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf once, twice;

	buf_init(&once, 1 << 20);
	buf_init(&twice, 1 << 20);
	if (load(data, size, &once) && !once.failed && strchr(once.data, '$') == NULL &&
		(!load(once.data, once.len, &twice) || strcmp(once.data, twice.data) != 0))
		abort();
	buf_free(&once);
	buf_free(&twice);
	return 0;
}
