/*
 * The engine's customers: loads of a table, find, list, remove, housekeeping.
 */
#include "support_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY (24 * 3600)

static void test_find(void **state)
{
	struct store_site *site = *state;
	char first[INVITATION_ID_LEN + 1], second[INVITATION_ID_LEN + 1];

	store_load_table(site, STORE_THREE);
	store_open(site, "contoso", "voice@contoso.example", first);
	json_object_put(store_owner(
		site, "{\"op\":\"remove\",\"change\":\"new\",\"key\":\"%s\"}", first));
	store_open(site, "contoso", "other@contoso.example", second);
	store_open(site, "alone@x.example", "Alone@x.example", first);
	store_check_find(site, "contoso", "contoso+/pending");
	store_check_find(site, "VOICE@contoso.example", "contoso+/pending");
	store_check_find(site, "other@contoso.example", "contoso+/pending");
	store_check_find(site, "CONTOSO.example", "contoso+/pending");
	store_check_find(site, "fab.example", "fab+/not_invited");
	store_check_find(site, second, "contoso+/pending");
	store_check_find(site, "alone@X.example", "alone@x.example/pending");
	store_check_find(site, "zeta", "-");
	store_check_find(site, "contos", "-");
	store_check_find(site, "AAAAAAAAAAAAAAAAAAAAAA", "-");
	json_object_put(store_owner(site,
		"{\"op\":\"apply\",\"change\":\"new\",\"id\":\"%s\",\"event\":{\"type\":"
		"\"device_authenticated\","
		"\"at\":\"2026-01-01T00:00:00Z\",\"signed_in_as\":\"a\",\"signed_in_tenant\":"
		"\"11-22\","
		"\"signed_in_oid\":\"o\",\"granted_scopes\":\"\"}}",
		first));
	store_check_find(site, "11-22", "alone@x.example/authentication_complete");
	store_fails("no key", store_ask(site, STORE_ROLE_OWNER, "{\"op\":\"find\"}"), site,
		ERROR_PERMANENT);
}

/* An invitation id gives that very invitation, a customer its latest. */
static void test_find_which_invitation(void **state)
{
	struct store_site *site = *state;
	char first[INVITATION_ID_LEN + 1], second[INVITATION_ID_LEN + 1];
	const char *keys[] = {first, second, "c"};

	store_open(site, "c", "a@b.example", first);
	json_object_put(store_owner(
		site, "{\"op\":\"remove\",\"change\":\"new\",\"key\":\"%s\"}", first));
	store_open(site, "c", "a@b.example", second);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		struct json_object *reply =
			store_owner(site, "{\"op\":\"find\",\"key\":\"%s\"}", keys[i]);
		struct json_object *customer =
			json_object_array_get_idx(json_member(reply, "customers"), 0);

		assert_text(keys[i], json_string(json_member(customer, "invitation"), "id", ""),
			i == 0 ? first : second);
		assert_text(keys[i], json_string(customer, "mailbox", ""), "a@b.example");
		json_object_put(reply);
	}
}

/* A mailbox that is a customer's in the table and was a customer of its own before. */
static void test_find_both(void **state)
{
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1];

	store_open(site, "voice@fab.example", "voice@fab.example", id);
	store_load_table(site, STORE_THREE);
	store_check_find(
		site, "voice@fab.example", "voice@fab.example/pending,fab+/not_invited");
}

static void test_list(void **state)
{
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1];

	store_check_list(site, "", 100, "", NULL);
	store_load_table(site, STORE_THREE);
	store_open(site, "contoso", "voice@contoso.example", id);
	store_open(site, "contoso2", "a@b.example", id);
	store_open(site, "Aaa", "a@b.example", id);
	store_open(site, "Aaa", "b@b.example", id);
	store_check_list(site, "", 100,
		"Aaa/pending,Zeta+/not_invited,contoso+/pending,contoso2/pending,fab+/"
		"not_invited",
		NULL);
	store_check_list(site, "", 2, "Aaa/pending,Zeta+/not_invited", "Zeta");
	store_check_list(site, "Zeta", 2, "contoso+/pending,contoso2/pending", "contoso2");
	store_check_list(site, "contoso2", 2, "fab+/not_invited", NULL);
	store_check_list(site, "contoso1", 1, "contoso2/pending", "contoso2");
	store_check_list(site, "zzz", 2, "", NULL);
	store_fails("limit",
		store_ask(site, STORE_ROLE_OWNER, "{\"op\":\"list\",\"limit\":1001}"), site,
		ERROR_PERMANENT);
}

