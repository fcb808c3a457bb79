/*
 * Key files. Lines are kept as read when a key is added, so that comments and old keys survive;
 * the new file is written beside the old one, synced and renamed, and the name synced too: what
 * is sealed with a new key is lost without it.
 */
#include "base/keyfile.h"

#include "base/buf.h"
#include "base/encode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEYFILE_MAX_BYTES (64 * 1024)

static const char remedy[] =
	"put it back from your copy, or make one: \"postinvite -k link\" for link_key_file, "
	"\"postinvite -k vault\" for vault_key_file";

struct keyfile {
	size_t n;
	unsigned char order[255];
	struct secret *keys[256];
	time_t changed;
};

static int check_owner(const char *path, const struct stat *st, struct error *error)
{
	if (!S_ISREG(st->st_mode))
		return error_set(error, ERROR_CONFIGURATION, "%s: not a regular file", path);
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return error_set(error, ERROR_CONFIGURATION,
			"%s: belongs to user %ld; chown it to root or to the user that reads it",
			path, (long)st->st_uid);
	if ((st->st_mode & 0027) != 0)
		return error_set(error, ERROR_CONFIGURATION,
			"%s: mode %04o lets others in; chmod it to 0600 or 0640", path,
			(unsigned)(st->st_mode & 07777));
	return 0;
}

/* Reads the checked file's text; the caller wipes it. */
static int read_text(const char *path, struct buf *text, struct stat *st_r, struct error *error)
{
	char chunk[4096];
	ssize_t got = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return error_open(error, errno, path, remedy);
	if (fstat(fd, st_r) == 0 && check_owner(path, st_r, error) != 0) {
		close(fd);
		return -1;
	}
	while ((got = read(fd, chunk, sizeof(chunk))) > 0)
		buf_append(text, chunk, (size_t)got);
	secret_wipe(chunk, sizeof(chunk));
	if (got < 0)
		error_errno(error, errno, "read %s", path);
	close(fd);
	if (got < 0)
		return -1;
	if (text->failed)
		return error_set(error, ERROR_CONFIGURATION, "%s: longer than %d bytes", path,
			KEYFILE_MAX_BYTES);
	return 0;
}

static int parse_line(struct keyfile *keys, const char *line, size_t len, struct error *error)
{
	unsigned char key[KEYFILE_KEY_LEN];
	const char *colon = memchr(line, ':', len);
	unsigned long id = 0;
	const char *p;

	if (colon == NULL)
		return error_set(error, ERROR_CONFIGURATION, "not of the form keyid:base64");
	for (p = line; p < colon && *p >= '0' && *p <= '9' && id <= 255; p++)
		id = id * 10 + (unsigned long)(*p - '0');
	if (p != colon || p == line || id < 1 || id > 255)
		return error_set(
			error, ERROR_CONFIGURATION, "key id is not a number from 1 to 255");
	if (keys->keys[id] != NULL)
		return error_set(error, ERROR_CONFIGURATION, "key id %lu is there already", id);
	if (base64_decode(colon + 1, len - (size_t)(colon + 1 - line), key, sizeof(key)) !=
		KEYFILE_KEY_LEN) {
		secret_wipe(key, sizeof(key));
		return error_set(error, ERROR_CONFIGURATION,
			"key %lu is not %d bytes in base64", id, KEYFILE_KEY_LEN);
	}
	keys->keys[id] = secret_new(key, sizeof(key));
	secret_wipe(key, sizeof(key));
	if (keys->keys[id] == NULL)
		return error_memory(error);
	keys->order[keys->n++] = (unsigned char)id;
	return 0;
}

static int parse(struct keyfile *keys, const char *path, const char *text, struct error *error)
{
	for (int line = 1; *text != '\0'; line++) {
		size_t len = strcspn(text, "\n");
		size_t used = len;

		while (used > 0 && strchr(" \t\r", text[used - 1]) != NULL)
			used--;
		if (used > 0 && text[0] != '#' && parse_line(keys, text, used, error) != 0)
			return error_prefix(error, "%s:%d", path, line);
		text += len;
		text += *text == '\n';
	}
	if (keys->n == 0)
		return error_set(
			error, ERROR_CONFIGURATION, "%s: holds no key: %s", path, remedy);
	return 0;
}

struct keyfile *keyfile_load(const char *path, struct error *error)
{
	struct keyfile *keys = calloc(1, sizeof(*keys));
	struct stat st;
	struct buf text;

	if (keys == NULL) {
		error_memory(error);
		return NULL;
	}
	buf_init(&text, KEYFILE_MAX_BYTES);
	if (read_text(path, &text, &st, error) != 0 || parse(keys, path, text.data, error) != 0)
		keyfile_free(&keys);
	else
		keys->changed = st.st_mtime;
	secret_wipe(text.data, text.len);
	buf_free(&text);
	return keys;
}

