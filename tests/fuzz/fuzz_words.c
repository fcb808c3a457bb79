/*
 * Any file is a catalog whose words all render, or a fault, and so is, behind a form feed, one of
 * another language; a value in a word is never put in with a line break.
 */
#include "web/template.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/dev/shm/postinvite-fuzz.XXXXXX";
static const char *const languages[] = {"en", "de"};
static char paths[2][sizeof(folder) + sizeof("/words.en")];

static void remove_folder(void)
{
	for (size_t i = 0; i < 2; i++)
		unlink(paths[i]);
	rmdir(folder);
}

static void put_file(int *file, size_t i, const void *bytes, size_t size)
{
	if (*file < 0) {
		snprintf(paths[i], sizeof(paths[i]), "%s/words.%s", folder, languages[i]);
		*file = open(paths[i], O_WRONLY | O_CREAT, 0600);
	}
	if (ftruncate(*file, 0) != 0 || pwrite(*file, bytes, size, 0) != (ssize_t)size)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct template_name names[] = {{"a", ""}, {"b", ""}, {0}};
	static const struct template_name *const tables[] = {names, NULL};
	static const struct template_value values[] = {
		{.name = "a", .text = "<\n\001>"}, {.name = "b", .word = "b"}, {0}};
	static int files[2] = {-1, -1};
	const uint8_t *end = size > 0 ? memchr(data, '\f', size) : NULL;
	size_t first = end == NULL ? size : (size_t)(end - data);
	struct words_source source = {.directory = folder, .values = tables};
	struct words *words;
	struct error error;
	struct buf out;

	if (files[0] < 0 && (mkdtemp(folder) == NULL || atexit(remove_folder) != 0))
		abort();
	put_file(&files[0], 0, data, first);
	put_file(
		&files[1], 1, end == NULL ? data : end + 1, end == NULL ? 0 : size - first - 1);
	buf_init(&out, 65536);
	words = words_load(&source, &error);
	for (size_t i = 0; words != NULL && i < 2; i++) {
		const struct catalog *catalog = words_choose(words, languages[i], "en");

		template_words(catalog, "direction", values, &out);
		template_words(catalog, "b", values, &out);
	}
	if (strpbrk(out.data, "\n\001") != NULL)
		abort();
	words_free(&words);
	buf_free(&out);
	return 0;
}
