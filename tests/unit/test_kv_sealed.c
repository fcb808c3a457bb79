/*
 * Sealed trees of both variants of kv.h, then what only files can show.
 */
#include "support.h"

#include "store/kv_bdb.h"
#include "store/kv_memory.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const trees[] = {"tree", NULL};

struct fixture {
	char *folder; /* of bdb */
	struct kv *kv;
	struct error error;
};

static int set_up_memory(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->kv = kv_memory_open(trees, &fixture->error);
	*state = fixture;
	return fixture->kv != NULL ? 0 : -1;
}

static int set_up_bdb(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->folder = support_folder();
	fixture->kv = kv_bdb_open(fixture->folder, trees, 0, KV_BDB_TRY, &fixture->error);
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

static int note(void *context, const char *name, struct error *error)
{
	char *names = context;

	(void)error;
	strcat(strcat(names, name), ";");
	return 0;
}

static void check_names(struct fixture *fixture, const char *label, const char *want)
{
	char names[256] = "";

	assert_number(label, kv_names(fixture->kv, note, names, &fixture->error), 0);
	assert_text(label, names, want);
}

static struct kv *stage(struct fixture *fixture, const char *name)
{
	struct kv *staged = kv_stage(fixture->kv, name, &fixture->error);

	assert_non_null(staged);
	return staged;
}

static int seal(struct fixture *fixture, struct kv *staged)
{
	int result;

	while ((result = kv_seal(staged, &fixture->error)) == 0)
		poll(NULL, 0, 1);
	return result;
}

static const char *get(struct fixture *fixture, struct kv *kv, const char *key, char buffer[64])
{
	struct kv_bytes value;
	int found = kv_get(kv, 0, text(key), &value, &fixture->error);

	if (found != 1)
		return found == 0 ? NULL : "ERROR";
	snprintf(buffer, 64, "%.*s", (int)value.len, (const char *)value.data);
	return buffer;
}

/* A sealed tree with n pairs. */
static void make(struct fixture *fixture, const char *name, int n)
{
	struct kv *staged = stage(fixture, name);
	char key[16];

	for (int i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "key%05d", i * 7919 % n);
		assert_number(
			key, kv_add(staged, 0, text(key), text(key + 3), &fixture->error), 1);
	}
	assert_number("seal", seal(fixture, staged), 1);
	kv_close(&staged);
}

static void test_life(void **state)
{
	struct fixture *fixture = *state;
	struct error *error = &fixture->error;
	struct kv *staged = stage(fixture, "a.1"), *sealed;
	struct kv_cursor *cursor;
	struct kv_bytes key;
	char buffer[64];

	assert_number("add", kv_add(staged, 0, text("b"), text("1"), error), 1);
	assert_number("again", kv_add(staged, 0, text("b"), text("2"), error), 0);
	assert_number("add", kv_add(staged, 0, text("a"), text("3"), error), 1);
	assert_number("put", kv_put(staged, 0, text("c"), text("4"), error), 0);
	assert_number("put over it", kv_put(staged, 0, text("c"), text("5"), error), 0);
	assert_text("read while it is filled", get(fixture, staged, "b", buffer), "1");
	assert_number("seal", seal(fixture, staged), 1);
	kv_close(&staged);
	check_names(fixture, "there", "a.1;");
	sealed = kv_sealed(fixture->kv, "a.1", 100000, error);
	assert_non_null(sealed);
	assert_text("the first one stays", get(fixture, sealed, "b", buffer), "1");
	assert_text("the last one counts", get(fixture, sealed, "c", buffer), "5");
	assert_text("none", get(fixture, sealed, "d", buffer), NULL);
	cursor = kv_scan(sealed, 0, text("b"), 0, error);
	assert_number("scan", kv_next(cursor, &key, NULL, error), 1);
	assert_number("scan", kv_next(cursor, &key, NULL, error), 1);
	assert_memory_equal(key.data, "c", 1);
	assert_number("end", kv_next(cursor, &key, NULL, error), 0);
	kv_cursor_close(&cursor);
	kv_close(&sealed);
	assert_number("discard", kv_discard(fixture->kv, "a.1", error), 0);
	assert_number("again", kv_discard(fixture->kv, "a.1", error), 0);
	check_names(fixture, "gone", "");
	assert_null(kv_sealed(fixture->kv, "a.1", 100000, error));
	assert_number("gone", error->kind, ERROR_NOT_FOUND);
}

