/*
 * The engine over kv_memory: requests about invitations, change ids, roles, events in order.
 */
#include "support_store.h"

#include "base/clock.h"
#include "invite/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void check_says(
	struct store_site *site, const char *id, const char *member, const char *want)
{
	struct json_object *reply = store_owner(site, "{\"op\":\"get\",\"id\":\"%s\"}", id);

	assert_text(member, store_says(reply, member), want);
	json_object_put(reply);
}

static void test_open_and_reuse(void **state)
{
	static const struct {
		const char *label, *mailbox, *email;
		bool created;
		const char *count;
	} cases[] = {
		{"first mail", "Voice@Contoso.example",
			"{\"message_id\":\"m1\",\"queue_id\":\"Q1\"}", true, "1"},
		{"second mail", "voice@contoso.EXAMPLE",
			"{\"message_id\":\"m2\",\"queue_id\":\"Q2\"}", false, "2"},
		{"the same again", "voice@contoso.example",
			"{\"message_id\":\"m2\",\"queue_id\":\"Q3\"}", false, "2"},
		{"another mailbox", "other@contoso.example", "{\"message_id\":\"m3\"}", true,
			"1"},
	};
	struct store_site *site = *state;
	char first[INVITATION_ID_LEN + 1] = "";

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *reply = store_owner(site,
			"{\"op\":\"open\",\"change\":\"new\",\"mailbox\":\"%s\",\"email\":%s}",
			cases[i].mailbox, cases[i].email);

		assert_number(
			cases[i].label, json_flag(reply, "created", false), cases[i].created);
		assert_text(
			cases[i].label, store_says(reply, "email_sent_count"), cases[i].count);
		assert_text(cases[i].label, store_says(reply, "status"), "email_sent");
		if (i == 0)
			strcpy(first, store_says(reply, "id"));
		assert_number(
			cases[i].label, strcmp(store_says(reply, "id"), first) == 0, i < 3);
		json_object_put(reply);
	}
	check_says(site, first, "customer_id", "voice@contoso.example");
	check_says(site, first, "queue_id", "Q3");
}

/* What is open is reused, what has ended is not. */
static void test_open_after_the_end(void **state)
{
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1], again[INVITATION_ID_LEN + 1];

	store_open(site, "c", "a@b.example", id);
	store_apply(site, id, "sign_in_started", "");
	store_open(site, "c", "a@b.example", again);
	assert_text("open", again, id);
	store_apply(site, id, "revoked", "");
	store_open(site, "c", "a@b.example", again);
	assert_string_not_equal(again, id);
	site->settings.invitation_lifetime = -10;
	store_apply(site, again, "email_sent", "");
	check_says(site, again, "status", "expired");
	store_open(site, "c", "a@b.example", id);
	assert_string_not_equal(again, id);
}

static void test_whose_mailbox(void **state)
{
	static const struct {
		const char *label, *named, *customer_id, *mailbox, *tenant;
	} cases[] = {
		{"named customer", "\"customer_id\":\"mine\",\"mailbox\":\"voice@fab.example\"",
			"mine", "voice@fab.example", "-"},
		{"by the table", "\"mailbox\":\"VOICE@fab.example\"", "fab",
			"VOICE@fab.example", "fab.example"},
		{"the mailbox itself", "\"mailbox\":\"New@x.example\"", "new@x.example",
			"New@x.example", "-"},
		{"the table's mailbox, open already", "\"customer_id\":\"fab\"", "fab",
			"VOICE@fab.example", "fab.example"},
		{"the mailbox invited last", "\"customer_id\":\"new@x.example\"",
			"new@x.example", "New@x.example", "-"},
	};
	struct store_site *site = *state;

	store_load_table(
		site, "fab\\tvoice@fab.example\\tFab Ltd\\tfab.example\\tit@fab.example\\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *reply = store_owner(
			site, "{\"op\":\"open\",\"change\":\"new\",%s}", cases[i].named);

		assert_text(
			cases[i].label, store_says(reply, "customer_id"), cases[i].customer_id);
		assert_text(cases[i].label, store_says(reply, "invitation_email"),
			cases[i].mailbox);
		assert_text(cases[i].label, store_says(reply, "tenant"), cases[i].tenant);
		json_object_put(reply);
	}
	store_fails("unknown customer",
		store_ask(site, STORE_ROLE_OWNER,
			"{\"op\":\"open\",\"change\":\"new\",\"customer_id\":\"who\"}"),
		site, ERROR_NOT_FOUND);
	store_fails("nobody",
		store_ask(site, STORE_ROLE_OWNER, "{\"op\":\"open\",\"change\":\"new\"}"), site,
		ERROR_PERMANENT);
	store_fails("no mailbox",
		store_ask(site, STORE_ROLE_OWNER,
			"{\"op\":\"open\",\"change\":\"new\",\"mailbox\":\"\"}"),
		site, ERROR_PERMANENT);
}

