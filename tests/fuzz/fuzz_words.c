/*
 * Any file is a catalog whose words all render, or a fault; a value in a word is never put in
 * unescaped, nor with a line break.
 */
#include "web/template.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/dev/shm/postinvite-fuzz.XXXXXX";
static char path[sizeof(folder) + sizeof("/words.en")];
static int file = -1;

static void remove_folder(void)
{
	unlink(path);
	rmdir(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct template_name names[] = {{"a", ""}, {"b", ""}, {0}};
	static const struct template_name *const tables[] = {names, NULL};
	static const struct template_value values[] = {
		{.name = "a", .text = "<\n\001>"}, {.name = "b", .word = "b"}, {0}};
	struct words_source source = {.directory = folder, .values = tables};
	struct words *words;
	struct error error;
	struct buf out;

	if (file < 0 && mkdtemp(folder) != NULL && atexit(remove_folder) == 0)
		file = open(
			strcat(strcpy(path, folder), "/words.en"), O_WRONLY | O_CREAT, 0600);
	if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != (ssize_t)size)
		abort();
	buf_init(&out, 65536);
	words = words_load(&source, &error);
	if (words != NULL) {
		const struct catalog *catalog = words_choose(words, NULL, "en");

		template_words(catalog, "direction", values, &out);
		template_words(catalog, "b", values, &out);
	}
	if (strpbrk(out.data, "\n\001") != NULL)
		abort();
	words_free(&words);
	buf_free(&out);
	return 0;
}
