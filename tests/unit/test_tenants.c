/*
 * Whom Microsoft is asked about first.
 */
#include "support.h"

#include "../../tokend/tenants.c"

#define TENANT "aaaaaaaa-0000-4000-8000-000000000001"

static void test_choose(void **state)
{
	static const struct {
		const char *label, *invitation, *want;
	} rows[] = {
		{"bound", "{\"signed_in_tenant\":\"" TENANT "\",\"tenant\":\"other.test\"}",
			TENANT},
		{"its own",
			"{\"tenant\":\"customer.test\",\"invitation_email\":\"a@mail.test\"}",
			"customer.test"},
		{"no name", "{\"tenant\":\"no/name\",\"invitation_email\":\"a@mail.test\"}",
			""},
		{"by the mailboxes",
			"{\"m365_admin_email\":\"s@admin.test\",\"invitation_email\":\"a@mail."
			"test\"}",
			"admin.test mail.test organizations"},
		{"by one", "{\"tenant\":\"\",\"invitation_email\":\"a@mail.test\"}",
			"mail.test organizations"},
		{"domains that are none", "{\"invitation_email\":\"a@../x\"}", "organizations"},
		{"nothing known", "{}", "organizations"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json_object *invitation = json_tokener_parse(rows[i].invitation);
		struct tenants tenants = {0};
		struct buf got;

		buf_init(&got, 1000);
		tenants_choose(&tenants, invitation);
		while (tenants.n > 0) {
			buf_printf(&got, "%s%s", got.len > 0 ? " " : "", tenants.names[0]);
			tenants_drop(&tenants);
		}
		assert_text(rows[i].label, got.data, rows[i].want);
		tenants_drop(&tenants);
		buf_free(&got);
		json_object_put(invitation);
	}
}

static void test_free_twice(void **state)
{
	struct json_object *invitation =
		json_tokener_parse("{\"invitation_email\":\"a@mail.test\"}");
	struct tenants tenants = {0};

	(void)state;
	tenants_choose(&tenants, invitation);
	tenants_free(&tenants);
	tenants_free(&tenants);
	assert_number("none left", (long long)tenants.n, 0);
	json_object_put(invitation);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choose),
		cmocka_unit_test(test_free_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
