/*
 * One suite for both variants of kv.h, then what only Berkeley DB can show: that it is still
 * there after a reopening, that the directory has one owner, what a full disk does.
 */
#include "support.h"

#include "store/kv_bdb.h"
#include "store/kv_memory.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const trees[] = {"fruit", "other", NULL};

struct fixture {
	const char *variant;
	char *folder; /* of bdb */
	struct kv *kv;
	struct error error;
};

static struct kv *open_bdb(const char *folder, enum kv_bdb_lock lock, struct error *error)
{
	return kv_bdb_open(folder, trees, 0, lock, error);
}

static int set_up_memory(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->variant = "memory";
	fixture->kv = kv_memory_open(trees, &fixture->error);
	*state = fixture;
	return fixture->kv != NULL ? 0 : -1;
}

static int set_up_bdb(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->variant = "bdb";
	fixture->folder = support_folder();
	fixture->kv = open_bdb(fixture->folder, KV_BDB_TRY, &fixture->error);
	*state = fixture;
	return fixture->kv != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	kv_close(&fixture->kv);
	support_remove(&fixture->folder);
	free(fixture);
	return 0;
}

static struct kv_bytes text(const char *bytes)
{
	return (struct kv_bytes){bytes, strlen(bytes)};
}

static void put(struct fixture *fixture, const char *key, const char *value)
{
	assert_number(key, kv_put(fixture->kv, 0, text(key), text(value), &fixture->error), 0);
}

static void begin(struct fixture *fixture)
{
	assert_number("begin", kv_begin(fixture->kv, &fixture->error), 0);
}

static void commit(struct fixture *fixture)
{
	assert_number("commit", kv_commit(fixture->kv, &fixture->error), 0);
}

/* The value as text, or NULL; in a buffer of the caller's. */
static const char *get(struct fixture *fixture, unsigned tree, const char *key, char buffer[64])
{
	struct kv_bytes value;
	int found = kv_get(fixture->kv, tree, text(key), &value, &fixture->error);

	if (found != 1)
		return found == 0 ? NULL : "ERROR";
	snprintf(buffer, 64, "%.*s", (int)value.len, (const char *)value.data);
	return buffer;
}

static void test_reads_see_writes(void **state)
{
	struct fixture *fixture = *state;
	char buffer[64];

	begin(fixture);
	put(fixture, "apple", "red");
	assert_text("within the transaction", get(fixture, 0, "apple", buffer), "red");
	assert_text("another tree", get(fixture, 1, "apple", buffer), NULL);
	put(fixture, "apple", "green");
	commit(fixture);
	assert_text("after it", get(fixture, 0, "apple", buffer), "green");
	assert_number("sync", kv_sync(fixture->kv, &fixture->error), 0);
	assert_number("checkpoint", kv_checkpoint(fixture->kv, 0, &fixture->error), 0);
	assert_text("after a checkpoint", get(fixture, 0, "apple", buffer), "green");
}

static void test_abort_takes_all_back(void **state)
{
	struct fixture *fixture = *state;
	char buffer[64];

	begin(fixture);
	put(fixture, "apple", "red");
	put(fixture, "pear", "green");
	commit(fixture);
	begin(fixture);
	put(fixture, "apple", "blue");
	put(fixture, "apple", "black");
	assert_number("delete", kv_delete(fixture->kv, 0, text("pear"), &fixture->error), 1);
	put(fixture, "pear", "white");
	put(fixture, "plum", "blue");
	assert_number("delete", kv_delete(fixture->kv, 0, text("plum"), &fixture->error), 1);
	kv_abort(fixture->kv);
	assert_text("overwritten", get(fixture, 0, "apple", buffer), "red");
	assert_text("deleted", get(fixture, 0, "pear", buffer), "green");
	assert_text("new", get(fixture, 0, "plum", buffer), NULL);
	kv_abort(fixture->kv);
}

