/*
 * A staged tree is written by the caller's thread into the cache of its own, and from there, as
 * that fills, into the file. What is left, and the disk's own time, is a thread's business: it
 * flushes, closes, syncs the directory, and says so. Whoever of the caller and the thread comes
 * last cleans up, so that giving a tree up waits for nobody.
 *
 * A file that is not in force is rubbish whatever it holds, so nothing here has to survive a kill.
 */
#include "store/kv_bdb_file.h"

#include "base/background.h"
#include "store/kv_class.h"

#include <db.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX	    ".sealed"
#define PAGE_SIZE   4096
#define STAGE_CACHE ((size_t)12 * 1024 * 1024)

/* The file on its way to the disk: the thread's and the tree's. */
struct flush {
	atomic_int users;
	atomic_bool done;
	int code; /* once done */
	DB *db;
	char *directory;
};

struct kv_file {
	struct kv kv;
	char *directory;
	DB *db;		     /* NULL: a flush has it */
	DBC *writer;	     /* NULL: nothing was put yet */
	struct flush *flush; /* NULL: not sealed yet */
	bool full;	     /* a page could not be written for want of room */
};

struct file_cursor {
	struct kv_cursor cursor;
	DBC *dbc;
};

int kv_bdb_error(const char *directory, int code, const char *what, struct error *error)
{
	if (code == ENOSPC || code == EDQUOT || code == EFBIG)
		return error_set(error, ERROR_TEMPORARY,
			"%s: %s: the disk is full: make room, it goes on by itself", directory,
			what);
	if (code > 0)
		return error_errno(error, code, "%s: %s", directory, what);
	return error_set(
		error, ERROR_TEMPORARY, "%s: %s: %s", directory, what, db_strerror(code));
}

static int fault(struct kv_file *file, int code, const char *what, struct error *error)
{
	if (code < 0 && !file->kv.staged)
		return error_set(error, ERROR_TEMPORARY,
			"%s: %s: the file is damaged: load it again, or put it back from a backup",
			file->directory, what);
	return kv_bdb_error(file->directory, file->full ? ENOSPC : code, what, error);
}

static DBT to_dbt(struct kv_bytes bytes)
{
	return (DBT){.data = (void *)(uintptr_t)bytes.data, .size = (u_int32_t)bytes.len};
}

static struct kv_bytes to_bytes(const DBT *dbt)
{
	return (struct kv_bytes){dbt->data, dbt->size};
}

static int file_get(struct kv *kv, unsigned tree, struct kv_bytes key, struct kv_bytes *value_r,
	struct error *error)
{
	struct kv_file *file = (struct kv_file *)kv;
	DBT want = to_dbt(key), have = {0};
	int code = file->db->get(file->db, NULL, &want, &have, 0);

	(void)tree;
	if (code == DB_NOTFOUND)
		return 0;
	if (code != 0)
		return fault(file, code, "read", error);
	*value_r = to_bytes(&have);
	return 1;
}

/* A cursor puts at half the cost of DB->put, which makes one each time, and looks twice when it
 * must not overwrite. */
static int put_over(struct kv_file *file, DBT *key, DBT *value)
{
	int code = 0;

	if (file->writer == NULL)
		code = file->db->cursor(file->db, NULL, &file->writer, 0);
	return code == 0 ? file->writer->put(file->writer, key, value, DB_KEYFIRST) : code;
}

static int file_put(struct kv *kv, unsigned tree, const struct kv_bytes pair[2], bool overwrite,
	struct error *error)
{
	struct kv_file *file = (struct kv_file *)kv;
	DBT key = to_dbt(pair[0]), value = to_dbt(pair[1]);
	int code = overwrite ? put_over(file, &key, &value)
			     : file->db->put(file->db, NULL, &key, &value, DB_NOOVERWRITE);

	(void)tree;
	if (code == DB_KEYEXIST)
		return 0;
	return code == 0 ? 1 : fault(file, code, "write", error);
}

static struct kv_cursor *file_cursor(struct kv *kv, unsigned tree, struct error *error)
{
	struct kv_file *file = (struct kv_file *)kv;
	struct file_cursor *cursor = malloc(sizeof(*cursor));
	int code = cursor != NULL ? file->db->cursor(file->db, NULL, &cursor->dbc, 0) : ENOMEM;

