/*
 * What operators do: who may say that it was they, and an extension that must not open a second
 * invitation.
 */
#include "support_store.h"

#include <string.h>

static struct json_object *apply_as(
	struct store_site *site, enum store_role role, const char *id, const char *event)
{
	return store_ask(site, role,
		"{\"op\":\"apply\",\"change\":\"new\",\"id\":\"%s\",\"event\":{" STORE_AT
		",%s}}",
		id, event);
}

static void test_who_may_name_an_operator(void **state)
{
	static const struct {
		const char *label;
		enum store_role role;
		const char *event;
		enum error_kind want;
	} rows[] = {
		{"pages", STORE_ROLE_ADMIN,
			"\"type\":\"extended\",\"expires_at\":\"2099-01-01T00:00:00Z\",\"operator\":\"ada\"",
			ERROR_NONE},
		{"tokend", STORE_ROLE_TOKEND,
			"\"type\":\"notified\",\"kind\":\"reminder\",\"operator\":\"ada\"",
			ERROR_NONE},
		{"tokend extends", STORE_ROLE_TOKEND,
			"\"type\":\"extended\",\"expires_at\":\"2099-01-01T00:00:00Z\"",
			ERROR_POLICY},
		{"milter", STORE_ROLE_MILTER,
			"\"type\":\"delivery\",\"delivery\":\"failed\",\"operator\":\"ada\"",
			ERROR_POLICY},
		{"pages as tokend", STORE_ROLE_ADMIN, "\"type\":\"confirmed\"", ERROR_POLICY},
	};
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1];
	struct json_object *reply;

	store_open(site, "c", "a@b.example", id);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reply = apply_as(site, rows[i].role, id, rows[i].event);
		if (rows[i].want != ERROR_NONE)
			store_fails(rows[i].label, reply, site, rows[i].want);
		else
			json_object_put(store_must(reply, site, __FILE__, __LINE__));
	}
	store_fails("the milter opens for an operator",
		store_ask(site, STORE_ROLE_MILTER,
			"{\"op\":\"open\",\"change\":\"new\",\"mailbox\":\"a@b.example\",\"operator\":\"ada\"}"),
		site, ERROR_POLICY);
	store_fails("and says so of its mail",
		store_ask(site, STORE_ROLE_MILTER,
			"{\"op\":\"open\",\"change\":\"new\",\"mailbox\":\"a@b.example\",\"email\":"
			"{\"message_id\":\"<1@b.example>\",\"operator\":\"ada\"}}"),
		site, ERROR_POLICY);
	store_fails("the pages tell of a mail",
		store_ask(site, STORE_ROLE_ADMIN,
			"{\"op\":\"open\",\"change\":\"new\",\"mailbox\":\"a@b.example\",\"email\":"
			"{\"message_id\":\"<1@b.example>\"}}"),
		site, ERROR_POLICY);
}

static void test_who_opened_is_told(void **state)
{
	struct store_site *site = *state;
	struct json_object *reply = store_must(
		store_ask(site, STORE_ROLE_ADMIN,
			"{\"op\":\"open\",\"change\":\"new\",\"mailbox\":\"n@b.example\",\"operator\":\"ada\"}"),
		site, __FILE__, __LINE__);
	struct json_object *history = store_owner(
		site, "{\"op\":\"history\",\"id\":\"%s\"}", store_says(reply, "id"));
	struct json_object *event =
		json_object_array_get_idx(json_member(history, "events"), 0);

	assert_text("operator", json_string(event, "operator", "-"), "ada");
	assert_text("not in the record", store_says(reply, "operator"), "-");
	json_object_put(history);
	json_object_put(reply);
}

/* A customer has one open invitation for a mailbox; one that has expired comes back only where
 * there is no other. */
static void test_extension(void **state)
{
	static const char until[] =
		"\"type\":\"extended\",\"expires_at\":\"2099-01-01T00:00:00Z\"";
	struct store_site *site = *state;
	char first[INVITATION_ID_LEN + 1], second[INVITATION_ID_LEN + 1];
	char other[INVITATION_ID_LEN + 1];

	site->settings.invitation_lifetime = -10;
	store_open(site, "c", "a@b.example", first);
	site->settings.invitation_lifetime = 100;
	store_open(site, "c", "other@b.example", other);
	json_object_put(store_must(
		apply_as(site, STORE_ROLE_ADMIN, first, until), site, __FILE__, __LINE__));
	json_object_put(
		store_must(apply_as(site, STORE_ROLE_ADMIN, first, "\"type\":\"revoked\""),
			site, __FILE__, __LINE__));
	store_fails("revoked", apply_as(site, STORE_ROLE_ADMIN, first, until), site,
		ERROR_CONFLICT);

	site->settings.invitation_lifetime = -10;
	store_open(site, "d", "a@b.example", first);
	site->settings.invitation_lifetime = 100;
	store_open(site, "d", "A@b.example", second);
	assert_string_not_equal(first, second);
	store_fails("another is open", apply_as(site, STORE_ROLE_ADMIN, first, until), site,
		ERROR_CONFLICT);
	assert_non_null(strstr(site->error.text, second));
	json_object_put(store_must(
		apply_as(site, STORE_ROLE_ADMIN, second, until), site, __FILE__, __LINE__));
}

#define ENGINE(test) cmocka_unit_test_setup_teardown(test, store_site_memory, store_site_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENGINE(test_who_may_name_an_operator),
		ENGINE(test_who_opened_is_told),
		ENGINE(test_extension),
	};

	return cmocka_run_group_tests_name("operators in the store", tests, NULL, NULL);
}
