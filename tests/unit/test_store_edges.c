/*
 * What a client should not do, and what grows large: loads out of step, keys of more customers
 * than an answer has, tables of which most was removed again.
 */
#include "support_store.h"

#include "base/json.h"

#include <stdio.h>
#include <unistd.h>

/* Rows behind the first table_seal end the load: a part of a table must not come into force. */
static void test_rows_behind_seal(void **state)
{
	struct store_site *site = *state;

	store_load_table(site, STORE_THREE);
	for (int sealed = 0; sealed < 2; sealed++) {
		int load = store_begin_load(site);

		json_object_put(store_must(
			store_rows(site, load, "warn", "a\\ta@a.example\\t\\t\\t\\n"), site,
			__FILE__, __LINE__));
		if (sealed)
			assert_true(store_seal_load(site, load));
		else
			json_object_put(
				store_owner(site, "{\"op\":\"table_seal\",\"load\":%d}", load));
		store_fails("rows behind table_seal",
			store_rows(site, load, "warn", "b\\tb@b.example\\t\\t\\t\\n"), site,
			ERROR_CONFLICT);
		store_fails(
			"the load is over", store_end_load(site, load), site, ERROR_TEMPORARY);
		store_check_list(site, "", 9,
			"Zeta+/not_invited,contoso+/not_invited,fab+/not_invited", NULL);
		store_keep_house(site, time(NULL));
	}
}

/* Rows of customers "PREFIX00000" and so on, in batches, all of one tenant. */
static void add_customers(struct store_site *site, const char *prefix, int n)
{
	struct buf rows;

	buf_init(&rows, 1024 * 1024);
	for (int i = 0; i < n; i++) {
		buf_printf(&rows, "%s%05d\\tm%d@%s.example\\t\\tone.example\\t\\n", prefix, i,
			i, prefix);
		if (i % 1000 != 999 && i != n - 1)
			continue;
		json_object_put(store_owner(site,
			"{\"op\":\"table_add\",\"change\":\"new\",\"mode\":\"warn\",\"rows\":"
			"\"%s\"}",
			rows.data));
		buf_reset(&rows);
	}
	buf_free(&rows);
}

/* The table knows as many as an answer has, and the invitations of the same tenant know others. */
static void test_key_of_too_many(void **state)
{
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1], name[32];
	struct json_object *reply;

	add_customers(site, "a", 20);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "a%05d", i);
		store_open(site, name, "x@x.example", id);
		json_object_put(store_owner(
			site, "{\"op\":\"remove\",\"change\":\"new\",\"key\":\"%s\"}", name));
	}
	add_customers(site, "b", 1100);
	reply = store_owner(site, "{\"op\":\"find\",\"key\":\"one.example\"}");
	assert_number("customers", (long long)store_length(reply, "customers"), 1000);
	json_object_put(reply);
	store_fails("remove",
		store_ask(site, STORE_ROLE_OWNER,
			"{\"op\":\"remove\",\"change\":\"new\",\"key\":\"one.example\"}"),
		site, ERROR_CONFLICT);
}

/* To pass over what was removed takes requests, not one long one. */
static void test_list_of_removed(void **state)
{
	enum { N = 12000 };
	struct store_site *site = *state;
	char after[32] = "", name[32];
	int pages = 0;

	add_customers(site, "a", N);
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "a%05d", i);
		json_object_put(store_owner(
			site, "{\"op\":\"remove\",\"change\":\"new\",\"key\":\"%s\"}", name));
	}
	add_customers(site, "b", 1);
	for (bool more = true; more; pages++) {
		struct json_object *reply =
			store_owner(site, "{\"op\":\"list\",\"after\":\"%s\"}", after);

		more = json_member(reply, "next") != NULL;
		assert_number(
			"customers", (long long)store_length(reply, "customers"), more ? 0 : 1);
		snprintf(after, sizeof(after), "%s", json_string(reply, "next", ""));
		json_object_put(reply);
	}
	assert_true(pages > 1);
}

/* A process that ends tidies up, and does not find out tags for nobody. */
static void test_tidy(void **state)
{
	static const char ask[] =
		"{\"op\":\"candidates\",\"consent_tag\":\"aaaaaaaaaaaaaaaa\"}";
	struct store_site *site = *state;
	int more;

	site->settings.consent_address = "consent@one.example";
	engine_configure(site->engine, &site->settings, site->keys);
	add_customers(site, "a", 12000);
	while ((more = engine_tidy(site->engine, time(NULL), &site->error)) == 1)
		;
	assert_number("tidied", more, 0);
	store_fails("not known yet", store_ask(site, STORE_ROLE_MILTER, ask), site,
		ERROR_TEMPORARY);
	store_keep_house(site, time(NULL));
	store_fails("nobody's", store_ask(site, STORE_ROLE_MILTER, ask), site, ERROR_NOT_FOUND);
}

/* What a kill left of a load goes, also where no table was ever loaded. */
static void test_rubbish_without_table(void **state)
{
	static const char *const names[] = {"scratch-a1B2c3", "__db.customers.1"};
	struct store_site *site = *state;
	char path[4096];

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/state/%s.sealed", site->folder, names[i]);
		fclose(fopen(path, "w"));
	}
	store_site_reopen(site);
	store_keep_house(site, time(NULL));
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/state/%s.sealed", site->folder, names[i]);
		assert_number(names[i], access(path, F_OK), -1);
	}
}

#define MEMORY(test) cmocka_unit_test_setup_teardown(test, store_site_memory, store_site_remove)
#define BDB(test)    cmocka_unit_test_setup_teardown(test, store_site_bdb, store_site_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MEMORY(test_rows_behind_seal),
		BDB(test_rows_behind_seal),
		MEMORY(test_key_of_too_many),
		MEMORY(test_list_of_removed),
		MEMORY(test_tidy),
		BDB(test_rubbish_without_table),
	};

	return cmocka_run_group_tests_name("edges of the store", tests, NULL, NULL);
}