static void test_load_replaces(void **state)
{
	struct store_site *site = *state;
	struct json_object *reply;
	char text[512];
	int load;

	store_load_table(site, STORE_THREE);
	load = store_begin_load(site);
	reply = store_must(store_rows(site, load, "warn",
				   "new\\tn@new.example\\t\\t\\t\\n"
				   "fab\\tfirst@fab.example\\t\\t\\t\\n"
				   "fab\\tsecond@fab.example\\t\\t\\t\\n"),
		site, __FILE__, __LINE__);
	assert_text("the first one wins", json_text(json_member(reply, "duplicates")), "[2]");
	json_object_put(reply);
	store_check_list(
		site, "", 9, "Zeta+/not_invited,contoso+/not_invited,fab+/not_invited", NULL);
	reply = store_must(store_end_load(site, load), site, __FILE__, __LINE__);
	assert_number("rows", json_int(reply, "rows", 0), 2);
	json_object_put(reply);
	for (int i = 0; i < 2; i++) { /* before and after the old table is removed */
		store_check_list(site, "", 9, "fab+/not_invited,new+/not_invited", NULL);
		store_check_find(site, "contoso.example", "-");
		store_check_find(site, "first@fab.example", "fab+/not_invited");
		store_check_find(site, "second@fab.example", "-");
		store_keep_house(site, time(NULL));
	}
	store_fails("a load that is over", store_rows(site, load, "warn", ""), site,
		ERROR_TEMPORARY);
	reply = store_owner(site, "{\"op\":\"find\",\"key\":\"fab\"}");
	snprintf(text, sizeof(text), "%s",
		json_string(json_object_array_get_idx(json_member(reply, "customers"), 0),
			"mailbox", ""));
	assert_text("mailbox", text, "first@fab.example");
	json_object_put(reply);
}

/* The row of a customer that comes twice is the last one, and nothing is found by what the
 * first one said. */
static void test_load_with_replacement(void **state)
{
	struct store_site *site = *state;
	int load = store_begin_load(site);

	json_object_put(store_must(
		store_rows(site, load, "replace", STORE_THREE), site, __FILE__, __LINE__));
	json_object_put(store_must(store_rows(site, load, "replace",
					   "fab\\tnew@fab.example\\t\\tnew.example\\t\\n"),
		site, __FILE__, __LINE__));
	json_object_put(store_must(store_end_load(site, load), site, __FILE__, __LINE__));
	store_check_find(site, "voice@fab.example", "-");
	store_check_find(site, "fab.example", "-");
	store_check_find(site, "NEW@fab.example", "fab+/not_invited");
	store_check_find(site, "new.example", "fab+/not_invited");
}

static void test_repeated_table_end(void **state)
{
	static const char change[] = "0196f0a1b2c37def8abc0123456789ab";
	struct store_site *site = *state;
	int load = store_begin_load(site);

	json_object_put(store_must(
		store_rows(site, load, "warn", STORE_THREE), site, __FILE__, __LINE__));
	store_fails("not sealed",
		store_ask(site, STORE_ROLE_OWNER,
			"{\"op\":\"table_end\",\"load\":%d,\"change\":\"new\"}", load),
		site, ERROR_CONFLICT);
	assert_true(store_seal_load(site, load));
	for (int i = 0; i < 2; i++) {
		struct json_object *reply = store_owner(site,
			"{\"op\":\"table_end\",\"load\":%d,\"change\":\"%s\"}", load, change);

		assert_number("rows", json_int(reply, "rows", 0), 3);
		json_object_put(reply);
	}
}