static void test_add_and_delete(void **state)
{
	struct fixture *fixture = *state;
	char buffer[64];

	begin(fixture);
	assert_number("add", kv_add(fixture->kv, 0, text("a"), text("1"), &fixture->error), 1);
	assert_number(
		"again", kv_add(fixture->kv, 0, text("a"), text("2"), &fixture->error), 0);
	assert_text("the first stays", get(fixture, 0, "a", buffer), "1");
	assert_number("delete", kv_delete(fixture->kv, 0, text("a"), &fixture->error), 1);
	assert_number(
		"delete nothing", kv_delete(fixture->kv, 0, text("a"), &fixture->error), 0);
	assert_number("add", kv_add(fixture->kv, 0, text("a"), text("3"), &fixture->error), 1);
	commit(fixture);
	assert_text("after it", get(fixture, 0, "a", buffer), "3");
}

static void test_refusals(void **state)
{
	static char large[KV_VALUE_MAX + 1];
	struct fixture *fixture = *state;
	struct kv_bytes value;
	struct error *error = &fixture->error;
	struct kv *kv = fixture->kv;

	assert_number("write outside", kv_put(kv, 0, text("a"), text("1"), error), -1);
	assert_number("kind", error->kind, ERROR_PERMANENT);
	assert_number("delete outside", kv_delete(kv, 0, text("a"), error), -1);
	assert_number("commit outside", kv_commit(kv, error), -1);
	begin(fixture);
	assert_number("begin within", kv_begin(kv, error), -1);
	assert_number("no key", kv_put(kv, 0, text(""), text("1"), error), -1);
	assert_number("long key",
		kv_put(kv, 0, (struct kv_bytes){large, KV_KEY_MAX + 1}, text(""), error), -1);
	assert_number("long value",
		kv_put(kv, 0, text("a"), (struct kv_bytes){large, sizeof(large)}, error), -1);
	assert_number("no tree", kv_put(kv, 2, text("a"), text("1"), error), -1);
	assert_number("longest",
		kv_put(kv, 0, (struct kv_bytes){large, KV_KEY_MAX},
			(struct kv_bytes){large, KV_VALUE_MAX}, error),
		0);
	commit(fixture);
	assert_number(
		"read", kv_get(kv, 0, (struct kv_bytes){large, KV_KEY_MAX}, &value, error), 1);
	assert_number("whole", (long long)value.len, KV_VALUE_MAX);
	assert_number("not fatal", kv_fatal(kv), 0);
}

/* The keys of a scan, "a,b,c". */
static const char *scan(
	struct fixture *fixture, const char *from, size_t prefix, char buffer[256])
{
	struct kv_cursor *cursor = kv_scan(fixture->kv, 0, text(from), prefix, &fixture->error);
	struct kv_bytes key, value;
	size_t used = 0;

	assert_non_null(cursor);
	buffer[0] = '\0';
	while (kv_next(cursor, &key, &value, &fixture->error) == 1)
		used += (size_t)snprintf(buffer + used, 256 - used, "%s%.*s",
			used > 0 ? "," : "", (int)key.len, (const char *)key.data);
	assert_number("at its end", kv_next(cursor, &key, &value, &fixture->error), 0);
	kv_cursor_close(&cursor);
	assert_null(cursor);
	return buffer;
}

static void test_scans(void **state)
{
	static const struct {
		const char *label, *from;
		size_t prefix;
		const char *want;
	} cases[] = {
		{"all", "", 0, "a,aa,ab,b,ba,c\xff"},
		{"from a key", "ab", 0, "ab,b,ba,c\xff"},
		{"from between", "aaa", 0, "ab,b,ba,c\xff"},
		{"behind all", "d", 0, ""},
		{"prefix", "a", 1, "a,aa,ab"},
		{"prefix, from within", "ab", 1, "ab"},
		{"longer prefix", "ab", 2, "ab"},
		{"prefix of the last", "c", 1, "c\xff"},
		{"prefix that none has", "x", 1, ""},
	};
	struct fixture *fixture = *state;
	char buffer[256];
	struct kv_bytes key;

	assert_number("last of none", kv_last(fixture->kv, 0, &key, &fixture->error), 0);
	begin(fixture);
	put(fixture, "b", "");
	put(fixture, "ab", "");
	put(fixture, "c\xff", "");
	put(fixture, "aa", "");
	put(fixture, "ba", "");
	put(fixture, "a", "");
	assert_text("within the transaction", scan(fixture, "", 0, buffer), cases[0].want);
	commit(fixture);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_text(cases[i].label,
			scan(fixture, cases[i].from, cases[i].prefix, buffer), cases[i].want);
	assert_number("last", kv_last(fixture->kv, 0, &key, &fixture->error), 1);
	assert_memory_equal(key.data, "c\xff", 2);
	kv_cursor_close(NULL);
}

