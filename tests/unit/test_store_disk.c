/*
 * The engine on a disk: reopening, a load that was interrupted, a full disk.
 */
#include "support_store.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DAY (24 * 3600)

static int count(void *context, const struct engine_event *event)
{
	(void)event;
	++*(int *)context;
	return 0;
}

static void test_reopen(void **state)
{
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1];
	uint64_t after = 0;
	int events = 0;

	store_load_table(site, STORE_THREE);
	store_open(site, "contoso", "voice@contoso.example", id);
	store_site_reopen(site);
	assert_number("sequence", (long long)engine_sequence(site->engine), 1);
	store_check_list(
		site, "", 9, "Zeta+/not_invited,contoso+/pending,fab+/not_invited", NULL);
	store_check_find(site, id, "contoso+/pending");
	assert_number("events",
		engine_events(site->engine, &after, 9, count, &events, &site->error), 1);
	/* The last numbers are not given again when their events are no longer there. */
	json_object_put(store_owner(
		site, "{\"op\":\"remove\",\"change\":\"new\",\"key\":\"contoso\"}"));
	store_keep_house(site, time(NULL) + 401 * DAY);
	store_site_reopen(site);
	assert_number("sequence", (long long)engine_sequence(site->engine), 2);
	store_open(site, "d", "d@d.example", id);
	assert_number("goes on", (long long)engine_sequence(site->engine), 3);
	events = 0;
	after = 0;
	assert_number("events",
		engine_events(site->engine, &after, 9, count, &events, &site->error), 1);
}

/* How far a child goes with a load before it is killed; what is in force then. */
static const struct stage {
	const char *label;
	int rows, seals; /* seals -1: until it is sealed */
	bool end, sync;
	const char *left; /* NULL: either */
} stages[] = {
	{"begun", 0, 0, false, false, "old"},
	{"some rows", 30, 0, false, false, "old"},
	{"all rows", 3000, 0, false, false, "old"},
	{"sealed in part", 3000, 3, false, false, "old"},
	{"sealed in most", 3000, 130, false, false, "old"},
	{"sealed", 3000, -1, false, false, "old"},
	{"in force, not yet promised", 3000, -1, true, false, NULL},
	{"in force", 3000, -1, true, true, "new"},
};

/* One request without the sync of store_ask. */
static void ask_only(struct store_site *site, const char *op, int load)
{
	const struct engine_caller caller = {STORE_ROLE_OWNER, site};
	struct json_object *request = NULL;
	struct engine_reply reply;
	char text[200], change[CHANGE_ID_LEN + 1];

	change_id_new(change);
	snprintf(text, sizeof(text), "{\"op\":\"%s\",\"load\":%d}", op, load);
	engine_reply_init(&reply);
	if (json_parse(text, strlen(text), &request, &site->error) == 0 &&
		json_set_string(request, "change", change) == 0)
		engine_request(site->engine, &caller, request, &reply, &site->error);
	engine_reply_free(&reply);
	json_object_put(request);
}

static void load_until(struct store_site *site, const struct stage *stage)
{
	int load = store_begin_load(site);

	for (int i = 0; i < stage->rows; i++) {
		char row[100];

		snprintf(row, sizeof(row), "x%d\\tx%d@x.example\\t\\t\\t\\n", i, i);
		json_object_put(store_rows(site, load, "warn", row));
	}
	for (int i = 0; i < stage->seals; i++)
		ask_only(site, "table_seal", load);
	if (stage->seals < 0)
		store_seal_load(site, load);
	if (stage->end)
		ask_only(site, "table_end", load);
	if (stage->sync)
		engine_sync(site->engine, &site->error);
	raise(SIGKILL);
}

/* Files of customers tables in the state, and what is left of making them. */
static int count_files(struct store_site *site)
{
	char path[300];
	DIR *list;
	struct dirent *entry;
	int n = 0;

	snprintf(path, sizeof(path), "%s/state", site->folder);
	list = opendir(path);
	while ((entry = readdir(list)) != NULL)
		n += strstr(entry->d_name, ".sealed") != NULL;
	closedir(list);
	return n;
}