static void test_repeated_changes(void **state)
{
	static const char change[] = "0196f0a1b2c37def8abc0123456789ab";
	struct store_site *site = *state;
	struct json_object *reply, *history;
	char id[INVITATION_ID_LEN + 1];

	for (int i = 0; i < 3; i++) {
		reply = store_owner(site,
			"{\"op\":\"open\",\"change\":\"%s\",\"mailbox\":\"a@b.example\","
			"\"email\":{}}",
			change);
		assert_number("created, said again", json_flag(reply, "created", false), 1);
		assert_text("one mail", store_says(reply, "email_sent_count"), "1");
		strcpy(id, store_says(reply, "id"));
		json_object_put(reply);
	}
	store_apply(site, id, "link_opened", "");
	reply = store_owner(site,
		"{\"op\":\"open\",\"change\":\"%s\",\"mailbox\":\"a@b.example\",\"email\":{}}",
		change);
	assert_text("the state as it is now", store_says(reply, "status"), "link_opened");
	json_object_put(reply);
	history = store_owner(site, "{\"op\":\"history\",\"id\":\"%s\"}", id);
	assert_number("each event once", (long long)store_length(history, "events"), 3);
	json_object_put(history);
	store_fails("the same id for something else",
		store_ask(site, STORE_ROLE_OWNER,
			"{\"op\":\"remove\",\"change\":\"%s\",\"key\":\"%s\"}", change, id),
		site, ERROR_CONFLICT);
	/* A request that failed left nothing behind: its id is free. */
	store_fails("failed",
		store_ask(site, STORE_ROLE_OWNER,
			"{\"op\":\"remove\",\"change\":\"0196f0a1b2c37def8abc0123456789ac\","
			"\"key\":\"who\"}"),
		site, ERROR_NOT_FOUND);
	json_object_put(store_owner(site,
		"{\"op\":\"remove\",\"change\":\"0196f0a1b2c37def8abc0123456789ac\",\"key\":\"%"
		"s\"}",
		id));
}

static void test_change_ids(void **state)
{
	static const char *const bad[] = {"", "0196f0a1b2c37def8abc0123456789a",
		"0196f0a1b2c37def8abc0123456789abc", "0196f0a1b2c37def8abc0123456789ag"};
	struct store_site *site = *state;
	char one[CHANGE_ID_LEN + 1], other[CHANGE_ID_LEN + 1];
	char id[INVITATION_ID_LEN + 1];

	store_open(site, "c", "a@b.example", id);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		store_fails(bad[i],
			store_ask(site, STORE_ROLE_OWNER,
				"{\"op\":\"remove\",\"change\":\"%s\",\"key\":\"c\"}", bad[i]),
			site, ERROR_PERMANENT);
	change_id_new(one);
	change_id_new(other);
	assert_string_not_equal(one, other);
	assert_number("version", one[12], '7');
	assert_true(memcmp(one, other, 8) <= 0);
	change_id_derived("report <m@x>", 1700000000, one);
	change_id_derived("report <m@x>", 1700000000, other);
	assert_text("derived", one, other);
	assert_memory_equal(one, "018bcfe56800", 12);
	change_id_derived("report <n@x>", 1700000000, other);
	assert_string_not_equal(one, other);
}

