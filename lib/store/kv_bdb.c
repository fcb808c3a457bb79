/*
 * Berkeley DB as one process can own it: a private environment (regions in the process's own
 * memory), recovery at each open, the directory's lock taken before anything is touched. There
 * is one thread and one transaction at a time, so the locking subsystem is left out: nothing
 * can deadlock, and no load outgrows a lock table.
 *
 * Commits do not wait for the disk: the log's buffer is flushed by kv_sync. What commits but could
 * not be flushed stays in that buffer, and the next flush writes it in order. Pages are as large as
 * the kernel's, so that a kill in the middle of a write cannot leave half of one.
 */
#include "store/kv_bdb.h"

#include "store/kv_bdb_file.h"
#include "store/kv_class.h"

#include <db.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define CACHE_DEFAULT ((size_t)64 * 1024 * 1024)
#define LOG_BUFFER    (1024 * 1024)
#define LOG_FILE      (8 * 1024 * 1024)
#define PAGE_SIZE     4096

struct kv_bdb {
	struct kv kv;
	char *directory;
	int lock, folder; /* the file and the directory, both locked; -1: not open */
	DB_ENV *env;
	DB_TXN *txn;
	char reason[256]; /* what Berkeley DB said first since the last fault, or "" */
	DB *dbs[];
};

struct bdb_cursor {
	struct kv_cursor cursor;
	DBC *dbc;
};

/* Says what failed, and remembers when only recovery helps. */
static int fault(struct kv_bdb *bdb, int code, const char *what, struct error *error)
{
	char reason[sizeof(bdb->reason)];

	strcpy(reason, bdb->reason);
	bdb->reason[0] = '\0';
	if (code == DB_RUNRECOVERY)
		bdb->kv.fatal = true;
	if ((code == DB_RUNRECOVERY || code == EIO) && kv_bdb_says_full(reason))
		code = ENOSPC;
	if (strstr(reason, "past end of log") != NULL)
		return error_set(error, ERROR_TEMPORARY,
			"%s: %s: its files log.* are missing, which are a part of the database: put "
			"them back, or the whole directory from a backup",
			bdb->directory, what);
	if (code > 0 || reason[0] == '\0')
		return kv_bdb_error(bdb->directory, code, what, error);
	return error_set(error, ERROR_TEMPORARY, "%s: %s: %s: %s", bdb->directory, what,
		db_strerror(code), reason);
}

/* Of what is to be on disk behind the call. What the kernel could not write it forgets: a later
 * call would succeed without it, and say that it is there. */
static int flush_fault(struct kv_bdb *bdb, int code, const char *what, struct error *error)
{
	if (code == EIO)
		bdb->kv.fatal = true;
	return fault(bdb, code, what, error);
}

static void on_event(DB_ENV *env, u_int32_t event, void *info)
{
	struct kv_bdb *bdb = env->app_private;

	(void)info;
	if (event == DB_EVENT_PANIC)
		bdb->kv.fatal = true;
}

/* Errors reach the caller by their code; of "run recovery" the reason comes this way only. */
static void on_message(const DB_ENV *env, const char *prefix, const char *message)
{
	struct kv_bdb *bdb = env->app_private;

	(void)prefix;
	if (bdb->reason[0] == '\0')
		snprintf(bdb->reason, sizeof(bdb->reason), "%s", message);
}

static DBT to_dbt(struct kv_bytes bytes)
{
	DBT dbt = {.data = (void *)(uintptr_t)bytes.data, .size = (u_int32_t)bytes.len};

	return dbt;
}

static struct kv_bytes to_bytes(const DBT *dbt)
{
	return (struct kv_bytes){dbt->data, dbt->size};
}

static int bdb_begin(struct kv *kv, struct error *error)
{
	struct kv_bdb *bdb = (struct kv_bdb *)kv;
	int code = bdb->env->txn_begin(bdb->env, NULL, &bdb->txn, DB_TXN_NOSYNC);

	return code == 0 ? 0 : fault(bdb, code, "begin", error);
}

static int bdb_commit(struct kv *kv, struct error *error)
{
	struct kv_bdb *bdb = (struct kv_bdb *)kv;
	DB_TXN *txn = bdb->txn;
	int code;

	bdb->txn = NULL;
	code = txn->commit(txn, DB_TXN_NOSYNC);
	return code == 0 ? 0 : fault(bdb, code, "commit", error);
}

