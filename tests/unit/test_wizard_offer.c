/*
 * What a page offers beside its words: a way on for each status, setting and fault.
 */
#include "support.h"

#include "../../wizard/offer.c"
#include "../../wizard/platform.c"
#include "../../wizard/step.c"

#include <stdio.h>

#define OPEN	"\"expires_at\":\"2999-01-01T00:00:00Z\""
#define STARTED OPEN ",\"sign_in_started_at\":\"2026-01-01T00:00:00Z\""
#define FAULT(c)                                                                               \
	STARTED ",\"last_error\":{\"code\":\"" c                                               \
		"\",\"text\":\"x\",\"at\":\"2026-01-02T00:00:00Z\"}"
#define BEFORE	   "\"2026-01-01T23:59:59Z\""
#define LATER	   "\"2026-01-02T00:00:00Z\""
#define ADMIN	   ",\"m365_admin_email\":\"ada@customer.test\""
#define PLATFORM   ",\"platform_invitation_id\":\"4f0a\""
#define CONSENT(c) STARTED ",\"consent\":\"" c "\""

#define NONE	0u
#define HINT	1u
#define APPROVE 2u
#define UNFOLD	4u
#define LEAVE	8u

static const struct {
	const char *label, *invitation;
	enum sign_in_method method;
	enum wizard_mode mode;
	bool code;
	const char *action, *button, *other; /* NULL: none */
	const char *next;
	unsigned offered;
} cases[] = {
	{"new", OPEN, SIGN_IN_DEVICE, WIZARD_BUILTIN, false, "start", "button_start", "code",
		NULL, HINT | APPROVE},
	{"new, who is expected is known", OPEN ADMIN, SIGN_IN_DEVICE, WIZARD_BUILTIN, false,
		"start", "button_start", "code", NULL, APPROVE},
	{"the other way first", OPEN, SIGN_IN_CODE, WIZARD_BUILTIN, false, "code",
		"button_start", "start", "browser_next", HINT | APPROVE},
	{"a code lives", STARTED, SIGN_IN_DEVICE, WIZARD_BUILTIN, true, NULL, NULL, "code",
		NULL, APPROVE},
	{"a code lives, the other way first", STARTED, SIGN_IN_CODE, WIZARD_BUILTIN, true, NULL,
		NULL, "code", NULL, APPROVE},
	{"blocked by policy", FAULT("blocked_by_policy") ADMIN, SIGN_IN_DEVICE, WIZARD_BUILTIN,
		false, "code", "button_start", "start", "browser_next", APPROVE},
	{"wrong account", FAULT("wrong_account") ADMIN, SIGN_IN_DEVICE, WIZARD_BUILTIN, false,
		"start", "button_start", "code", NULL, APPROVE | LEAVE},
	{"consent missing", FAULT("consent_required") ADMIN, SIGN_IN_DEVICE, WIZARD_BUILTIN,
		false, "start", "button_start", "code", NULL, APPROVE | UNFOLD},
	{"permissions missing", FAULT("scopes_missing") ADMIN, SIGN_IN_DEVICE, WIZARD_BUILTIN,
		false, "start", "button_start", "code", NULL, APPROVE | UNFOLD},
	{"a passing fault", FAULT("http_503") ADMIN, SIGN_IN_DEVICE, WIZARD_BUILTIN, false,
		"start", "button_start", "code", NULL, APPROVE},
	{"approval requested, a code lives", CONSENT("requested") ADMIN, SIGN_IN_DEVICE,
		WIZARD_BUILTIN, true, NULL, NULL, "code", NULL, APPROVE | UNFOLD},
	{"denied", CONSENT("denied") ADMIN, SIGN_IN_DEVICE, WIZARD_BUILTIN, false, "start",
		"button_start", "code", NULL, APPROVE | UNFOLD},
	{"nobody decided", CONSENT("expired") ADMIN, SIGN_IN_CODE, WIZARD_BUILTIN, false,
		"code", "button_start", "start", NULL, APPROVE | UNFOLD},
	{"approved", CONSENT("granted") ADMIN, SIGN_IN_DEVICE, WIZARD_BUILTIN, false, "start",
		"button_start", "code", NULL, NONE},
	{"approved since",
		FAULT("consent_required") ",\"consent\":\"granted\",\"consent_at\":" LATER
			ADMIN,
		SIGN_IN_DEVICE, WIZARD_BUILTIN, false, "start", "button_start", "code", NULL,
		NONE},
	{"approved, but Microsoft does not think so",
		FAULT("consent_required") ",\"consent\":\"granted\",\"consent_at\":" BEFORE
			ADMIN,
		SIGN_IN_DEVICE, WIZARD_BUILTIN, false, "start", "button_start", "code", NULL,
		APPROVE | UNFOLD},
	{"failed", OPEN ",\"failed_at\":\"2026-01-01T00:00:00Z\"" ADMIN, SIGN_IN_CODE,
		WIZARD_BUILTIN, false, "code", "button_retry", "start", NULL, APPROVE},
	{"second sign-in", OPEN ",\"device_authenticated\":true,\"token_state\":\"valid\"",
		SIGN_IN_CODE, WIZARD_BUILTIN, false, "confirm", "button_continue", NULL, NULL,
		NONE},
	{"revoked", OPEN ",\"revoked_at\":\"2026-01-01T00:00:00Z\"" PLATFORM, SIGN_IN_DEVICE,
		WIZARD_REDIRECT, false, NULL, NULL, NULL, NULL, NONE},
	{"expired", "\"expires_at\":\"2020-01-01T00:00:00Z\"" PLATFORM, SIGN_IN_DEVICE,
		WIZARD_REDIRECT, false, NULL, NULL, NULL, NULL, NONE},
	{"the platform's pages", OPEN PLATFORM, SIGN_IN_DEVICE, WIZARD_REDIRECT, false, "go",
		"button_go", NULL, "go_next", NONE},
	{"the platform's pages, approved", CONSENT("granted") PLATFORM, SIGN_IN_DEVICE,
		WIZARD_REDIRECT, false, "go", "button_go", NULL, "go_next", NONE},
	{"no link of the platform's", OPEN ADMIN, SIGN_IN_DEVICE, WIZARD_REDIRECT, false,
		"start", "button_start", "code", NULL, APPROVE},
};

