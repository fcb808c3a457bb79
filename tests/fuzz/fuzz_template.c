/*
 * Any file is a page that renders, or a fault; a value is never put in unescaped.
 */
#include "web/template.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/dev/shm/postinvite-fuzz.XXXXXX";
static char path[sizeof(folder) + sizeof("/page.html")];
static int file = -1;
static struct words *words;
static const struct template_name names[] = {{"a", ""}, {"list", ""}, {"w", ""}, {0}};

/* A catalog, which is read once, and the file for the page. */
static void make_folder(void)
{
	static const char text[] = "direction = ltr\nhello = x{{a}}y{{w}}\nw = {{a}}\n";
	static const struct template_name *const tables[] = {names, NULL};
	struct words_source source = {.directory = folder, .values = tables};
	struct error error;

	if (mkdtemp(folder) == NULL)
		abort();
	file = open(strcat(strcpy(path, folder), "/words.en"), O_WRONLY | O_CREAT, 0600);
	if (write(file, text, strlen(text)) < 0 || close(file) != 0)
		abort();
	words = words_load(&source, &error);
	unlink(path);
	file = open(strcat(strcpy(path, folder), "/page.html"), O_WRONLY | O_CREAT, 0600);
}

static void remove_folder(void)
{
	words_free(&words);
	unlink(path);
	rmdir(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const pages[] = {"page.html", NULL};
	static const struct template_value row[] = {{.name = "a", .text = "<\001>"}, {0}};
	static const struct template_value *const rows[] = {row, row, NULL};
	static const struct template_value values[] = {{.name = "list", .rows = rows},
		{.name = "a", .text = "\"<\001>'"}, {.name = "w", .word = "w"}, {0}};
	struct template_source source = {.directory = folder, .pages = pages, .names = names};
	struct template_set *set;
	struct error error;
	struct buf out;

	if (file < 0 && atexit(remove_folder) == 0)
		make_folder();
	source.words = words;
	if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != (ssize_t)size)
		abort();
	buf_init(&out, 65536);
	set = template_set_load(&source, &error);
	if (set != NULL)
		template_render(
			set, "page.html", words_choose(words, NULL, "en"), values, &out);
	for (const char *at = out.data; memchr(data, 1, size) == NULL && (at = strchr(at, 1));
		at++)
		if (at - out.data < 4 || memcmp(at - 4, "&lt;", 4) != 0)
			abort();
	template_set_free(&set);
	buf_free(&out);
	return 0;
}
