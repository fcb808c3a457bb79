/*
 * The engine on a disk: reopening, a load that was interrupted, a full disk.
 */
#include "support_store.h"

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

/* A process that loads is killed: the old table stays, and what it had loaded is removed. */
static void test_interrupted_load(void **state)
{
	struct store_site *site = *state;
	int status, load;
	pid_t child;

	store_load_table(site, STORE_THREE);
	engine_free(&site->engine);
	child = fork();
	if (child == 0) {
		store_site_reopen(site);
		load = store_begin_load(site);
		for (int i = 0; i < 3000; i++) {
			char row[100];

			snprintf(row, sizeof(row), "x%d\\tx%d@x.example\\t\\t\\t\\n",
				i, i);
			if (i < 100 || i > 2990)
				json_object_put(store_rows(site, load, "warn", row));
		}
		engine_sync(site->engine, &site->error);
		raise(SIGKILL);
	}
	waitpid(child, &status, 0);
	assert_true(WIFSIGNALED(status));
	store_site_reopen(site);
	store_check_list(
		site, "", 9, "Zeta+/not_invited,contoso+/not_invited,fab+/not_invited", NULL);
	load = store_begin_load(site);
	json_object_put(store_must(
		store_rows(site, load, "warn", "x5\\tnew@x.example\\t\\t\\t\\n"),
		site, __FILE__, __LINE__));
	store_keep_house(site, time(NULL));
	json_object_put(store_must(store_end_load(site, load), site, __FILE__, __LINE__));
	store_check_list(site, "", 9, "x5+/not_invited", NULL);
	store_check_find(site, "x7@x.example", "-");
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

/* In a child, since the limit is the process's: what cannot be synced is refused as temporary, look-ups go on, the
 * repeated change is done once there is space. */
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

#define BDB(test) cmocka_unit_test_setup_teardown(test, store_site_bdb, store_site_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BDB(test_reopen),
		BDB(test_interrupted_load),
		BDB(test_full_disk),
	};

	return cmocka_run_group_tests_name("store on a disk", tests, NULL, NULL);
}
