/*
 * Under /var/tmp, which is on a disk also where /tmp is memory. Nothing is synced: what lives
 * for seconds stays in the page cache.
 */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define FOLDER "/var/tmp"
#define PIECE  ((size_t)64 * 1024)

int spool_open(struct error *error)
{
	char path[] = FOLDER "/postinvite-milter.XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0)
		return error_errno(error, errno, "make a file for a large mail in " FOLDER);
	unlink(path);
	return fd;
}

int spool_write(int fd, const void *bytes, size_t len, struct error *error)
{
	for (const char *at = bytes; len > 0;) {
		ssize_t written = write(fd, at, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_errno(error, errno, "keep a large mail in " FOLDER);
		at += written;
		len -= (size_t)written;
	}
	return 0;
}

int spool_read(int fd, struct buf *out, struct error *error)
{
	char piece[PIECE];
	ssize_t len;

	for (off_t at = 0; (len = pread(fd, piece, sizeof(piece), at)) != 0;) {
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return error_errno(error, errno, "read a large mail in " FOLDER);
		buf_append(out, piece, (size_t)len);
		at += len;
	}
	return 0;
}