static void test_writes_under_a_cursor(void **state)
{
	struct fixture *fixture = *state;
	struct kv_cursor *cursor;
	char name[16], buffer[64];
	struct kv_bytes key;
	int n = 0;

	begin(fixture);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "key%04d", i);
		put(fixture, name, "x");
	}
	commit(fixture);
	begin(fixture);
	cursor = kv_scan(fixture->kv, 0, text("key"), 3, &fixture->error);
	while (kv_next(cursor, &key, NULL, &fixture->error) == 1) {
		snprintf(name, sizeof(name), "%.*s", (int)key.len, (const char *)key.data);
		assert_number(name, kv_delete(fixture->kv, 0, text(name), &fixture->error), 1);
		put(fixture, "other", name);
		n++;
	}
	kv_cursor_close(&cursor);
	commit(fixture);
	assert_number("each once", n, 1000);
	assert_text("the last one", get(fixture, 0, "other", buffer), "key0999");
	assert_text("none is left", scan(fixture, "key", 3, (char[256]){0}), "");
}

/* Random writes and aborts, beside a plain table of what must be there. */
static void test_against_a_model(void **state)
{
	struct fixture *fixture = *state;
	int model[50] = {0}, fresh[50];
	char key[8], value[16], buffer[64];
	unsigned seed = 7;

	for (int round = 0; round < 200; round++) {
		memcpy(fresh, model, sizeof(model));
		begin(fixture);
		for (int i = 0; i < 10; i++) {
			int k = rand_r(&seed) % 50, v = rand_r(&seed) % 1000;

			snprintf(key, sizeof(key), "%d", k);
			snprintf(value, sizeof(value), "%d", v);
			if (v < 300)
				assert_number(key,
					kv_delete(fixture->kv, 0, text(key), &fixture->error),
					fresh[k] != 0);
			else
				put(fixture, key, value);
			fresh[k] = v < 300 ? 0 : v;
		}
		if (rand_r(&seed) % 3 == 0) {
			kv_abort(fixture->kv);
			continue;
		}
		commit(fixture);
		memcpy(model, fresh, sizeof(model));
	}
	for (int k = 0; k < 50; k++) {
		snprintf(key, sizeof(key), "%d", k);
		snprintf(value, sizeof(value), "%d", model[k]);
		assert_text(key, get(fixture, 0, key, buffer), model[k] != 0 ? value : NULL);
	}
}

static void reopen(struct fixture *fixture)
{
	kv_close(&fixture->kv);
	fixture->kv = open_bdb(fixture->folder, KV_BDB_TRY, &fixture->error);
	assert_non_null(fixture->kv);
}

static void test_reopen(void **state)
{
	struct fixture *fixture = *state;
	char buffer[64];

	begin(fixture);
	put(fixture, "kept", "1");
	commit(fixture);
	assert_number("sync", kv_sync(fixture->kv, &fixture->error), 0);
	begin(fixture);
	put(fixture, "open", "2");
	reopen(fixture);
	assert_text("synced", get(fixture, 0, "kept", buffer), "1");
	assert_text("in an open transaction", get(fixture, 0, "open", buffer), NULL);
}