static void test_modes(void **state)
{
	static const struct {
		const char *mode, *duplicates, *mailbox;
	} cases[] = {
		{"warn", "[0]", "voice@fab.example"},
		{"ignore", "[0]", "voice@fab.example"},
		{"replace", "[]", "new@fab.example"},
	};
	struct store_site *site = *state;

	store_load_table(site, STORE_THREE);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *reply = store_owner(site,
			"{\"op\":\"table_add\",\"change\":\"new\",\"mode\":\"%s\",\"rows\":"
			"\"fab\\tnew@fab.example\\t\\t\\t\\n\"}",
			cases[i].mode);

		assert_text(cases[i].mode, json_text(json_member(reply, "duplicates")),
			cases[i].duplicates);
		json_object_put(reply);
		store_check_find(site, cases[i].mailbox, "fab+/not_invited");
	}
	store_check_find(site, "voice@fab.example", "-");
	store_check_find(site, "fab.example", "-");
	store_fails("mode",
		store_ask(site, STORE_ROLE_OWNER,
			"{\"op\":\"table_add\",\"change\":\"new\",\"mode\":\"x\",\"rows\":\"\"}"),
		site, ERROR_PERMANENT);
}

static void test_bad_rows(void **state)
{
	static const char *const bad[] = {
		"\\n",
		"a\\tb@b\\t\\t\\n",
		"a\\tb@b\\t\\t\\t\\t\\n",
		"\\tb@b\\t\\t\\t\\n",
		"a\\t\\t\\t\\t\\n",
		"a\\u0001\\tb@b\\t\\t\\t\\n",
		"a\\u007f\\tb@b\\t\\t\\t\\n",
		"a\\tb@b\\t\\t\\t\\u0000\\n",
		"a\\tb@b\\t\\t\\t",
		"a\\tb\\t\\t\\t\\n",
		"a\\tb@b\\t\\tt@t\\t\\n",
	};
	struct store_site *site = *state;

	store_load_table(site, STORE_THREE);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int load = store_begin_load(site);

		store_fails(
			bad[i], store_rows(site, load, "warn", bad[i]), site, ERROR_PERMANENT);
		store_fails("a load with a fault is over", store_end_load(site, load), site,
			ERROR_TEMPORARY);
		store_fails(bad[i],
			store_ask(site, STORE_ROLE_OWNER,
				"{\"op\":\"table_add\",\"change\":\"new\",\"mode\":\"warn\","
				"\"rows\":\"first\\tb@b\\t\\t\\t\\n%s\"}",
				bad[i]),
			site, ERROR_PERMANENT);
		store_check_find(site, "first", "-");
	}
	store_check_list(
		site, "", 9, "Zeta+/not_invited,contoso+/not_invited,fab+/not_invited", NULL);
}

static void test_many_loads(void **state)
{
	struct store_site *site = *state;

	for (int i = 0; i < 4; i++)
		store_begin_load(site);
	store_fails("one more", store_ask(site, STORE_ROLE_OWNER, "{\"op\":\"table_begin\"}"),
		site, ERROR_TEMPORARY);
	engine_client_gone(site->engine, site);
	store_load_table(site, STORE_THREE);
}

static void test_client_goes_away(void **state)
{
	struct store_site *site = *state;
	int load;

	store_load_table(site, STORE_THREE);
	load = store_begin_load(site);
	json_object_put(
		store_must(store_rows(site, load, "warn", "x\\tx@x.example\\t\\t\\t\\n"), site,
			__FILE__, __LINE__));
	engine_client_gone(site->engine, state);
	store_keep_house(site, time(NULL));
	json_object_put(
		store_must(store_rows(site, load, "warn", "y\\ty@x.example\\t\\t\\t\\n"), site,
			__FILE__, __LINE__));
	engine_client_gone(site->engine, site);
	store_fails("gone with its client", store_end_load(site, load), site, ERROR_TEMPORARY);
	store_keep_house(site, time(NULL));
	store_check_list(
		site, "", 9, "Zeta+/not_invited,contoso+/not_invited,fab+/not_invited", NULL);
}

