/*
 * Any postinvite.cf, read from a file as the programs do: it loads, and can be printed, or each
 * fault is said.
 */
#include "base/settings.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[] = "/tmp/postinvite-fuzz.XXXXXX", path[sizeof(directory) + 32];

static void clean_up(void)
{
	unlink(path);
	rmdir(directory);
}

static void count(void *context, const char *text)
{
	*(unsigned *)context += *text != '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct settings *settings = NULL;
	unsigned faults = 0;
	struct buf text;
	FILE *file;

	if (*path == '\0' && mkdtemp(directory) != NULL && atexit(clean_up) == 0)
		snprintf(path, sizeof(path), "%s/%s", directory, SETTINGS_FILE);
	if ((file = fopen(path, "w")) == NULL || fwrite(data, 1, size, file) != size ||
		fclose(file) != 0)
		abort();
	buf_init(&text, 1 << 20);
	if (settings_load(
		    &(struct settings_source){directory, NULL, count, &faults}, &settings) == 0)
		settings_print(settings, false, &text);
	else if (faults == 0)
		abort();
	settings_release(&settings);
	buf_free(&text);
	return 0;
}