static void test_killed_loads(void **state)
{
	struct store_site *site = *state;

	for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
		const struct stage *stage = &stages[i];
		struct json_object *reply;
		bool fresh;
		int status;
		pid_t child;

		store_load_table(site, STORE_THREE);
		engine_free(&site->engine);
		child = fork();
		if (child == 0) {
			store_site_reopen(site);
			load_until(site, stage);
		}
		waitpid(child, &status, 0);
		assert_true(WIFSIGNALED(status));
		store_site_reopen(site);
		reply = store_owner(site, "{\"op\":\"list\",\"limit\":1000}");
		fresh = store_length(reply, "customers") == 1000;
		if (!fresh)
			assert_number(
				stage->label, (long long)store_length(reply, "customers"), 3);
		if (stage->left != NULL)
			assert_text(stage->label, fresh ? "new" : "old", stage->left);
		json_object_put(reply);
		store_check_find(site, "voice@fab.example", fresh ? "-" : "fab+/not_invited");
		store_check_find(site, "x2999@x.example", fresh ? "x2999+/not_invited" : "-");
		store_keep_house(site, time(NULL));
		assert_number(stage->label, count_files(site), 1);
		store_check_find(site, "x2999", fresh ? "x2999+/not_invited" : "-");
	}
}

/* What was added to a fresh table, and removed, was promised. */
static void test_changes_survive_a_kill(void **state)
{
	struct store_site *site = *state;
	int status;
	pid_t child;

	engine_free(&site->engine);
	child = fork();
	if (child == 0) {
		store_site_reopen(site);
		store_load_table(site, STORE_THREE);
		json_object_put(store_owner(site,
			"{\"op\":\"table_add\",\"change\":\"new\",\"mode\":\"warn\",\"rows\":"
			"\"added\\ta@a.example\\t\\t\\t\\n\"}"));
		json_object_put(store_owner(
			site, "{\"op\":\"remove\",\"change\":\"new\",\"key\":\"fab\"}"));
		raise(SIGKILL);
	}
	waitpid(child, &status, 0);
	assert_true(WIFSIGNALED(status));
	store_site_reopen(site);
	store_check_list(
		site, "", 9, "Zeta+/not_invited,added+/not_invited,contoso+/not_invited", NULL);
	store_check_find(site, "a@a.example", "added+/not_invited");
	store_check_find(site, "voice@fab.example", "-");
}

/* Readers see the old table to the end, also those that began before it. */
static void test_readers_during_a_load(void **state)
{
	struct store_site *site = *state;
	int load;

	store_load_table(site, STORE_THREE);
	load = store_begin_load(site);
	for (int i = 0; i < 100; i++) {
		char row[100];

		snprintf(row, sizeof(row), "x%d\\tx%d@x.example\\t\\t\\t\\n", i, i);
		json_object_put(store_rows(site, load, "warn", row));
		store_check_find(site, "voice@fab.example", "fab+/not_invited");
		store_check_find(site, "x0", "-");
		store_keep_house(site, time(NULL));
	}
	assert_true(store_seal_load(site, load));
	store_check_list(
		site, "", 9, "Zeta+/not_invited,contoso+/not_invited,fab+/not_invited", NULL);
	json_object_put(store_must(store_end_load(site, load), site, __FILE__, __LINE__));
	store_check_list(site, "x98", 9, "x99+/not_invited", NULL);
	store_keep_house(site, time(NULL));
	assert_number("the old one's file is gone", count_files(site), 1);
}

/* The state is as it was but for the table: invitations work, a load mends it. */
static void test_missing_file(void **state)
{
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1], path[300];

	store_load_table(site, STORE_THREE);
	store_open(site, "contoso", "voice@contoso.example", id);
	engine_free(&site->engine);
	snprintf(path, sizeof(path), "%s/state/customers.1.sealed", site->folder);
	assert_int_equal(unlink(path), 0);
	store_site_reopen(site);
	store_fails("find",
		store_ask(site, STORE_ROLE_OWNER, "{\"op\":\"find\",\"key\":\"fab\"}"), site,
		ERROR_TEMPORARY);
	assert_non_null(strstr(site->error.text, "load it again"));
	json_object_put(store_owner(site, "{\"op\":\"get\",\"id\":\"%s\"}", id));
	store_load_table(site, STORE_THREE);
	store_check_find(site, "fab", "fab+/not_invited");
}

static bool can_look_up(struct store_site *site, const char *id)
{
	const struct engine_caller caller = {STORE_ROLE_OWNER, NULL};
	struct json_object *request = store_request("get");
	struct engine_reply reply;
	int result;

	json_set_string(request, "id", id);
	engine_reply_init(&reply);
	result = engine_request(site->engine, &caller, request, &reply, &site->error);
	result |= reply.durable;
	engine_reply_free(&reply);
	json_object_put(request);
	return result == 0;
}

/* In a child, since the limit is the process's: what cannot be synced is refused as temporary,
 * look-ups go on, the repeated change is done once there is space. */
