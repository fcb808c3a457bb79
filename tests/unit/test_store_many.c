/*
 * The engine: many invitations at once, as who keeps an index of all of them asks.
 */
#include "support_store.h"

#include <stdlib.h>
#include <string.h>

#define MANY 7

static int compare_ids(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Opens MANY and gives their ids in order. */
static void open_many(struct store_site *site, char ids_r[MANY][INVITATION_ID_LEN + 1])
{
	static const char *const mailboxes[MANY] = {"a@x.test", "b@x.test", "c@x.test",
		"d@x.test", "e@x.test", "f@x.test", "g@x.test"};

	for (size_t i = 0; i < MANY; i++)
		store_open(site, mailboxes[i], mailboxes[i], ids_r[i]);
	qsort(ids_r, MANY, sizeof(ids_r[0]), compare_ids);
}

static struct json_object *item(struct json_object *reply, size_t n)
{
	return json_object_array_get_idx(json_member(reply, "invitations"), n);
}

static void test_pages(void **state)
{
	struct store_site *site = *state;
	char ids[MANY][INVITATION_ID_LEN + 1];
	const char *after = "";
	struct json_object *reply;
	char next[INVITATION_ID_LEN + 1];
	size_t seen = 0;

	reply = store_owner(site, "{\"op\":\"invitations\"}");
	assert_number("none", (long long)store_length(reply, "invitations"), 0);
	json_object_put(reply);
	open_many(site, ids);
	for (int page = 0; page < 3; page++) {
		reply = store_owner(
			site, "{\"op\":\"invitations\",\"after\":\"%s\",\"limit\":3}", after);
		for (size_t i = 0; i < store_length(reply, "invitations"); i++, seen++) {
			assert_text(
				"in order", json_string(item(reply, i), "id", ""), ids[seen]);
			assert_text("as stored", json_string(item(reply, i), "auth_url", NULL),
				NULL);
			assert_number("revision", json_int(item(reply, i), "revision", 0), 1);
		}
		assert_text("next", json_string(reply, "next", NULL),
			page < 2 ? ids[seen - 1] : NULL);
		strcpy(next, json_string(reply, "next", ""));
		after = next;
		json_object_put(reply);
	}
	assert_number("all", (long long)seen, MANY);
	store_fails("no id",
		store_ask(site, STORE_ROLE_ADMIN, "{\"op\":\"invitations\",\"after\":\"x\"}"),
		site, ERROR_PERMANENT);
	store_fails("too many",
		store_ask(site, STORE_ROLE_ADMIN, "{\"op\":\"invitations\",\"limit\":1001}"),
		site, ERROR_PERMANENT);
}

/* As they are now, in the order asked for. */
static void test_many(void **state)
{
	struct store_site *site = *state;
	char ids[MANY][INVITATION_ID_LEN + 1];
	struct json_object *reply;

	open_many(site, ids);
	store_apply(site, ids[2], "revoked", "");
	reply = store_owner(site,
		"{\"op\":\"get_many\",\"ids\":[\"%s\",\"AAAAAAAAAAAAAAAAAAAAAA\",\"short\",7,\"%s\",\"%s\"]}",
		ids[4], ids[2], ids[4]);
	assert_number("places", (long long)store_length(reply, "invitations"), 6);
	assert_text("first", json_string(item(reply, 0), "id", ""), ids[4]);
	assert_memory_equal(
		json_string(item(reply, 0), "auth_url", ""), "https://invite.example/i/", 25);
	for (size_t i = 1; i < 4; i++)
		assert_null(item(reply, i));
	assert_text("the other", json_string(item(reply, 4), "status", ""), "revoked");
	assert_text("twice", json_string(item(reply, 5), "id", ""), ids[4]);
	json_object_put(reply);
	store_fails("no list",
		store_ask(site, STORE_ROLE_ADMIN, "{\"op\":\"get_many\",\"ids\":\"x\"}"), site,
		ERROR_PERMANENT);
	store_fails("nothing",
		store_ask(site, STORE_ROLE_ADMIN, "{\"op\":\"get_many\",\"ids\":[]}"), site,
		ERROR_PERMANENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_pages, store_site_memory, store_site_remove),
		cmocka_unit_test_setup_teardown(test_pages, store_site_bdb, store_site_remove),
		cmocka_unit_test_setup_teardown(
			test_many, store_site_memory, store_site_remove),
	};

	return cmocka_run_group_tests_name("store, many at once", tests, NULL, NULL);
}
