/*
 * The codes of last_error that change what is offered are token/refusal.h's names, never
 * Microsoft's numbers.
 */
#include "offer.h"

#include "platform.h"

#include "token/refusal.h"

#include <string.h>
#include <time.h>

static const struct {
	const char *action, *other; /* the way, and its button's word where it comes second */
} ways[] = {
	[SIGN_IN_DEVICE] = {"start", "other_device"},
	[SIGN_IN_CODE] = {"code", "other_browser"},
};

static const struct {
	const char *code;
	bool consent; /* nothing goes on before an administrator approves */
} lasting[] = {
	{REFUSAL_CONSENT, true},
	{"scopes_missing", true},
	{"wrong_tenant", true},
	{REFUSAL_POLICY, false},
	{REFUSAL_ACCOUNT, false},
	{"access_denied", false},
	{"not_assigned", false},
	{"interaction_required", false},
	{"login_required", false},
	{"too_late", false},
};

static bool consent_fault(const char *code)
{
	for (size_t i = 0; i < sizeof(lasting) / sizeof(lasting[0]); i++)
		if (strcmp(lasting[i].code, code) == 0)
			return lasting[i].consent;
	return false;
}

/* Was the consent given after that moment? Times are written alike, so that they compare as
 * text. */
static bool granted_since(struct json_object *invitation, const char *when)
{
	return strcmp(json_string(invitation, "consent", ""), "granted") == 0 &&
	       strcmp(json_string(invitation, "consent_at", ""), when) >= 0;
}

/* Of the last fault, as long as nothing has mended it. */
static const char *last_code(struct json_object *invitation)
{
	struct json_object *last = json_member(invitation, "last_error");
	const char *code = json_string(last, "code", "");

	if (consent_fault(code) && granted_since(invitation, json_string(last, "at", "")))
		return "";
	return code;
}

bool offer_fault_matters(struct json_object *invitation, bool code)
{
	const char *last = last_code(invitation);

	for (size_t i = 0; i < sizeof(lasting) / sizeof(lasting[0]); i++)
		if (strcmp(lasting[i].code, last) == 0)
			return true;
	return last[0] != '\0' && !code;
}

static bool consent_missing(struct json_object *invitation, enum status status)
{
	return consent_fault(last_code(invitation)) || status == STATUS_CONSENT_REQUESTED ||
	       status == STATUS_CONSENT_DENIED || status == STATUS_CONSENT_EXPIRED;
}

static bool expected(struct json_object *invitation)
{
	return json_string(invitation, "signed_in_as", "")[0] != '\0' ||
	       json_string(invitation, "m365_admin_email", "")[0] != '\0';
}

/* As set; but a policy that blocks device codes often lets browsers in. */
static enum sign_in_method first_way(
	const struct settings *settings, struct json_object *invitation)
{
	if (strcmp(last_code(invitation), REFUSAL_POLICY) == 0)
		return SIGN_IN_CODE;
	return settings->sign_in_method;
}

static void offer_sign_in(const struct settings *settings, struct json_object *invitation,
	bool code, struct offer *offer_r)
{
	enum sign_in_method first = first_way(settings, invitation);
	enum sign_in_method second = first == SIGN_IN_CODE ? SIGN_IN_DEVICE : SIGN_IN_CODE;
	enum status status = record_status(invitation, time(NULL));

	if (code) { /* which is the first way, and under way */
		second = SIGN_IN_CODE;
	} else {
		offer_r->action = ways[first].action;
		offer_r->button = step_of(status)->button;
		if (first == SIGN_IN_CODE && step_of(status)->mentions_code)
			offer_r->next = "browser_next";
		offer_r->hint = !expected(invitation);
	}
	offer_r->other_action = ways[second].action;
	offer_r->other_button = ways[second].other;
	offer_r->approve_open = consent_missing(invitation, status);
	offer_r->approve = offer_r->approve_open || status != STATUS_CONSENT_GRANTED;
	offer_r->sign_out = strcmp(last_code(invitation), REFUSAL_ACCOUNT) == 0;
}

void offer_make(const struct settings *settings, struct json_object *invitation, bool code,
	struct offer *offer_r)
{
	const struct step *step = step_of(record_status(invitation, time(NULL)));

	memset(offer_r, 0, sizeof(*offer_r));
	if (step->action == STEP_CONFIRM) {
		offer_r->action = "confirm";
		offer_r->button = step->button;
	} else if (step->action == STEP_START && platform_leads(settings, invitation)) {
		offer_r->action = "go";
		offer_r->button = "button_go";
		offer_r->next = "go_next";
	} else if (step->action == STEP_START) {
		offer_sign_in(settings, invitation, code, offer_r);
	}
}

int offer_require_words(const struct words *words, struct error *error)
{
	static const char *const names[] = {
		"button_go", "go_next", "browser_next", "other_device", "other_browser", NULL};

	for (size_t i = 0; names[i] != NULL; i++)
		if (words_require(words, names[i], error) != 0)
			return -1;
	return 0;
}