static void bdb_abort(struct kv *kv)
{
	struct kv_bdb *bdb = (struct kv_bdb *)kv;
	DB_TXN *txn = bdb->txn;
	struct error ignored; /* an abort that fails is a panic, which kv_fatal tells */
	int code;

	bdb->txn = NULL;
	code = txn->abort(txn);
	if (code != 0)
		fault(bdb, code, "abort", &ignored);
}

static int bdb_sync(struct kv *kv, struct error *error)
{
	struct kv_bdb *bdb = (struct kv_bdb *)kv;
	int code = bdb->env->log_flush(bdb->env, NULL);

	return code == 0 ? 0 : flush_fault(bdb, code, "flush the log", error);
}

static int bdb_get(struct kv *kv, unsigned tree, struct kv_bytes key, struct kv_bytes *value_r,
	struct error *error)
{
	struct kv_bdb *bdb = (struct kv_bdb *)kv;
	DBT want = to_dbt(key), have = {0};
	int code = bdb->dbs[tree]->get(bdb->dbs[tree], bdb->txn, &want, &have, 0);

	if (code == DB_NOTFOUND)
		return 0;
	if (code != 0)
		return fault(bdb, code, "read", error);
	*value_r = to_bytes(&have);
	return 1;
}

static int bdb_put(struct kv *kv, unsigned tree, const struct kv_bytes pair[2], bool overwrite,
	struct error *error)
{
	struct kv_bdb *bdb = (struct kv_bdb *)kv;
	DBT key = to_dbt(pair[0]), value = to_dbt(pair[1]);
	int code = bdb->dbs[tree]->put(
		bdb->dbs[tree], bdb->txn, &key, &value, overwrite ? 0 : DB_NOOVERWRITE);

	if (code == DB_KEYEXIST)
		return 0;
	return code == 0 ? 1 : fault(bdb, code, "write", error);
}

static int bdb_delete(struct kv *kv, unsigned tree, struct kv_bytes key, struct error *error)
{
	struct kv_bdb *bdb = (struct kv_bdb *)kv;
	DBT want = to_dbt(key);
	int code = bdb->dbs[tree]->del(bdb->dbs[tree], bdb->txn, &want, 0);

	if (code == DB_NOTFOUND)
		return 0;
	return code == 0 ? 1 : fault(bdb, code, "delete", error);
}

/* A closed cursor keeps its memory until the tree's next cursor takes it over. */
static int bdb_last(struct kv *kv, unsigned tree, struct kv_bytes *key_r, struct error *error)
{
	struct kv_bdb *bdb = (struct kv_bdb *)kv;
	DB *db = bdb->dbs[tree];
	DBT key = {0}, value = {0};
	DBC *dbc;
	int code = db->cursor(db, bdb->txn, &dbc, 0);

	if (code != 0)
		return fault(bdb, code, "read", error);
	code = dbc->get(dbc, &key, &value, DB_LAST);
	if (code == 0) {
		*key_r = to_bytes(&key);
		code = dbc->close(dbc);
		return code == 0 ? 1 : fault(bdb, code, "read", error);
	}
	dbc->close(dbc);
	return code == DB_NOTFOUND ? 0 : fault(bdb, code, "read", error);
}

static struct kv_cursor *bdb_cursor(struct kv *kv, unsigned tree, struct error *error)
{
	struct kv_bdb *bdb = (struct kv_bdb *)kv;
	struct bdb_cursor *cursor = malloc(sizeof(*cursor));
	int code;

	if (cursor == NULL) {
		error_memory(error);
		return NULL;
	}
	code = bdb->dbs[tree]->cursor(bdb->dbs[tree], bdb->txn, &cursor->dbc, 0);
	if (code == 0)
		return &cursor->cursor;
	fault(bdb, code, "scan", error);
	free(cursor);
	return NULL;
}

static int bdb_step(struct kv_cursor *base, const struct kv_bytes *from,
	struct kv_bytes pair_r[2], struct error *error)
{
	struct bdb_cursor *cursor = (struct bdb_cursor *)base;
	DBT key = {0}, value = {0};
	u_int32_t how = DB_NEXT;
	int code;

