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

static void remove_folder(void)
{
	unlink(path);
	rmdir(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const pages[] = {"page.html", NULL};
	static const struct template_name names[] = {{"a", ""}, {"list", ""}, {0}};
	struct template_source source = {.directory = folder, .pages = pages, .names = names};
	static const struct template_value row[] = {{.name = "a", .text = "<\001>"}, {0}};
	static const struct template_value *const rows[] = {row, row, NULL};
	static const struct template_value values[] = {{.name = "list", .rows = rows}, {0}};
	struct template_set *set;
	struct error error;
	struct buf out;

	if (file < 0 && mkdtemp(folder) != NULL && atexit(remove_folder) == 0)
		file = open(
			strcat(strcpy(path, folder), "/page.html"), O_WRONLY | O_CREAT, 0600);
	if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != (ssize_t)size)
		abort();
	buf_init(&out, 65536);
	set = template_set_load(&source, &error);
	if (set != NULL)
		template_render(set, "page.html", NULL, values, &out);
	if (memchr(data, 1, size) == NULL && strstr(out.data, "<\001") != NULL)
		abort();
	template_set_free(&set);
	buf_free(&out);
	return 0;
}