	(void)tree;
	if (code == 0)
		return &cursor->cursor;
	fault(file, code, "scan", error);
	free(cursor);
	return NULL;
}

static int step(
	struct file_cursor *cursor, u_int32_t how, const struct kv_bytes *from, DBT pair[2])
{
	pair[0] = from != NULL ? to_dbt(*from) : (DBT){0};
	pair[1] = (DBT){0};
	return cursor->dbc->get(cursor->dbc, &pair[0], &pair[1], how);
}

static int file_step(struct kv_cursor *base, const struct kv_bytes *from,
	struct kv_bytes pair_r[2], struct error *error)
{
	struct file_cursor *cursor = (struct file_cursor *)base;
	bool jump = from != NULL && from->len > 0;
	DBT pair[2];
	int code = step(cursor, jump ? DB_SET_RANGE : DB_NEXT, jump ? from : NULL, pair);

	if (code == DB_NOTFOUND)
		return 0;
	if (code != 0)
		return fault((struct kv_file *)base->kv, code, "scan", error);
	pair_r[0] = to_bytes(&pair[0]);
	pair_r[1] = to_bytes(&pair[1]);
	return 1;
}

static void file_cursor_close(struct kv_cursor *base)
{
	struct file_cursor *cursor = (struct file_cursor *)base;

	cursor->dbc->close(cursor->dbc);
	free(cursor);
}

static void flush_leave(struct flush *flush)
{
	if (atomic_fetch_sub(&flush->users, 1) > 1)
		return;
	free(flush->directory);
	free(flush);
}

/* The name is to be on disk, too. */
static int sync_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int code = fd < 0 || fsync(fd) != 0 ? errno : 0;

	if (fd >= 0)
		close(fd);
	return code;
}

static void *flush_run(void *context)
{
	struct flush *flush = context;
	int code = flush->db->sync(flush->db, 0);
	int closed = flush->db->close(flush->db, DB_NOSYNC);

	if (code == 0)
		code = closed;
	flush->code = code == 0 ? sync_directory(flush->directory) : code;
	atomic_store(&flush->done, true);
	flush_leave(flush);
	return NULL;
}

static void close_writer(struct kv_file *file)
{
	if (file->writer != NULL)
		file->writer->close(file->writer);
	file->writer = NULL;
}

static int flush_start(struct kv_file *file, struct error *error)
{
	struct flush *flush = calloc(1, sizeof(*flush));
	int code;

	close_writer(file);
	if (flush != NULL)
		flush->directory = strdup(file->directory);
	if (flush == NULL || flush->directory == NULL) {
		free(flush);
		return error_memory(error);
	}
	flush->users = 2;
	flush->db = file->db;
	flush->db->get_env(flush->db)->app_private = NULL; /* the file may be closed before */
	code = background_run(flush_run, flush);
	if (code != 0) {
		free(flush->directory);
		free(flush);
		return error_errno(error, code, "start a thread");
	}
	file->flush = flush;
	file->db = NULL;
	return 0;
}

static int file_seal(struct kv *kv, struct error *error)
{
	struct kv_file *file = (struct kv_file *)kv;

	if (file->flush == NULL && flush_start(file, error) != 0)
		return -1;
	if (!atomic_load(&file->flush->done))
		return 0;
	if (file->flush->code != 0)
		return fault(file, file->flush->code, "write a table", error);
	return 1;
}

static void file_close(struct kv *kv)
{
	struct kv_file *file = (struct kv_file *)kv;

	close_writer(file);
	if (file->db != NULL)
		file->db->close(file->db, DB_NOSYNC);
	if (file->flush != NULL)
		flush_leave(file->flush);
	free(file->directory);
	free(file);
}

static const struct kv_class file_class = {
	.close = file_close,
	.get = file_get,
	.put = file_put,
	.cursor = file_cursor,
	.step = file_step,
	.cursor_close = file_cursor_close,
	.seal = file_seal,
};

static char *path_of(const char *directory, const char *name, struct error *error)
{
	char *path;

	if (asprintf(&path, "%s/%s" SUFFIX, directory, name) >= 0)
		return path;
	error_memory(error);
	return NULL;
}

bool kv_bdb_says_full(const char *message)
{
	static const int full[] = {ENOSPC, EDQUOT, EFBIG};

	for (size_t i = 0; i < sizeof(full) / sizeof(full[0]); i++)
		if (strstr(message, db_strerror(full[i])) != NULL)
			return true;
	return false;
}

