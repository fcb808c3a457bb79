/*
 * What unit tests share.
 */
#include "support.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void support_text(
	const char *label, const char *got, const char *want, const char *file, int line)
{
	if (got == want || (got != NULL && want != NULL && strcmp(got, want) == 0))
		return;
	print_error("%s: got \"%s\", want \"%s\"\n", label, got != NULL ? got : "(null)",
		want != NULL ? want : "(null)");
	_fail(file, line);
}

void support_number(
	const char *label, long long got, long long want, const char *file, int line)
{
	if (got == want)
		return;
	print_error("%s: got %lld, want %lld\n", label, got, want);
	_fail(file, line);
}

char *support_folder(void)
{
	const char *base = getenv("TMPDIR");
	char *folder = NULL;

	if (asprintf(&folder, "%s/postinvite-unit.XXXXXX", base != NULL ? base : "/tmp") < 0 ||
		mkdtemp(folder) == NULL)
		fail_msg("no folder for the test");
	return folder;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

void support_remove(char **folder)
{
	if (*folder == NULL)
		return;
	nftw(*folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(*folder);
	*folder = NULL;
}

char *support_write(const char *folder, const char *name, const char *text, unsigned mode)
{
	char *path = NULL;
	int fd;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		fail_msg("out of memory");
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, mode);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
		fchmod(fd, mode) != 0)
		fail_msg("cannot write %s", path);
	close(fd);
	return path;
}