/* What is synced survives a kill without any closing; what comes after a kill goes on. */
static void test_killed(void **state)
{
	struct fixture *fixture = *state;
	char key[16], buffer[64];
	int status;
	pid_t child;

	kv_close(&fixture->kv);
	for (int round = 0; round < 3; round++) {
		child = fork();
		if (child == 0) {
			fixture->kv = open_bdb(fixture->folder, KV_BDB_WAIT, &fixture->error);
			for (int i = 0; fixture->kv != NULL && i < 200; i++) {
				snprintf(key, sizeof(key), "%d-%d", round, i);
				if (kv_begin(fixture->kv, &fixture->error) != 0 ||
					kv_put(fixture->kv, 0, text(key), text("x"),
						&fixture->error) != 0 ||
					kv_commit(fixture->kv, &fixture->error) != 0 ||
					kv_sync(fixture->kv, &fixture->error) != 0)
					_exit(1);
			}
			raise(SIGKILL);
		}
		waitpid(child, &status, 0);
		assert_true(WIFSIGNALED(status));
	}
	fixture->kv = open_bdb(fixture->folder, KV_BDB_TRY, &fixture->error);
	assert_non_null(fixture->kv);
	for (int i = 0; i < 600; i++) {
		snprintf(key, sizeof(key), "%d-%d", i / 200, i % 200);
		assert_text(key, get(fixture, 0, key, buffer), "x");
	}
}

/* A lock is inherited by fork, so the child is the owner here. */
static void test_one_owner(void **state)
{
	struct fixture *fixture = *state;
	int ready[2], status;
	char byte;
	pid_t child;

	kv_close(&fixture->kv);
	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		fixture->kv = open_bdb(fixture->folder, KV_BDB_TRY, &fixture->error);
		if (fixture->kv == NULL || write(ready[1], "r", 1) != 1)
			_exit(1);
		usleep(200 * 1000);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_null(open_bdb(fixture->folder, KV_BDB_TRY, &fixture->error));
	assert_number("in use", fixture->error.kind, ERROR_CONFLICT);
	fixture->kv = open_bdb(fixture->folder, KV_BDB_WAIT, &fixture->error);
	assert_non_null(fixture->kv);
	assert_number("the owner is gone", waitpid(child, &status, 0), child);
	close(ready[0]);
	close(ready[1]);
}

/* Whoever is told that it is in use may take the file for left over. */
static void test_one_owner_without_the_file(void **state)
{
	struct fixture *fixture = *state;
	struct kv *second;
	char path[200];

	snprintf(path, sizeof(path), "%s/lock", fixture->folder);
	assert_int_equal(unlink(path), 0);
	second = open_bdb(fixture->folder, KV_BDB_TRY, &fixture->error);
	assert_null(second);
	assert_number("in use", fixture->error.kind, ERROR_CONFLICT);
	kv_close(&fixture->kv);
	fixture->kv = open_bdb(fixture->folder, KV_BDB_TRY, &fixture->error);
	assert_non_null(fixture->kv);
}

/* A limit on the size of files stands for a full disk. In a child, since a limit is for the
 * process. */
static int fill_disk(struct fixture *fixture)
{
	struct rlimit limit, small;
	static char large[4000];
	struct error *error = &fixture->error;
	struct kv *kv = open_bdb(fixture->folder, KV_BDB_WAIT, error);
	char key[16];
	int i, synced = 0;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	small = limit;
	small.rlim_cur = 300 * 1024;
	setrlimit(RLIMIT_FSIZE, &small);
	memset(large, 'x', sizeof(large));
	for (i = 0; i < 2000 && synced == 0; i++) {
		snprintf(key, sizeof(key), "%06d", i);
		if (kv_begin(kv, error) != 0 ||
			kv_put(kv, 0, text(key), (struct kv_bytes){large, sizeof(large)},
				error) != 0 ||
			kv_commit(kv, error) != 0)
			break;
		synced = kv_sync(kv, error);
	}
	if (error->kind != ERROR_TEMPORARY || strstr(error->text, "disk is full") == NULL ||
		kv_fatal(kv))
		return 1;
	kv_abort(kv);
	if (kv_sync(kv, error) != -1 || kv_fatal(kv))
		return 2;
	setrlimit(RLIMIT_FSIZE, &limit);
	if (kv_sync(kv, error) != 0)
		return 3;
	if (kv_begin(kv, error) != 0 || kv_put(kv, 0, text("after"), text("1"), error) != 0 ||
		kv_commit(kv, error) != 0 || kv_sync(kv, error) != 0 ||
		kv_checkpoint(kv, 0, error) != 0)
		return 4;
	kv_close(&kv);
	return i > 10 ? 0 : 5;
}