static void test_refusals(void **state)
{
	static const char *const names[] = {"", "a/b", "../a", "a b",
		"0123456789012345678901234567890123456789012345678901234567890123"};
	struct fixture *fixture = *state;
	struct error *error = &fixture->error;
	struct kv *sealed;
	struct kv_bytes key;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_null(kv_stage(fixture->kv, names[i], error));
		assert_number(names[i], error->kind, ERROR_PERMANENT);
		assert_number(names[i], kv_discard(fixture->kv, names[i], error), -1);
	}
	assert_number("no staged one", kv_seal(fixture->kv, error), -1);
	make(fixture, "a", 10);
	sealed = kv_sealed(fixture->kv, "a", 100000, error);
	assert_number("put", kv_put(sealed, 0, text("x"), text("y"), error), -1);
	assert_number("begin", kv_begin(sealed, error), -1);
	assert_number("commit", kv_commit(sealed, error), -1);
	assert_number("sync", kv_sync(sealed, error), -1);
	assert_number("delete", kv_delete(sealed, 0, text("key00001"), error), -1);
	assert_number("last", kv_last(sealed, 0, &key, error), -1);
	assert_number("checkpoint", kv_checkpoint(sealed, 0, error), -1);
	assert_number("within itself", kv_discard(sealed, "a", error), -1);
	assert_number("seal", kv_seal(sealed, error), -1);
	assert_null(kv_stage(sealed, "b", error));
	kv_close(&sealed);
}

/* Two of a name: the later one counts. Its transactions have nothing to do with the kv's. */
static void test_again(void **state)
{
	struct fixture *fixture = *state;
	struct error *error = &fixture->error;
	struct kv *staged, *sealed;
	char buffer[64];

	make(fixture, "a", 1000);
	assert_number("begin", kv_begin(fixture->kv, error), 0);
	staged = stage(fixture, "a");
	assert_number("add", kv_add(staged, 0, text("x"), text("1"), error), 1);
	kv_abort(fixture->kv);
	assert_number("seal", seal(fixture, staged), 1);
	kv_close(&staged);
	sealed = kv_sealed(fixture->kv, "a", 100000, error);
	assert_text("new", get(fixture, sealed, "x", buffer), "1");
	assert_text("old", get(fixture, sealed, "key00001", buffer), NULL);
	kv_close(&sealed);
}

/* Given up before it is sealed, and while it is being written. */
static void test_given_up(void **state)
{
	struct fixture *fixture = *state;
	struct error *error = &fixture->error;
	struct kv *staged = stage(fixture, "a");

	assert_number("add", kv_add(staged, 0, text("x"), text("1"), error), 1);
	kv_close(&staged);
	for (int i = 0; i < 20; i++) {
		staged = stage(fixture, "b");
		for (int j = 0; j < 100; j++) {
			char key[16];

			snprintf(key, sizeof(key), "%d", j);
			assert_number(key, kv_add(staged, 0, text(key), text("1"), error), 1);
		}
		kv_seal(staged, error);
		kv_close(&staged);
		assert_number("discard", kv_discard(fixture->kv, "b", error), 0);
	}
	assert_number("discard", kv_discard(fixture->kv, "a", error), 0);
	poll(NULL, 0, 50);
	check_names(fixture, "nothing is left", "");
}

static void test_scratch(void **state)
{
	struct fixture *fixture = *state;
	int fd = kv_scratch(fixture->kv, &fixture->error);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	check_names(fixture, "no name", "");
	close(fd);
}

/* Who reads a file goes on when it is removed, and it is still there after a reopening. */
static void test_files(void **state)
{
	struct fixture *fixture = *state;
	struct error *error = &fixture->error;
	struct kv *sealed;
	char buffer[64];

	make(fixture, "a", 20000);
	kv_close(&fixture->kv);
	fixture->kv = kv_bdb_open(fixture->folder, trees, 0, KV_BDB_TRY, error);
	sealed = kv_sealed(fixture->kv, "a", 100000, error);
	assert_text("there", get(fixture, sealed, "key00001", buffer), "00001");
	assert_number("discard", kv_discard(fixture->kv, "a", error), 0);
	for (int i = 0; i < 20000; i += 501) {
		char key[16];

		snprintf(key, sizeof(key), "key%05d", i);
		assert_text(key, get(fixture, sealed, key, buffer), key + 3);
	}
	kv_close(&sealed);
	assert_null(kv_sealed(fixture->kv, "a", 100000, error));
}

