/*
 * What the policy service asks the engine: who may get a Welcome mail, when the last ones went,
 * and the status of a key.
 */
#include "support_store.h"

#include "store/engine_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY (24 * 3600)

/* What pacing answers, as "known revoked=c sent=2". */
static void check_pacing(struct store_site *site, const char *mailbox, const char *want)
{
	struct json_object *reply =
		store_must(store_ask(site, STORE_ROLE_POLICY,
				   "{\"op\":\"pacing\",\"mailbox\":\"%s\"}", mailbox),
			site, __FILE__, __LINE__);
	const char *revoked = json_string(reply, "revoked", NULL);
	char got[300];

	snprintf(got, sizeof(got), "%s%s%s sent=%zu",
		json_flag(reply, "known", false) ? "known" : "unknown",
		revoked != NULL ? " revoked=" : "", revoked != NULL ? revoked : "",
		store_length(reply, "sent"));
	assert_text(mailbox, got, want);
	json_object_put(reply);
}

static void check_status(struct store_site *site, const char *key, const char *want)
{
	struct json_object *reply =
		store_ask(site, STORE_ROLE_POLICY, "{\"op\":\"status\",\"key\":\"%s\"}", key);

	assert_text(key, reply != NULL ? json_string(reply, "status", "") : "-", want);
	if (reply == NULL)
		assert_number(key, site->error.kind, ERROR_NOT_FOUND);
	json_object_put(reply);
}

static void send_mail(struct store_site *site, const char *mailbox, const char *message_id)
{
	json_object_put(
		store_must(store_ask(site, STORE_ROLE_MILTER,
				   "{\"op\":\"open\",\"change\":\"new\",\"mailbox\":\"%s\","
				   "\"email\":{\"message_id\":\"%s\"}}",
				   mailbox, message_id),
			site, __FILE__, __LINE__));
}

static void test_sent(void **state)
{
	struct store_site *site = *state;
	struct json_object *reply;
	time_t now = time(NULL);
	int64_t last;

	check_pacing(site, "a@x.example", "unknown sent=0");
	send_mail(site, "a@x.example", "<1@p>");
	check_pacing(site, "a@x.example", "unknown sent=1");
	send_mail(site, "A@X.example", "<1@p>");
	check_pacing(site, "A@x.example", "unknown sent=1"); /* the same mail once more */
	send_mail(site, "A@X.example", "<2@p>");
	check_pacing(site, "a@x.example", "unknown sent=2");
	check_pacing(site, "b@x.example", "unknown sent=0");
	reply = store_owner(site, "{\"op\":\"pacing\",\"mailbox\":\"a@x.example\"}");
	last = json_object_get_int64(json_object_array_get_idx(json_member(reply, "sent"), 0));
	assert_in_range(last, now, now + 60);
	json_object_put(reply);
	store_load_table(site, STORE_THREE);
	send_mail(site, "voice@fab.example", "<3@p>");
	check_pacing(site, "Voice@fab.example", "known sent=1");
	store_fails("no mailbox", store_ask(site, STORE_ROLE_POLICY, "{\"op\":\"pacing\"}"),
		site, ERROR_PERMANENT);
}

static void note(struct store_site *site, time_t when)
{
	assert_int_equal(engine_begin(site->engine, &site->error), 0);
	assert_int_equal(sent_note(site->engine, "a@x.example", when, &site->error), 0);
	assert_int_equal(engine_commit(site->engine, &site->error), 0);
}

/* Only the last day's count, newest first, and no more than SENT_MAX are kept. */
static void test_sent_is_bounded(void **state)
{
	struct store_site *site = *state;
	time_t now = time(NULL);
	struct buf out;

	note(site, now - 2 * DAY);
	check_pacing(site, "a@x.example", "unknown sent=0");
	note(site, now - DAY + 100);
	note(site, now - 50);
	note(site, now);
	check_pacing(site, "a@x.example", "unknown sent=3");
	buf_init(&out, 1000);
	assert_int_equal(
		sent_append(site->engine, "a@x.example", now + 200, &out, &site->error), 0);
	{
		char want[64];

		snprintf(want, sizeof(want), "%lld,%lld", (long long)now, (long long)now - 50);
		assert_text("a day later", out.data, want);
	}
	buf_free(&out);
	for (int i = 0; i < SENT_MAX + 10; i++)
		note(site, now);
	check_pacing(site, "a@x.example", "unknown sent=100");
	assert_number("as kept", SENT_MAX, 100);
}