static void test_full_disk(void **state)
{
	struct fixture *fixture = *state;
	char buffer[64];
	struct kv_bytes value;
	int status;
	pid_t child;

	kv_close(&fixture->kv);
	child = fork();
	if (child == 0)
		_exit(fill_disk(fixture));
	waitpid(child, &status, 0);
	assert_number("child", WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
	fixture->kv = open_bdb(fixture->folder, KV_BDB_TRY, &fixture->error);
	assert_non_null(fixture->kv);
	assert_text("works again", get(fixture, 0, "after", buffer), "1");
	assert_number("what was synced is there",
		kv_get(fixture->kv, 0, text("000000"), &value, &fixture->error), 1);
}

static bool disk_broken;

/* In place of the C library's, as the kernel does it: an error is told once, what could not be
 * written is forgotten, and the next call succeeds. */
int fdatasync(int fd)
{
	if (!disk_broken)
		return fsync(fd);
	disk_broken = false;
	errno = EIO;
	return -1;
}

static void test_broken_disk(void **state)
{
	struct fixture *fixture = *state;
	struct error *error = &fixture->error;

	assert_int_equal(kv_begin(fixture->kv, error), 0);
	assert_int_equal(kv_put(fixture->kv, 0, text("apple"), text("red"), error), 0);
	assert_int_equal(kv_commit(fixture->kv, error), 0);
	disk_broken = true;
	assert_number("sync on a broken disk", kv_sync(fixture->kv, error), -1);
	assert_number("needs recovery", kv_fatal(fixture->kv), 1);
	assert_number("a later sync", kv_sync(fixture->kv, error), -1);
	kv_close(&fixture->kv);
	fixture->kv = open_bdb(fixture->folder, KV_BDB_TRY, error);
	assert_non_null(fixture->kv);
}

static void test_directories(void **state)
{
	struct fixture *fixture = *state;
	struct error error;
	char *path = support_write(fixture->folder, "file", "", 0600);

	assert_null(open_bdb(path, KV_BDB_TRY, &error));
	assert_number("a file", error.kind, ERROR_CONFIGURATION);
	assert_null(open_bdb("/nonexistent/postinvite/state", KV_BDB_TRY, &error));
	assert_number("no parent", error.kind, ERROR_CONFIGURATION);
	free(path);
	if (geteuid() != 0)
		return;
	kv_close(&fixture->kv);
	assert_int_equal(chown(fixture->folder, 65534, 65534), 0);
	assert_null(open_bdb(fixture->folder, KV_BDB_TRY, &error));
	assert_number("root in somebody else's", error.kind, ERROR_CONFIGURATION);
}

#define BOTH(test)                                                                             \
	cmocka_unit_test_setup_teardown(test, set_up_memory, tear_down),                       \
		cmocka_unit_test_setup_teardown(test, set_up_bdb, tear_down)
#define BDB(test) cmocka_unit_test_setup_teardown(test, set_up_bdb, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_reads_see_writes),
		BOTH(test_abort_takes_all_back),
		BOTH(test_add_and_delete),
		BOTH(test_refusals),
		BOTH(test_scans),
		BOTH(test_writes_under_a_cursor),
		BOTH(test_against_a_model),
		BDB(test_reopen),
		BDB(test_killed),
		BDB(test_one_owner),
		BDB(test_one_owner_without_the_file),
		BDB(test_full_disk),
		BDB(test_broken_disk),
		BDB(test_directories),
	};

	return cmocka_run_group_tests_name("kv", tests, NULL, NULL);
}