/* Whatever a killed process leaves has a name that can be discarded. */
static int discard(void *context, const char *name, struct error *error)
{
	return kv_discard(context, name, error);
}

static void test_rubbish(void **state)
{
	static const char *const left[] = {
		"__db.customers.7.sealed", "customers.7.sealed", "scratch-a1B2c3.sealed"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(left); i++)
		free(support_write(fixture->folder, left[i], "rubbish", 0600));
	assert_null(kv_sealed(fixture->kv, "customers.7", 100000, &fixture->error));
	assert_number(
		"discard all", kv_names(fixture->kv, discard, fixture->kv, &fixture->error), 0);
	check_names(fixture, "gone", "");
}

/* A limit on the size of files stands for a full disk. */
static int fill_disk(struct fixture *fixture, int rows)
{
	struct rlimit limit = {.rlim_cur = 300 * 1024, .rlim_max = RLIM_INFINITY};
	struct error *error = &fixture->error;
	struct kv *staged = stage(fixture, "a");
	static char value[1000];
	int result = 0;
	char key[16];

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	for (int i = 0; i < rows && result >= 0; i++) {
		snprintf(key, sizeof(key), "%d", i);
		result = kv_add(
			staged, 0, text(key), (struct kv_bytes){value, sizeof(value)}, error);
	}
	if (result >= 0)
		result = seal(fixture, staged);
	if (result != -1 || error->kind != ERROR_TEMPORARY ||
		strstr(error->text, "disk is full") == NULL)
		return 1;
	kv_close(&staged);
	return kv_discard(fixture->kv, "a", error) == 0 && !kv_fatal(fixture->kv) ? 0 : 2;
}

static void test_full_disk(void **state)
{
	static const int rows[] = {20000, 1000}; /* while it is filled, when it is sealed */
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int status;
		pid_t child = fork();

		if (child == 0)
			_exit(fill_disk(fixture, rows[i]));
		waitpid(child, &status, 0);
		assert_number("child", WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
	}
}

/* A file that lost its end says so, and what to do, in words. */
static void test_cut_off(void **state)
{
	struct fixture *fixture = *state;
	struct kv_bytes value;
	char path[4096], key[16];
	int faults = 0;
	struct kv *sealed;

	make(fixture, "a", 20000);
	snprintf(path, sizeof(path), "%s/a.sealed", fixture->folder);
	assert_number("cut", truncate(path, 50 * 4096), 0);
	alarm(60);
	sealed = kv_sealed(fixture->kv, "a", 100000, &fixture->error);
	assert_non_null(sealed);
	for (int i = 0; i < 20000; i += 7) {
		snprintf(key, sizeof(key), "key%05d", i);
		if (kv_get(sealed, 0, text(key), &value, &fixture->error) >= 0)
			continue;
		assert_number(key, fixture->error.kind, ERROR_TEMPORARY);
		assert_text("text",
			strstr(fixture->error.text, "the file is damaged")
				? "damaged"
				: fixture->error.text,
			"damaged");
		faults++;
	}
	assert_true(faults > 0);
	assert_false(kv_fatal(fixture->kv));
	kv_close(&sealed);
	alarm(0);
}

#define BOTH(test)                                                                             \
	cmocka_unit_test_setup_teardown(test, set_up_memory, tear_down),                       \
		cmocka_unit_test_setup_teardown(test, set_up_bdb, tear_down)
#define BDB(test) cmocka_unit_test_setup_teardown(test, set_up_bdb, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_life),
		BOTH(test_refusals),
		BOTH(test_again),
		BOTH(test_given_up),
		BOTH(test_scratch),
		BDB(test_files),
		BDB(test_rubbish),
		BDB(test_full_disk),
		BDB(test_cut_off),
	};

	return cmocka_run_group_tests_name("sealed trees", tests, NULL, NULL);
}