	if (from != NULL && from->len > 0) {
		key = to_dbt(*from);
		how = DB_SET_RANGE;
	}
	code = cursor->dbc->get(cursor->dbc, &key, &value, how);
	if (code == DB_NOTFOUND)
		return 0;
	if (code != 0)
		return fault((struct kv_bdb *)base->kv, code, "scan", error);
	pair_r[0] = to_bytes(&key);
	pair_r[1] = to_bytes(&value);
	return 1;
}

static void bdb_cursor_close(struct kv_cursor *base)
{
	struct bdb_cursor *cursor = (struct bdb_cursor *)base;

	cursor->dbc->close(cursor->dbc);
	free(cursor);
}

static int bdb_checkpoint(struct kv *kv, unsigned kilobytes, struct error *error)
{
	struct kv_bdb *bdb = (struct kv_bdb *)kv;
	int code =
		bdb->env->txn_checkpoint(bdb->env, kilobytes, 0, kilobytes == 0 ? DB_FORCE : 0);

	return code == 0 ? 0 : flush_fault(bdb, code, "checkpoint", error);
}

static struct kv *bdb_stage(struct kv *kv, const char *name, struct error *error)
{
	return kv_bdb_file_stage(((struct kv_bdb *)kv)->directory, name, error);
}

static struct kv *bdb_sealed(struct kv *kv, const char *name, size_t cache, struct error *error)
{
	return kv_bdb_file_sealed(((struct kv_bdb *)kv)->directory, name, cache, error);
}

static int bdb_discard(struct kv *kv, const char *name, struct error *error)
{
	return kv_bdb_file_discard(((struct kv_bdb *)kv)->directory, name, error);
}

static int bdb_names(struct kv *kv, kv_name_fn *each, void *context, struct error *error)
{
	return kv_bdb_file_names(((struct kv_bdb *)kv)->directory, each, context, error);
}

static int bdb_scratch(struct kv *kv, struct error *error)
{
	return kv_bdb_file_scratch(((struct kv_bdb *)kv)->directory, error);
}

static void bdb_close(struct kv *kv)
{
	struct kv_bdb *bdb = (struct kv_bdb *)kv;

	for (unsigned i = 0; i < kv->trees; i++)
		if (bdb->dbs[i] != NULL)
			bdb->dbs[i]->close(bdb->dbs[i], 0);
	if (bdb->env != NULL)
		bdb->env->close(bdb->env, 0);
	if (bdb->lock >= 0)
		close(bdb->lock);
	if (bdb->folder >= 0)
		close(bdb->folder);
	free(bdb->directory);
	free(bdb);
}

static const struct kv_class bdb_class = {
	.close = bdb_close,
	.begin = bdb_begin,
	.commit = bdb_commit,
	.abort = bdb_abort,
	.sync = bdb_sync,
	.get = bdb_get,
	.put = bdb_put,
	.delete = bdb_delete,
	.last = bdb_last,
	.cursor = bdb_cursor,
	.step = bdb_step,
	.cursor_close = bdb_cursor_close,
	.checkpoint = bdb_checkpoint,
	.stage = bdb_stage,
	.sealed = bdb_sealed,
	.discard = bdb_discard,
	.names = bdb_names,
	.scratch = bdb_scratch,
};

/* Makes the directory when it is missing, and sees that it is ours to write in. */
static int check_directory(const char *path, struct error *error)
{
	struct stat st;

	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return error_errno(error, errno,
			"make the directory %s (systemd-tmpfiles --create makes postinvite's)",
			path);
	if (stat(path, &st) != 0)
		return error_errno(error, errno, "%s", path);
	if (!S_ISDIR(st.st_mode))
		return error_set(error, ERROR_CONFIGURATION, "%s: not a directory", path);
	if (geteuid() == 0 && st.st_uid != 0)
		return error_set(error, ERROR_CONFIGURATION,
			"%s: belongs to user %ld; run as that user, since what root makes in it "
			"would lock its owner out",
			path, (long)st.st_uid);
	return 0;
}

/* Returns 0, or an errno value. */
static int lock_fd(int fd, enum kv_bdb_lock how)
{
	int code;

	do
		code = flock(fd, LOCK_EX | (how == KV_BDB_TRY ? LOCK_NB : 0));
	while (code != 0 && errno == EINTR);
	return code != 0 ? errno : 0;
}

/* A file that says "in use" gets removed by people who take it for left over: the directory is
 * locked as well, where its file system can do that. */