static void check_remove(struct store_site *site, const char *key, const char *want)
{
	struct json_object *reply = store_ask(site, STORE_ROLE_OWNER,
		"{\"op\":\"remove\",\"change\":\"new\",\"key\":\"%s\"}", key);

	assert_text(key,
		reply != NULL ? json_text(reply) : error_answer(site->error.kind)->name, want);
	json_object_put(reply);
}

static void test_remove(void **state)
{
	struct store_site *site = *state;
	char one[INVITATION_ID_LEN + 1], two[INVITATION_ID_LEN + 1];

	store_load_table(site, STORE_THREE "fab2\\tb@fab.example\\t\\tfab.example\\t\\n");
	store_open(site, "contoso", "voice@contoso.example", one);
	store_open(site, "contoso", "other@contoso.example", two);
	check_remove(site, "nobody", "not found");
	check_remove(site, "fab.example", "conflict");
	check_remove(site, one, "{\"removed\":false,\"revoked\":1}");
	check_remove(site, one, "{\"removed\":false,\"revoked\":0}");
	check_remove(site, "Contoso.example", "{\"removed\":true,\"revoked\":1}");
	store_check_find(site, "contoso", "contoso/revoked");
	check_remove(site, "contoso", "{\"removed\":false,\"revoked\":0}");
	check_remove(site, "Zeta", "{\"removed\":true,\"revoked\":0}");
	store_check_find(site, "z@zeta.example", "-");
	check_remove(site, "fab2", "{\"removed\":true,\"revoked\":0}");
	check_remove(site, "fab.example", "{\"removed\":true,\"revoked\":0}");
	store_check_list(site, "", 9, "contoso/revoked", NULL);
}

/* One that has expired might be extended again: who names it wants it revoked. With a customer
 * only what is open goes. */
static void test_remove_what_has_expired(void **state)
{
	struct store_site *site = *state;
	char named[INVITATION_ID_LEN + 1], other[INVITATION_ID_LEN + 1];

	site->settings.invitation_lifetime = -10;
	store_open(site, "c", "a@b.example", named);
	store_open(site, "c", "b@b.example", other);
	check_remove(site, "c", "{\"removed\":false,\"revoked\":0}");
	check_remove(site, named, "{\"removed\":false,\"revoked\":1}");
	store_check_find(site, named, "c/revoked");
	store_check_find(site, other, "c/expired");
}

/* The answer's lines, with "/" for tabs and ";" for line ends. Valid until the next call. */
static const char *lines(struct json_object *reply)
{
	static char text[512];

	snprintf(text, sizeof(text), "%s", json_string(reply, "lines", "none"));
	for (char *at = text; *at != '\0'; at++)
		*at = *at == '\t' ? '/' : *at == '\n' ? ';' : *at;
	json_object_put(reply);
	return text;
}

static void test_lines(void **state)
{
	static const char want[] = "Zeta/not_invited/z@zeta.example/-;"
				   "other@fab.example/revoked/other@fab.example/20";
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1];
	struct json_object *reply;

	store_load_table(site, STORE_THREE);
	assert_text("a key",
		lines(store_owner(site, "{\"op\":\"find\",\"key\":\"VOICE@fab.example\","
					"\"format\":\"lines\"}")),
		"VOICE@fab.example/not_invited/voice@fab.example/-;");
	assert_text("a list",
		lines(store_owner(
			site, "{\"op\":\"list\",\"after\":\"b\",\"format\":\"lines\"}")),
		"contoso/not_invited/voice@contoso.example/-;"
		"fab/not_invited/voice@fab.example/-;");
	store_open(site, "fab", "other@fab.example", id);
	check_remove(site, id, "{\"removed\":false,\"revoked\":1}");
	reply = store_owner(site, "{\"op\":\"find\",\"format\":\"lines\",\"keys\":[\"Zeta\","
				  "\"nobody\",\"\",\"a\\tb\",7,\"other@fab.example\",\"-\"]}");
	assert_number("found", json_int(reply, "found", -1), 2);
	assert_null(json_member(reply, "next"));
	assert_memory_equal(lines(reply), want, sizeof(want) - 1);
	reply = store_owner(site, "{\"op\":\"find\",\"keys\":[\"fab\",\"Zeta\"]}");
	assert_number("objects", (long long)store_length(reply, "customers"), 2);
	json_object_put(reply);
	store_fails("format",
		store_ask(site, STORE_ROLE_OWNER, "{\"op\":\"list\",\"format\":\"x\"}"), site,
		ERROR_PERMANENT);
}