/* Berkeley DB tells of a page that it could not write by "input/output error", and why by this
 * message only. */
static void on_message(const DB_ENV *env, const char *prefix, const char *message)
{
	struct kv_file *file = env->app_private;

	(void)prefix;
	if (file != NULL)
		file->full |= kv_bdb_says_full(message);
}

static int open_db(struct kv_file *file, const char *path, size_t cache, u_int32_t how)
{
	DB *db;
	int code = db_create(&db, NULL, 0);

	if (code != 0)
		return code;
	db->get_env(db)->app_private = file;
	db->set_errcall(db, on_message);
	if ((code = db->set_cachesize(db, (u_int32_t)(cache >> 30),
		     (u_int32_t)(cache & ((1u << 30) - 1)), 1)) == 0 &&
		((how & DB_RDONLY) != 0 || (code = db->set_pagesize(db, PAGE_SIZE)) == 0))
		code = db->open(db, NULL, path, NULL, DB_BTREE, how, 0600);
	if (code != 0)
		db->close(db, DB_NOSYNC);
	else
		file->db = db;
	return code;
}

/* how: of DB->open. */
static struct kv *open_file(const char *directory, const char *name, size_t cache,
	u_int32_t how, struct error *error)
{
	struct kv_file *file = calloc(1, sizeof(*file));
	char *path = path_of(directory, name, error);
	int code;

	if (file == NULL || path == NULL || (file->directory = strdup(directory)) == NULL) {
		free(path);
		free(file);
		error_memory(error);
		return NULL;
	}
	file->kv.class = &file_class;
	file->kv.trees = 1;
	file->kv.staged = how != DB_RDONLY;
	code = open_db(file, path, cache, how);
	if (code == ENOENT)
		error_set(error, ERROR_NOT_FOUND, "%s: there is no such file", path);
	else if (code != 0)
		kv_bdb_error(path, code, "open", error);
	free(path);
	if (code == 0)
		return &file->kv;
	file_close(&file->kv);
	return NULL;
}

struct kv *kv_bdb_file_stage(const char *directory, const char *name, struct error *error)
{
	/* What a load left under that name is not looked at, let alone opened. */
	if (kv_bdb_file_discard(directory, name, error) != 0)
		return NULL;
	return open_file(directory, name, STAGE_CACHE, DB_CREATE | DB_EXCL, error);
}

struct kv *kv_bdb_file_sealed(
	const char *directory, const char *name, size_t cache, struct error *error)
{
	return open_file(directory, name, cache, DB_RDONLY, error);
}

/* As long as a descriptor of it is open, removing it costs nothing. */
int kv_bdb_file_discard(const char *directory, const char *name, struct error *error)
{
	char *path = path_of(directory, name, error);
	int fd, result = 0;

	if (path == NULL)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (unlink(path) != 0 && errno != ENOENT)
		result = error_errno(error, errno, "remove %s", path);
	if (fd >= 0)
		background_close(fd);
	free(path);
	return result;
}

/* The name of a sealed tree in the entry, cut out in place. */
static bool is_sealed(char *entry)
{
	size_t len = strlen(entry), suffix = strlen(SUFFIX);

	if (len <= suffix || len - suffix > KV_NAME_MAX ||
		strcmp(entry + len - suffix, SUFFIX) != 0)
		return false;
	entry[len - suffix] = '\0';
	return true;
}

int kv_bdb_file_names(
	const char *directory, kv_name_fn *each, void *context, struct error *error)
{
	DIR *list = opendir(directory);
	struct dirent *entry;
	int result = 0;

	if (list == NULL)
		return error_errno(error, errno, "read %s", directory);
	while (result == 0 && (entry = readdir(list)) != NULL)
		if (is_sealed(entry->d_name))
			result = each(context, entry->d_name, error);
	closedir(list);
	return result;
}

/* Killed between the two calls it leaves a name that is rubbish as much as a table's. */
int kv_bdb_file_scratch(const char *directory, struct error *error)
{
	char *path = path_of(directory, "scratch-XXXXXX", error);
	int fd;

	if (path == NULL)
		return -1;
	fd = mkostemps(path, strlen(SUFFIX), O_CLOEXEC);
	if (fd < 0)
		error_errno(error, errno, "make %s", path);
	else
		unlink(path);
	free(path);
	return fd;
}