static int take_lock(struct kv_bdb *bdb, enum kv_bdb_lock how, struct error *error)
{
	char *path;
	int fault;

	if (asprintf(&path, "%s/lock", bdb->directory) < 0)
		return error_memory(error);
	bdb->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (bdb->lock < 0) {
		error_errno(error, errno, "open %s", path);
		free(path);
		return -1;
	}
	free(path);
	fault = lock_fd(bdb->lock, how);
	if (fault != 0 && fault != EWOULDBLOCK)
		return error_errno(error, fault, "lock %s", bdb->directory);
	if (fault == 0)
		bdb->folder = open(bdb->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (bdb->folder >= 0)
		fault = lock_fd(bdb->folder, how);
	if (fault == EWOULDBLOCK)
		return error_set(
			error, ERROR_CONFLICT, "%s: in use by another process", bdb->directory);
	return 0;
}

/* Pages and log records go to disk with what their memory held before, where nothing was written:
 * without this, what other parts of the process have freed, such as a token that came over TLS. */
static void *zeroed(size_t size)
{
	return calloc(1, size);
}

static int open_env(struct kv_bdb *bdb, size_t cache, struct error *error)
{
	int code = db_env_set_func_malloc(zeroed);

	if (code == 0)
		code = db_env_create(&bdb->env, 0);
	if (code != 0)
		return fault(bdb, code, "make an environment", error);
	bdb->env->app_private = bdb;
	bdb->env->set_errcall(bdb->env, on_message);
	bdb->env->set_event_notify(bdb->env, on_event);
	if ((code = bdb->env->set_cachesize(bdb->env, (u_int32_t)(cache >> 30),
		     (u_int32_t)(cache & ((1u << 30) - 1)), 1)) == 0 &&
		(code = bdb->env->set_lg_bsize(bdb->env, LOG_BUFFER)) == 0 &&
		(code = bdb->env->set_lg_max(bdb->env, LOG_FILE)) == 0 &&
		(code = bdb->env->log_set_config(bdb->env, DB_LOG_AUTO_REMOVE, 1)) == 0)
		code = bdb->env->open(bdb->env, bdb->directory,
			DB_CREATE | DB_RECOVER | DB_PRIVATE | DB_INIT_TXN | DB_INIT_LOG |
				DB_INIT_MPOOL,
			0600);
	return code == 0 ? 0 : fault(bdb, code, "open", error);
}

static int open_tree(struct kv_bdb *bdb, unsigned tree, const char *name, struct error *error)
{
	char file[64];
	DB *db;
	int code = db_create(&bdb->dbs[tree], bdb->env, 0);

	if (code != 0)
		return fault(bdb, code, "open", error);
	db = bdb->dbs[tree];
	snprintf(file, sizeof(file), "%s.db", name);
	code = db->set_pagesize(db, PAGE_SIZE);
	if (code == 0)
		code = db->open(
			db, NULL, file, NULL, DB_BTREE, DB_CREATE | DB_AUTO_COMMIT, 0600);
	return code == 0 ? 0 : fault(bdb, code, name, error);
}

static int open_all(
	struct kv_bdb *bdb, const char *const *trees, size_t cache, struct error *error)
{
	if (open_env(bdb, cache, error) != 0)
		return -1;
	for (unsigned i = 0; i < bdb->kv.trees; i++)
		if (open_tree(bdb, i, trees[i], error) != 0)
			return -1;
	return bdb_sync(&bdb->kv, error);
}

struct kv *kv_bdb_open(const char *directory, const char *const *trees, size_t cache,
	enum kv_bdb_lock lock, struct error *error)
{
	unsigned n = 0;
	struct kv_bdb *bdb;

	while (trees[n] != NULL)
		n++;
	if (check_directory(directory, error) != 0)
		return NULL;
	bdb = calloc(1, sizeof(*bdb) + n * sizeof(bdb->dbs[0]));
	if (bdb != NULL)
		bdb->directory = strdup(directory);
	if (bdb == NULL || bdb->directory == NULL) {
		free(bdb);
		error_memory(error);
		return NULL;
	}
	bdb->kv.class = &bdb_class;
	bdb->kv.trees = n;
	bdb->lock = bdb->folder = -1;
	if (take_lock(bdb, lock, error) != 0 ||
		open_all(bdb, trees, cache > 0 ? cache : CACHE_DEFAULT, error) != 0) {
		bdb_close(&bdb->kv);
		return NULL;
	}
	return &bdb->kv;
}