/* Those older than the retention are forgotten, in steps. */
static void test_changes_are_forgotten(void **state)
{
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1], change[CHANGE_ID_LEN + 1];
	time_t now = time(NULL);
	struct json_object *reply;

	store_open(site, "c", "a@b.example", id);
	change_id_derived("mail", now - CHANGE_RETENTION - 10, change);
	for (int i = 0; i < 2; i++) {
		reply = store_owner(site,
			"{\"op\":\"apply\",\"change\":\"%s\",\"id\":\"%s\",\"event\":{\"type\":"
			"\"consent_hint\"," STORE_AT ",\"text\":\"x\"}}",
			change, id);
		json_object_put(reply);
		while (i == 0 && engine_housekeep(site->engine, now, &site->error) == 1)
			;
	}
	reply = store_owner(site, "{\"op\":\"history\",\"id\":\"%s\"}", id);
	assert_number("applied again", (long long)store_length(reply, "events"), 3);
	json_object_put(reply);
}

static void test_apply(void **state)
{
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1];

	store_open(site, "c", "a@b.example", id);
	assert_true(store_apply(site, id, "email_sent", ""));
	assert_true(store_apply(site, id, "delivery",
		",\"delivery\":\"delivered\",\"sequence\":9,\"status\":\"x\""));
	assert_false(store_apply(site, id, "delivery", ",\"delivery\":\"delivered\""));
	check_says(site, id, "delivery", "delivered");
	store_fails("unknown type",
		store_ask(site, STORE_ROLE_OWNER,
			"{\"op\":\"apply\",\"change\":\"new\",\"id\":\"%s\",\"event\":{}}", id),
		site, ERROR_PERMANENT);
	store_fails("no time",
		store_ask(site, STORE_ROLE_OWNER,
			"{\"op\":\"apply\",\"change\":\"new\",\"id\":\"%s\",\"event\":{"
			"\"type\":\"link_seen\"}}",
			id),
		site, ERROR_PERMANENT);
	store_fails("contradiction",
		store_ask(site, STORE_ROLE_OWNER,
			"{\"op\":\"apply\",\"change\":\"new\",\"id\":\"%s\",\"event\":{"
			"\"type\":\"confirmed\"," STORE_AT "}}",
			id),
		site, ERROR_CONFLICT);
	store_fails("unknown invitation",
		store_ask(site, STORE_ROLE_OWNER,
			"{\"op\":\"apply\",\"change\":\"new\",\"id\":"
			"\"AAAAAAAAAAAAAAAAAAAAAA\",\"event\":{\"type\":\"link_seen\"," STORE_AT
			"}}"),
		site, ERROR_NOT_FOUND);
	store_fails("large event",
		store_ask(site, STORE_ROLE_OWNER,
			"{\"op\":\"apply\",\"change\":\"new\",\"id\":\"%s\",\"event\":{"
			"\"type\":\"link_seen\"," STORE_AT ",\"x\":\"%040000d\"}}",
			id, 0),
		site, ERROR_PERMANENT);
}

static void test_history(void **state)
{
	static const char *const want[] = {"1 created pending", "2 email_sent email_sent",
		"3 delivery email_sent", "4 consent_hint email_sent",
		"5 consent_hint email_sent", "6 notified email_sent"};
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1], got[100];
	struct json_object *reply;

	store_open(site, "c", "a@b.example", id);
	store_apply(site, id, "email_sent", "");
	store_apply(site, id, "delivery",
		",\"delivery\":\"delivered\",\"sequence\":9,\"status\":\"x\"");
	store_apply(site, id, "delivery", ",\"delivery\":\"delivered\"");
	/* Hints are told each time, though they change nothing. */
	store_apply(site, id, "consent_hint", ",\"text\":\"a\"");
	store_apply(site, id, "consent_hint", ",\"text\":\"a\"");
	store_apply(site, id, "notified", ",\"kind\":\"reminder\"");
	for (int after = 0; after < 7; after++) {
		reply = store_owner(
			site, "{\"op\":\"history\",\"id\":\"%s\",\"after\":%d}", id, after);
		assert_number("events", (long long)store_length(reply, "events"),
			6 - after > 0 ? 6 - after : 0);
		for (int i = after; i < 6; i++) {
			struct json_object *event = json_object_array_get_idx(
				json_member(reply, "events"), (size_t)(i - after));

			snprintf(got, sizeof(got), "%d %s %s",
				(int)json_int(event, "sequence", 0),
				json_string(event, "type", ""),
				json_string(event, "status", ""));
			assert_text("event", got, want[i]);
		}
		json_object_put(reply);
	}
}