/* More than fits into one answer: `next` tells where to go on. */
static void test_many_keys(void **state)
{
	struct store_site *site = *state;
	struct json_object *reply;
	struct buf text;
	char id[600];
	size_t next;

	memset(id, 'x', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	buf_init(&text, 1024 * 1024);
	buf_printf(&text, "%s\\t%s@x.example\\t\\t\\t\\n", id, id);
	store_load_table(site, text.data);
	buf_reset(&text);
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "%s\"%s\"", i > 0 ? "," : "", id);
	reply = store_owner(
		site, "{\"op\":\"find\",\"format\":\"lines\",\"keys\":[%s]}", text.data);
	next = (size_t)json_int(reply, "next", 0);
	assert_in_range(next, 300, 900);
	assert_number("found", json_int(reply, "found", 0), (long long)next);
	json_object_put(reply);
	store_fails("too many",
		store_ask(site, STORE_ROLE_OWNER, "{\"op\":\"find\",\"keys\":[%s,\"a\"]}",
			text.data),
		site, ERROR_PERMANENT);
	buf_free(&text);
}

static void add(struct store_site *site, const char *mode, const char *rows)
{
	json_object_put(store_owner(site,
		"{\"op\":\"table_add\",\"change\":\"new\",\"mode\":\"%s\",\"rows\":\"%s\"}",
		mode, rows));
}

static void test_changes_over_the_table(void **state)
{
	struct store_site *site = *state;

	store_load_table(site, STORE_THREE);
	add(site, "replace",
		"fab\\tnew@fab.example\\t\\tnew.example\\t\\n"
		"a\\ta@a.example\\t\\tFAB.example\\t\\n");
	store_check_list(site, "", 9,
		"Zeta+/not_invited,a+/not_invited,contoso+/not_invited,fab+/not_invited", NULL);
	store_check_find(site, "voice@fab.example", "-");
	store_check_find(site, "new@fab.example", "fab+/not_invited");
	store_check_find(site, "fab.example", "a+/not_invited");
	add(site, "replace", "fab\\tthird@fab.example\\t\\tfab.example\\t\\n");
	store_check_find(site, "new@fab.example", "-");
	store_check_find(site, "new.example", "-");
	store_check_find(site, "fab.example", "a+/not_invited,fab+/not_invited");
	check_remove(site, "fab", "{\"removed\":true,\"revoked\":0}");
	check_remove(site, "fab", "not found");
	check_remove(site, "Zeta", "{\"removed\":true,\"revoked\":0}");
	store_check_find(site, "fab", "-");
	store_check_find(site, "third@fab.example", "-");
	store_check_find(site, "voice@fab.example", "-");
	store_check_list(site, "", 9, "a+/not_invited,contoso+/not_invited", NULL);
	store_check_list(site, "", 1, "a+/not_invited", "a");
	add(site, "warn", "fab\\tback@fab.example\\t\\t\\t\\n");
	store_check_find(site, "back@fab.example", "fab+/not_invited");
	for (int i = 0; i < 2; i++) {
		store_load_table(site, STORE_THREE);
		store_check_list(site, "", 9,
			"Zeta+/not_invited,contoso+/not_invited,fab+/not_invited", NULL);
		store_check_find(site, "back@fab.example", "-");
		store_keep_house(site, time(NULL));
	}
}

