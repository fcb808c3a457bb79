/*
 * What a customer is told: words and a way on for every status, a reason for every permission,
 * and what went wrong, in the shipped catalogs.
 */
#include "support.h"

#include "web/names.h"

#include "../../wizard/fault.c"
#include "../../wizard/permission.c"
#include "../../wizard/step.c"

#include <stdio.h>
#include <string.h>

#define DIRECTORY "conf/templates"

static void no_gaps(void *context, const char *text)
{
	(void)context;
	fail_msg("%s", text);
}

static int set_up(void **state)
{
	struct words_source source = {
		.directory = DIRECTORY, .values = all_names, .missing = no_gaps};
	struct words *words;
	struct error error = {0};

	words = words_load(&source, &error);
	if (words == NULL)
		fail_msg("%s", error.text);
	*state = words;
	return 0;
}

static int tear_down(void **state)
{
	struct words *words = *state;

	words_free(&words);
	return 0;
}

static const struct catalog *language(void **state, const char *tag)
{
	return words_choose(*state, NULL, tag);
}

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
	const struct catalog *english = language(state, "en");
	struct error error;

	assert_int_equal(ARRAY_SIZE(cases), STATUS_COUNT);
	assert_int_equal(step_require_words(*state, &error), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *label = status_name(cases[i].status);
		const struct step *step = step_of(cases[i].status);

		const char *heading = catalog_text(english, step->heading);

		if (heading == NULL || strstr(heading, cases[i].heading) == NULL)
			fail_msg("%s: the heading is \"%s\"", label, heading);
		if (step->text == NULL || step->next == NULL)
			fail_msg("%s: a page without words, or a dead end", label);
		assert_number(label, step->action, cases[i].action);
		assert_number(label, step->http_status, cases[i].http_status);
		/* A button where there is something to do, and nowhere else. */
		assert_number(label, step->button != NULL, step->action != STEP_NOTHING);
		/* No code is shown where none can be started. */
		assert_number(label, step->ended, step->action != STEP_START);
		assert_number(label, step->code_heading != NULL && step->code_text != NULL,
			!step->ended);
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
	struct permission_rows *rows = permission_rows_new(scopes, *state);
	const struct template_value *const *list = permission_rows_list(rows);

	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		const char *why = catalog_text(language(state, "en"), list[i][1].word);

		assert_text("name", list[i][0].text, want[i][0]);
		if (strstr(why, want[i][1]) == NULL)
			fail_msg("%s: got \"%s\"", want[i][0], why);
	}
	assert_null(list[ARRAY_SIZE(want)]);
	permission_rows_free(&rows);
	assert_null(rows);
	rows = permission_rows_new(none, *state);
	assert_null(permission_rows_list(rows)[0]);
	permission_rows_free(&rows);
	permission_rows_free(&rows);
}

static const struct {
	const char *label, *language, *code, *text;
	const char *word, *said, *codes, *other;
} faults[] = {
	{"nothing", "de", "invalid_grant", "", "", "", "", ""},
	{"English says it itself", "en", "expired_token",
		"the code has expired (expired_token)", "",
		"The code has expired (expired_token).", "", ""},
	{"no code", "de", NULL, "it broke; try again", "", "It broke; try again.", "", ""},
	{"unknown code", "de", "odd-Code", "why?", "", "Why?", "", ""},
	{"by code", "de", "expired_token", "the code has expired (expired_token)",
		"refusal_expired_token", "", "expired_token", ""},
	{"by number first", "de", "invalid_grant",
		"it (x) died (invalid_grant/bad_token, AADSTS50173)", "refusal_aadsts50173", "",
		"invalid_grant/bad_token, AADSTS50173", ""},
	{"the first number counts", "de", "invalid_grant",
		"died (invalid_grant, AADSTS50173, AADSTS1)", "refusal_aadsts50173", "",
		"invalid_grant, AADSTS50173, AADSTS1", ""},
	{"unknown number", "he", "invalid_grant", "died (invalid_grant, AADSTS1, AADSTS2)",
		"refusal_invalid_grant", "", "invalid_grant, AADSTS1, AADSTS2", ""},
	{"who it was", "he", "wrong_account", "a@b.test signed in, but c@d.test is expected",
		"refusal_wrong_account", "", "", "a@b.test"},
	{"a mailbox stays small", "en", "wrong_account", "a@b.test signed in", "",
		"a@b.test signed in.", "", ""},
	{"brackets that do not end", "fr", "expired_token", "x (expired_token",
		"refusal_expired_token", "", "expired_token", ""},
};

static void test_faults(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		const char *label = faults[i].label;
		struct fault fault;

		fault_refusal(language(state, faults[i].language), faults[i].code,
			faults[i].text, &fault);
		assert_text(label, fault.word, faults[i].word);
		assert_text(label, fault.text, faults[i].said);
		assert_text(label, fault.codes, faults[i].codes);
		assert_text(label, fault.other_account, faults[i].other);
		assert_number(label, fault_said(&fault), faults[i].text[0] != '\0');
	}
}

static void test_long_faults(void **state)
{
	char text[2000], code[200];
	struct fault fault;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	memset(code, 'c', sizeof(code));
	code[sizeof(code) - 1] = '\0';
	fault_refusal(language(state, "de"), code, text, &fault);
	assert_int_equal(strlen(fault.text), sizeof(fault.text) - 1);
	assert_int_equal(fault.text[sizeof(fault.text) - 2], '.');
	fault_refusal(language(state, "de"), "wrong_account", text, &fault);
	assert_int_equal(strlen(fault.other_account), sizeof(fault.other_account) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_status),
		cmocka_unit_test(test_permissions),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_long_faults),
	};

	return cmocka_run_group_tests_name("wizard step", tests, set_up, tear_down);
}