void keyfile_free(struct keyfile **keys)
{
	if (keys == NULL || *keys == NULL)
		return;
	for (size_t i = 0; i < 256; i++)
		secret_free(&(*keys)->keys[i]);
	free(*keys);
	*keys = NULL;
}

size_t keyfile_count(const struct keyfile *keys)
{
	return keys->n;
}

time_t keyfile_changed(const struct keyfile *keys)
{
	return keys->changed;
}

const struct secret *keyfile_nth(const struct keyfile *keys, size_t n, unsigned char *id_r)
{
	if (n >= keys->n)
		return NULL;
	*id_r = keys->order[n];
	return keys->keys[keys->order[n]];
}

const struct secret *keyfile_current(const struct keyfile *keys, unsigned char *id_r)
{
	return keyfile_nth(keys, 0, id_r);
}

const struct secret *keyfile_find(const struct keyfile *keys, unsigned char id)
{
	return keys->keys[id];
}

static int free_id(const struct keyfile *keys)
{
	unsigned newest = keys->n > 0 ? keys->order[0] : 0;

	for (unsigned step = 1; step <= 255; step++) {
		unsigned id = (newest + step - 1) % 255 + 1;

		if (keys->keys[id] == NULL)
			return (int)id;
	}
	return -1;
}

static int new_line(unsigned char id, struct buf *text, struct error *error)
{
	struct secret *key = secret_random(KEYFILE_KEY_LEN);
	char encoded[BASE64_SIZE(KEYFILE_KEY_LEN)];

	if (key == NULL)
		return error_set(error, ERROR_TEMPORARY, "no randomness for a new key");
	base64_encode(secret_bytes(key), secret_len(key), encoded);
	buf_printf(text, "%u:%s\n", id, encoded);
	secret_wipe(encoded, sizeof(encoded));
	secret_free(&key);
	return 0;
}

/* Writes all of it to the disk. Returns 0 or an errno value. */
static int write_out(int fd, const struct buf *text)
{
	ssize_t written = write(fd, text->data, text->len);

	if (written < 0)
		return errno;
	if ((size_t)written != text->len)
		return ENOSPC;
	return fsync(fd) != 0 ? errno : 0;
}

/* Makes a new name in the path's directory durable. Returns 0 or an errno value. */
static int sync_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *directory =
		slash != NULL ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	int fd, fault = 0;

	if (directory == NULL)
		return ENOMEM;
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		fault = errno;
	if (fd >= 0)
		close(fd);
	free(directory);
	return fault;
}

/* Writes the new file beside the old one and renames it. st is NULL for a file that is new. */
static int replace(
	const char *path, const struct stat *st, const struct buf *text, struct error *error)
{
	struct buf beside;
	int fd, fault = 0;

	buf_init(&beside, 4096);
	buf_printf(&beside, "%s.new", path);
	unlink(beside.data);
	fd = open(beside.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || (st != NULL && (fchown(fd, st->st_uid, st->st_gid) != 0 ||
					     fchmod(fd, st->st_mode & 07777) != 0)))
		fault = errno;
	if (fault == 0)
		fault = write_out(fd, text);
	if (fd >= 0)
		close(fd);
	if (fault == 0 && rename(beside.data, path) != 0)
		fault = errno;
	if (fault == 0)
		fault = sync_directory(path);
	if (fault != 0) {
		unlink(beside.data);
		error_errno(error, fault, "write %s", path);
	}
	buf_free(&beside);
	return fault != 0 ? -1 : 0;
}

int keyfile_add(const char *path, unsigned char *id_r, struct error *error)
{
	bool exists = access(path, F_OK) == 0;
	struct keyfile *keys = exists ? keyfile_load(path, error) : calloc(1, sizeof(*keys));
	struct buf text;
	struct stat st;
	int id, result = -1;

	if (keys == NULL)
		return exists ? -1 : error_memory(error);
	buf_init(&text, KEYFILE_MAX_BYTES);
	id = free_id(keys);
	if (id < 0)
		error_set(error, ERROR_CONFIGURATION, "%s: all 255 key ids are used", path);
	else if (new_line((unsigned char)id, &text, error) == 0 &&
		 (!exists || read_text(path, &text, &st, error) == 0))
		result = replace(path, exists ? &st : NULL, &text, error);
	if (result == 0)
		*id_r = (unsigned char)id;
	secret_wipe(text.data, text.len);
	buf_free(&text);
	keyfile_free(&keys);
	return result;
}