static int fill_disk(struct store_site *site)
{
	static const char change[] = "0196f0a1b2c37def8abc0123456789ab";
	struct rlimit limit, small;
	char id[INVITATION_ID_LEN + 1], again[INVITATION_ID_LEN + 1];
	struct json_object *reply = NULL;
	int failed = 0;

	signal(SIGXFSZ, SIG_IGN);
	store_site_reopen(site);
	store_open(site, "c", "a@b.example", id);
	getrlimit(RLIMIT_FSIZE, &limit);
	small = limit;
	small.rlim_cur = 64 * 1024;
	setrlimit(RLIMIT_FSIZE, &small);
	for (int i = 0; i < 1000 && failed < 3; i++) {
		reply = store_ask(site, STORE_ROLE_OWNER,
			"{\"op\":\"open\",\"change\":\"new\",\"mailbox\":\"m%d@b.example\"}",
			i);
		failed += reply == NULL;
		if (reply == NULL && site->error.kind != ERROR_TEMPORARY)
			return 1;
		json_object_put(reply);
	}
	if (failed != 3 || strstr(site->error.text, "disk is full") == NULL)
		return 2;
	if (store_ask(site, STORE_ROLE_OWNER,
		    "{\"op\":\"open\",\"change\":\"%s\",\"mailbox\":\"x@x\"}", change) != NULL)
		return 3;
	if (!can_look_up(site, id))
		return 4;
	if (engine_fatal(site->engine))
		return 7;
	setrlimit(RLIMIT_FSIZE, &limit);
	for (int i = 0; i < 2; i++) {
		reply = store_owner(site,
			"{\"op\":\"open\",\"change\":\"%s\",\"mailbox\":\"x@x\"}", change);
		if (!json_flag(reply, "created", false))
			return 5;
		if (i > 0 && strcmp(again, store_says(reply, "id")) != 0)
			return 6;
		strcpy(again, store_says(reply, "id"));
		json_object_put(reply);
	}
	store_check_find(site, id, "c/pending");
	engine_free(&site->engine);
	return 0;
}

static void test_full_disk(void **state)
{
	struct store_site *site = *state;
	int status;
	pid_t child;

	engine_free(&site->engine);
	child = fork();
	if (child == 0)
		_exit(fill_disk(site));
	waitpid(child, &status, 0);
	assert_number("child", WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
	store_site_reopen(site);
	store_check_find(site, "x@x", "x@x/pending");
}

/* In a child: recovery writes, too, and what keeps it from that is said. */
static int open_on_full_disk(struct store_site *site)
{
	const struct rlimit small = {4096, RLIM_INFINITY};
	char path[200];

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	snprintf(path, sizeof(path), "%s/state", site->folder);
	if (kv_bdb_open(path, engine_trees, 0, KV_BDB_TRY, &site->error) != NULL)
		return 1;
	if (site->error.kind != ERROR_TEMPORARY)
		return 2;
	return strstr(site->error.text, ": open: the disk is full: make room") != NULL ? 0 : 3;
}

static void test_open_on_full_disk(void **state)
{
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1];
	int status;
	pid_t child;

	store_open(site, "c", "a@b.example", id);
	engine_free(&site->engine);
	child = fork();
	if (child == 0)
		_exit(open_on_full_disk(site));
	waitpid(child, &status, 0);
	assert_number("child", WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
	store_site_reopen(site);
	store_check_find(site, id, "c/pending");
}

/* In a child: what Berkeley DB does then it does not take back. */
static int change_without_log_files(struct store_site *site, const char *id)
{
	store_site_reopen(site);
	if (!can_look_up(site, id))
		return 1;
	if (store_ask(site, STORE_ROLE_OWNER,
		    "{\"op\":\"open\",\"change\":\"new\",\"mailbox\":\"x@x\"}") != NULL)
		return 2;
	if (site->error.kind != ERROR_TEMPORARY)
		return 3;
	return strstr(site->error.text, "files log.* are missing") != NULL ? 0 : 4;
}

/* They look as if nobody needed them any more. */
static void test_log_files_removed(void **state)
{
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1], path[200];
	int status;
	pid_t child;

	store_open(site, "c", "a@b.example", id);
	store_open(site, "d", "b@b.example", id);
	engine_free(&site->engine);
	snprintf(path, sizeof(path), "%s/state/log.0000000001", site->folder);
	assert_int_equal(unlink(path), 0);
	child = fork();
	if (child == 0)
		_exit(change_without_log_files(site, id));
	waitpid(child, &status, 0);
	assert_number("child", WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
}

#define BDB(test) cmocka_unit_test_setup_teardown(test, store_site_bdb, store_site_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BDB(test_reopen),
		BDB(test_killed_loads),
		BDB(test_changes_survive_a_kill),
		BDB(test_readers_during_a_load),
		BDB(test_missing_file),
		BDB(test_full_disk),
		BDB(test_open_on_full_disk),
		BDB(test_log_files_removed),
	};

	return cmocka_run_group_tests_name("store on a disk", tests, NULL, NULL);
}