static unsigned bits(const struct offer *offer)
{
	return (offer->hint ? HINT : 0) | (offer->approve ? APPROVE : 0) |
	       (offer->approve_open ? UNFOLD : 0) | (offer->sign_out ? LEAVE : 0);
}

static struct json_object *record_of(const char *members)
{
	struct json_object *record = NULL;
	struct error error;
	char text[1000];

	snprintf(text, sizeof(text), "{%s}", members);
	assert_number(members, json_parse(text, strlen(text), &record, &error), 0);
	return record;
}

static void test_offers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct settings settings = {.sign_in_method = cases[i].method,
			.wizard_mode = cases[i].mode,
			.platform_url = "https://ump.example"};
		struct json_object *invitation = record_of(cases[i].invitation);
		struct offer offer;

		offer_make(&settings, invitation, cases[i].code, &offer);
		assert_text(cases[i].label, offer.action, cases[i].action);
		assert_text(cases[i].label, offer.button, cases[i].button);
		assert_text(cases[i].label, offer.other_action, cases[i].other);
		assert_number(
			cases[i].label, offer.other_button != NULL, cases[i].other != NULL);
		assert_text(cases[i].label, offer.next, cases[i].next);
		assert_number(cases[i].label, bits(&offer), cases[i].offered);
		json_object_put(invitation);
	}
}

static void test_faults_that_matter(void **state)
{
	static const struct {
		const char *label, *invitation;
		bool alone, with_code;
	} faults[] = {
		{"none", STARTED, false, false},
		{"policy", FAULT("blocked_by_policy"), true, true},
		{"cancelled", FAULT("access_denied"), true, true},
		{"tried again by itself", FAULT("http_503"), true, false},
		{"consent", FAULT("consent_required"), true, true},
		{"consent, given since",
			FAULT("consent_required") ",\"consent\":\"granted\",\"consent_"
						  "at\":" LATER,
			false, false},
		{"another one, consent given since",
			FAULT("wrong_account") ",\"consent\":\"granted\",\"consent_at\":" LATER,
			true, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct json_object *invitation = record_of(faults[i].invitation);

		assert_number(faults[i].label, offer_fault_matters(invitation, false),
			faults[i].alone);
		assert_number(faults[i].label, offer_fault_matters(invitation, true),
			faults[i].with_code);
		json_object_put(invitation);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offers),
		cmocka_unit_test(test_faults_that_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
