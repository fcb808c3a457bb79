/*
 * What a customer is told: words and a way on for every status; a reason for every permission.
 */
#include "support.h"

#include "../../wizard/permission.c"
#include "../../wizard/step.c"

#include <string.h>

static const struct {
	enum status status;
	const char *heading; /* part of it */
	enum step_action action;
	unsigned http_status;
} cases[] = {
	{STATUS_REVOKED, "withdrawn", STEP_NOTHING, 410},
	{STATUS_AUTHENTICATION_COMPLETE, "completed", STEP_NOTHING, 200},
	{STATUS_NEEDS_SIGN_IN, "sign in again", STEP_START, 200},
	{STATUS_EXPIRED, "expired", STEP_NOTHING, 410},
	{STATUS_DEVICE_AUTHENTICATED, "Token acquired", STEP_CONFIRM, 200},
	{STATUS_FAILED, "could not be completed", STEP_START, 200},
	{STATUS_CONSENT_DENIED, "not approved", STEP_START, 200},
	{STATUS_CONSENT_EXPIRED, "Nobody decided", STEP_START, 200},
	{STATUS_CONSENT_GRANTED, "Approved", STEP_START, 200},
	{STATUS_CONSENT_REQUESTED, "Waiting for approval", STEP_START, 200},
	{STATUS_SIGN_IN_STARTED, "Not signed in yet", STEP_START, 200},
	{STATUS_LINK_OPENED, "Connect", STEP_START, 200},
	{STATUS_EMAIL_FAILED, "Connect", STEP_START, 200},
	{STATUS_EMAIL_SENT, "Connect", STEP_START, 200},
	{STATUS_PENDING, "Connect", STEP_START, 200},
};

static void test_every_status(void **state)
{
	(void)state;
	assert_int_equal(ARRAY_SIZE(cases), STATUS_COUNT);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *label = status_name(cases[i].status);
		const struct step *step = step_of(cases[i].status);

		if (step->heading == NULL || strstr(step->heading, cases[i].heading) == NULL)
			fail_msg("%s: the heading is \"%s\"", label, step->heading);
		if (step->text == NULL || step->next == NULL)
			fail_msg("%s: a page without words, or a dead end", label);
		assert_number(label, step->action, cases[i].action);
		assert_number(label, step->http_status, cases[i].http_status);
		/* A button where there is something to do, and nowhere else. */
		assert_number(label, step->button != NULL, step->action != STEP_NOTHING);
		/* No code is shown where none can be started. */
		assert_number(label, step->ended, step->action != STEP_START);
	}
}

static void test_permissions(void **state)
{
	static const char *const scopes[] = {"https://graph.microsoft.com/User.Read.All",
		"directory.accessasuser.all", "offline_access", "Calls.Initiate.All", "odd/",
		NULL};
	static const char *const want[][2] = {
		{"User.Read.All", "Find the users"},
		{"directory.accessasuser.all", "Read and write directory data"},
		{"offline_access", "Stay connected"},
		{"Calls.Initiate.All", "its provider can tell you why"},
		{"odd/", "its provider can tell you why"},
	};
	static const char *const none[] = {NULL};
	struct permission_rows *rows = permission_rows_new(scopes);
	const struct template_value *const *list = permission_rows_list(rows);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_text("name", list[i][0].text, want[i][0]);
		if (strstr(list[i][1].text, want[i][1]) == NULL)
			fail_msg("%s: got \"%s\"", want[i][0], list[i][1].text);
	}
	assert_null(list[ARRAY_SIZE(want)]);
	permission_rows_free(&rows);
	assert_null(rows);
	rows = permission_rows_new(none);
	assert_null(permission_rows_list(rows)[0]);
	permission_rows_free(&rows);
	permission_rows_free(&rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_status),
		cmocka_unit_test(test_permissions),
	};

	return cmocka_run_group_tests_name("wizard step", tests, NULL, NULL);
}