static void test_history_limit(void **state)
{
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1];
	struct json_object *reply;

	store_open(site, "c", "a@b.example", id);
	for (int i = 0; i < 4; i++)
		store_apply(site, id, "consent_hint", ",\"text\":\"a\"");
	for (int after = 0; after < 5; after += 2) {
		reply = store_owner(site,
			"{\"op\":\"history\",\"id\":\"%s\",\"after\":%d,\"limit\":2}", id,
			after);
		assert_number(
			"events", (long long)store_length(reply, "events"), after < 4 ? 2 : 1);
		assert_number("next", json_int(reply, "next", 0), after < 4 ? after + 2 : 0);
		json_object_put(reply);
	}
	store_fails("no limit",
		store_ask(site, STORE_ROLE_OWNER,
			"{\"op\":\"history\",\"id\":\"%s\",\"limit\":0}", id),
		site, ERROR_PERMANENT);
}

/* A history longer than an answer comes in pages. */
static void test_long_history(void **state)
{
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1], more[30200];
	int64_t after = 0, last = 0;
	int events = 0, pages = 0;

	store_open(site, "c", "a@b.example", id);
	snprintf(more, sizeof(more), ",\"text\":\"a\",\"x\":\"%030000d\"", 0);
	for (int i = 0; i < 150; i++)
		store_apply(site, id, "consent_hint", more);
	do {
		struct json_object *reply = store_owner(site,
			"{\"op\":\"history\",\"id\":\"%s\",\"after\":%d}", id, (int)after);
		struct json_object *list = json_member(reply, "events");

		for (size_t i = 0; i < json_object_array_length(list); i++, events++) {
			int64_t sequence =
				json_int(json_object_array_get_idx(list, i), "sequence", 0);

			assert_number("in order", sequence, last + 1);
			last = sequence;
		}
		after = json_int(reply, "next", 0);
		json_object_put(reply);
		pages++;
	} while (after != 0);
	assert_number("all of them", events, 151);
	assert_true(pages > 1);
}

#define SIGNED_IN(tenant, confirm)                                                             \
	",\"signed_in_as\":\"a@b.example\",\"signed_in_tenant\":\"" tenant                     \
	"\",\"signed_in_oid\":\"oid\","                                                        \
	"\"granted_scopes\":\"x\",\"confirm\":" confirm ",\"first_connection\":false"

static void test_first_connection(void **state)
{
	struct store_site *site = *state;
	char one[INVITATION_ID_LEN + 1], two[INVITATION_ID_LEN + 1],
		three[INVITATION_ID_LEN + 1];

	store_open(site, "c", "a@b.example", one);
	store_open(site, "d", "b@b.example", two);
	store_open(site, "e", "c@b.example", three);
	store_apply(site, one, "device_authenticated", SIGNED_IN("T-1", "true"));
	check_says(site, one, "first_connection", "true");
	check_says(site, one, "status", "device_authenticated");
	store_apply(site, one, "device_authenticated", SIGNED_IN("T-1", "true"));
	check_says(site, one, "first_connection", "true");
	store_apply(site, one, "confirmed", "");
	check_says(site, one, "status", "authentication_complete");
	store_apply(site, two, "device_authenticated", SIGNED_IN("t-1", "true"));
	check_says(site, two, "first_connection", "false");
	check_says(site, two, "status", "authentication_complete");
	store_apply(site, three, "device_authenticated", SIGNED_IN("T-2", "true"));
	check_says(site, three, "first_connection", "true");
	/* What was said once stays, also when the tenant has completed since. */
	store_apply(site, one, "device_authenticated", SIGNED_IN("T-1", "true"));
	check_says(site, one, "first_connection", "true");
}