/* What is refused together with others leaves nothing. */
static void test_refused_changes(void **state)
{
	struct store_site *site = *state;

	store_load_table(site, STORE_THREE);
	store_fails("the second row",
		store_ask(site, STORE_ROLE_OWNER,
			"{\"op\":\"table_add\",\"change\":\"new\",\"mode\":\"replace\","
			"\"rows\":\"fab\\tnew@fab.example\\t\\t\\t\\nb\\tnone\\t\\t\\t\\n\"}"),
		site, ERROR_PERMANENT);
	store_check_find(site, "new@fab.example", "-");
	store_check_find(site, "voice@fab.example", "fab+/not_invited");
}

static void test_retention(void **state)
{
	struct store_site *site = *state;
	char revoked[INVITATION_ID_LEN + 1], expired[INVITATION_ID_LEN + 1],
		complete[INVITATION_ID_LEN + 1];
	uint64_t sequence;
	time_t now = time(NULL);

	store_open(site, "revoked", "a@b.example", revoked);
	store_open(site, "expired", "b@b.example", expired);
	store_open(site, "complete", "c@b.example", complete);
	check_remove(site, "revoked", "{\"removed\":false,\"revoked\":1}");
	json_object_put(store_owner(site,
		"{\"op\":\"apply\",\"change\":\"new\",\"id\":\"%s\",\"event\":{\"type\":"
		"\"device_authenticated\","
		"\"at\":\"2026-01-01T00:00:00Z\",\"signed_in_as\":\"a\",\"signed_in_tenant\":"
		"\"t\","
		"\"signed_in_oid\":\"o\",\"granted_scopes\":\"\"}}",
		complete));
	sequence = engine_sequence(site->engine);
	store_keep_house(site, now + 399 * DAY);
	store_check_find(site, revoked, "revoked/revoked");
	store_keep_house(site, now + 401 * DAY);
	store_check_find(site, revoked, "-");
	store_check_find(site, "a@b.example", "-");
	store_check_find(site, expired, "expired/pending");
	store_keep_house(site, now + 431 * DAY);
	store_check_find(site, "expired", "-");
	store_check_find(site, complete, "complete/authentication_complete");
	store_check_list(site, "", 9, "complete/authentication_complete", NULL);
	assert_number(
		"numbers stay", (long long)engine_sequence(site->engine), (long long)sequence);
}

/* A pass over the invitations under a clock that is ahead does not put off the next one until
 * that time comes. */
static void test_retention_when_the_clock_is_put_back(void **state)
{
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1];
	time_t now = time(NULL);

	store_open(site, "revoked", "a@b.example", id);
	check_remove(site, "revoked", "{\"removed\":false,\"revoked\":1}");
	store_keep_house(site, now + 399 * DAY);
	store_check_find(site, id, "revoked/revoked");
	site->settings.history_retention = DAY;
	store_keep_house(site, now + 2 * DAY);
	store_check_find(site, id, "-");
}

#define MEMORY(test) cmocka_unit_test_setup_teardown(test, store_site_memory, store_site_remove)
#define BDB(test)    cmocka_unit_test_setup_teardown(test, store_site_bdb, store_site_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MEMORY(test_find),
		MEMORY(test_find_which_invitation),
		MEMORY(test_find_both),
		MEMORY(test_list),
		MEMORY(test_load_replaces),
		MEMORY(test_load_with_replacement),
		MEMORY(test_repeated_table_end),
		MEMORY(test_modes),
		MEMORY(test_bad_rows),
		MEMORY(test_many_loads),
		MEMORY(test_client_goes_away),
		MEMORY(test_remove),
		MEMORY(test_remove_what_has_expired),
		MEMORY(test_lines),
		MEMORY(test_many_keys),
		MEMORY(test_changes_over_the_table),
		MEMORY(test_refused_changes),
		MEMORY(test_retention),
		MEMORY(test_retention_when_the_clock_is_put_back),
		BDB(test_find),
		BDB(test_list),
		BDB(test_load_replaces),
		BDB(test_remove),
		BDB(test_changes_over_the_table),
		BDB(test_refused_changes),
		BDB(test_retention),
	};

	return cmocka_run_group_tests_name("store customers", tests, NULL, NULL);
}