static void test_revoked(void **state)
{
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1];

	store_load_table(site, STORE_THREE);
	store_open(site, "contoso", "voice@contoso.example", id);
	json_object_put(store_owner(
		site, "{\"op\":\"remove\",\"change\":\"new\",\"key\":\"contoso\"}"));
	check_pacing(site, "voice@contoso.example", "unknown revoked=contoso sent=0");
	check_status(site, "voice@contoso.example", "revoked");
	/* A new invitation without the table, and the table, bring the customer back. */
	store_open(site, "contoso", "voice@contoso.example", id);
	check_pacing(site, "voice@contoso.example", "unknown sent=0");
	store_apply(site, id, "revoked", "");
	check_pacing(site, "voice@contoso.example", "unknown revoked=contoso sent=0");
	store_load_table(site, STORE_THREE);
	check_pacing(site, "voice@contoso.example", "known sent=0");
	/* Of a customer of the table, to a mailbox that the table does not name. */
	store_open(site, "Zeta", "other@zeta.example", id);
	store_apply(site, id, "revoked", "");
	check_pacing(site, "other@zeta.example", "unknown sent=0");
	/* A mailbox that is a customer of its own. */
	send_mail(site, "\xc3\xbc@u.example", "<1@p>");
	json_object_put(store_owner(
		site, "{\"op\":\"remove\",\"change\":\"new\",\"key\":\"\xc3\xbc@u.example\"}"));
	check_pacing(site, "\xc3\xbc@u.example", "unknown revoked=\xc3\xbc@u.example sent=1");
}

static void test_status(void **state)
{
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1];

	store_load_table(site, STORE_THREE);
	check_status(site, "contoso", "not_invited");
	check_status(site, "Voice@Contoso.example", "not_invited");
	check_status(site, "contoso.example", "-"); /* a tenant is no key here */
	check_status(site, "CONTOSO", "-");
	store_open(site, "contoso", "voice@contoso.example", id);
	check_status(site, "contoso", "pending");
	check_status(site, "voice@contoso.example", "pending");
	check_status(site, id, "-");
	store_apply(site, id, "link_opened", "");
	check_status(site, "voice@CONTOSO.example", "link_opened");
	send_mail(site, "new@x.example", "<1@p>");
	check_status(site, "new@x.example", "email_sent");
	/* The customer's latest invitation, and the mailbox's. */
	store_open(site, "contoso", "second@contoso.example", id);
	check_status(site, "contoso", "pending");
	check_status(site, "voice@contoso.example", "link_opened");
	check_status(site, "nobody@x.example", "-");
	store_fails("no key", store_ask(site, STORE_ROLE_POLICY, "{\"op\":\"status\"}"), site,
		ERROR_PERMANENT);
}

/* Times go with the mailbox's invitation, but not those of a later one that is kept. */
static void test_retention(void **state)
{
	struct store_site *site = *state;
	time_t now = time(NULL);
	struct kv_bytes value;
	struct buf key;

	buf_init(&key, 100);
	buf_string(&key, "sa@x.example");
	send_mail(site, "a@x.example", "<1@p>");
	json_object_put(store_owner(
		site, "{\"op\":\"remove\",\"change\":\"new\",\"key\":\"a@x.example\"}"));
	note(site, now + 401 * DAY);
	store_keep_house(site, now + 401 * DAY);
	store_check_find(site, "a@x.example", "-");
	assert_number("kept",
		kv_get(site->engine->kv, TREE_INDEX, kv_buf(&key), &value, &site->error), 1);
	send_mail(site, "a@x.example", "<2@p>");
	json_object_put(store_owner(
		site, "{\"op\":\"remove\",\"change\":\"new\",\"key\":\"a@x.example\"}"));
	store_keep_house(site, now + 803 * DAY);
	assert_number("gone",
		kv_get(site->engine->kv, TREE_INDEX, kv_buf(&key), &value, &site->error), 0);
	buf_free(&key);
}

#define MEMORY(test) cmocka_unit_test_setup_teardown(test, store_site_memory, store_site_remove)
#define BDB(test)                                                                              \
	{                                                                                      \
#test " (bdb)", test, store_site_bdb, store_site_remove, NULL                  \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MEMORY(test_sent),
		MEMORY(test_sent_is_bounded),
		MEMORY(test_revoked),
		MEMORY(test_status),
		MEMORY(test_retention),
		BDB(test_sent),
		BDB(test_revoked),
		BDB(test_status),
	};

	return cmocka_run_group_tests_name("store pacing", tests, NULL, NULL);
}