/* The first verified sign-in binds the customer, not only the invitation. */
static void test_customer_is_bound(void **state)
{
	struct store_site *site = *state;
	char one[INVITATION_ID_LEN + 1], two[INVITATION_ID_LEN + 1];

	store_open(site, "bound", "bound@example.com", one);
	check_says(site, one, "tenant", "-");
	store_apply(site, one, "device_authenticated", SIGNED_IN("t9", "false"));
	check_says(site, one, "status", "authentication_complete");
	store_open(site, "bound", "bound@example.com", two);
	assert_number("another invitation", strcmp(one, two) != 0, true);
	check_says(site, two, "tenant", "t9");
}

#define APPLY_SIGNED_IN(site, id, tenant)                                                      \
	store_ask(site, STORE_ROLE_TOKEND,                                                     \
		"{\"op\":\"apply\",\"change\":\"new\",\"id\":\"%s\",\"event\":{\"type\":"      \
		"\"device_authenticated\"," STORE_AT SIGNED_IN(tenant, "true") "}}",           \
		id)

/* Invitations that are open at the same time are the same customer's. */
static void test_customer_is_bound_by_another_open_one(void **state)
{
	struct store_site *site = *state;
	char one[INVITATION_ID_LEN + 1], two[INVITATION_ID_LEN + 1],
		other[INVITATION_ID_LEN + 1];

	store_open(site, "bound", "one@example.com", one);
	store_open(site, "bound", "two@example.com", two);
	store_open(site, "other", "three@example.com", other);
	store_apply(site, one, "device_authenticated", SIGNED_IN("t9", "true"));
	store_fails(
		"of another tenant", APPLY_SIGNED_IN(site, two, "t8"), site, ERROR_CONFLICT);
	assert_non_null(strstr(site->error.text, "t9"));
	check_says(site, two, "token_state", "none");
	json_object_put(APPLY_SIGNED_IN(site, other, "t8"));
	check_says(site, other, "token_state", "valid");
	json_object_put(APPLY_SIGNED_IN(site, two, "T9"));
	check_says(site, two, "token_state", "valid");
}

/* Who revokes an invitation after a stranger's sign-in does not invite the stranger again. */
static void test_a_revoked_sign_in_binds_nobody(void **state)
{
	struct store_site *site = *state;
	char one[INVITATION_ID_LEN + 1], two[INVITATION_ID_LEN + 1],
		open[INVITATION_ID_LEN + 1];

	store_open(site, "bound", "open@example.com", open);
	store_open(site, "bound", "one@example.com", one);
	store_apply(site, one, "device_authenticated", SIGNED_IN("t8", "true"));
	store_apply(site, one, "revoked", "");
	store_open(site, "bound", "one@example.com", two);
	check_says(site, two, "tenant", "-");
	store_apply(site, two, "device_authenticated", SIGNED_IN("t9", "true"));
	store_fails("the first that counts", APPLY_SIGNED_IN(site, open, "t8"), site,
		ERROR_CONFLICT);
}

/* The operator's word counts for more. */
static void test_customer_of_a_named_tenant_is_not_bound(void **state)
{
	struct store_site *site = *state;
	char one[INVITATION_ID_LEN + 1], two[INVITATION_ID_LEN + 1];

	store_open(site, "fab", "one@example.com", one);
	store_open(site, "fab", "two@example.com", two);
	store_apply(site, one, "device_authenticated", SIGNED_IN("t9", "true"));
	store_load_table(site, STORE_THREE);
	json_object_put(APPLY_SIGNED_IN(site, two, "t8"));
	check_says(site, two, "token_state", "valid");
}

#define ENGINE(test) cmocka_unit_test_setup_teardown(test, store_site_memory, store_site_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENGINE(test_open_and_reuse),
		ENGINE(test_open_after_the_end),
		ENGINE(test_whose_mailbox),
		ENGINE(test_repeated_changes),
		ENGINE(test_change_ids),
		ENGINE(test_changes_are_forgotten),
		ENGINE(test_apply),
		ENGINE(test_history),
		ENGINE(test_history_limit),
		ENGINE(test_long_history),
		ENGINE(test_first_connection),
		ENGINE(test_customer_is_bound),
		ENGINE(test_customer_is_bound_by_another_open_one),
		ENGINE(test_a_revoked_sign_in_binds_nobody),
		ENGINE(test_customer_of_a_named_tenant_is_not_bound),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
