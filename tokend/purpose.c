/*
 * What browsers are sent to Microsoft for: one table says of each purpose when it may be, where
 * the browser goes, and what becomes of what it brings back.
 */
#include "flow.h"
#include "redirect.h"

#include "invite/record.h"
#include "token/protocol.h"

#include <string.h>
#include <time.h>

#define HOUR 3600

static int check_sign_in(const struct request *request, struct error *error)
{
	const char *reason = no_sign_in(record_status(request->invitation, time(NULL)));
	const struct flow *flow =
		flow_wanted(request->tokend, json_string(request->invitation, "id", ""));

	if (reason != NULL)
		return error_set(error, ERROR_CONFLICT, "%s", reason);
	if (flow != NULL && flow_signed_in(flow))
		return error_set(error, ERROR_CONFLICT, SIGNED_IN);
	return 0;
}

static int check_confirm(const struct request *request, struct error *error)
{
	if (record_status(request->invitation, time(NULL)) == STATUS_DEVICE_AUTHENTICATED)
		return 0;
	return error_set(error, ERROR_CONFLICT,
		"there is nothing to confirm; open the link of the invitation to see where it "
		"stands");
}

/* Whom to expect; where that is not known, whom the page's field names. */
static const char *login_hint(const struct request *request)
{
	const char *said = json_string(request->body, "login_hint", "");
	const char *expected = json_string(request->invitation, "signed_in_as",
		json_string(request->invitation, "m365_admin_email", ""));

	if (expected[0] != '\0')
		return expected;
	return login_hint_valid(said) ? said : NULL;
}

/* Who got in with the wrong account is asked which one, or the browser would offer the same
 * again. */
static const char *prompt(const struct request *request)
{
	const char *code =
		json_string(json_member(request->invitation, "last_error"), "code", "");

	return strcmp(code, REFUSAL_ACCOUNT) == 0 ? "select_account" : NULL;
}

static string_list sign_in_scopes(const struct settings *settings)
{
	return settings->scopes;
}

static string_list confirm_scopes(const struct settings *settings)
{
	return settings->confirmation_scopes;
}

static char *authorize_url(const struct request *request, const struct way *way)
{
	const struct settings *settings = request->tokend->generation->settings;
	const struct oauth_authorize authorize = {
		.endpoint = way->discovery->authorization_endpoint,
		.client_id = settings->client_id,
		.redirect_uri = way->uri,
		.scopes = request->redirect->purpose->scopes(settings),
		.state = way->state,
		.nonce = way->nonce,
		.challenge = way->challenge,
		.login_hint = login_hint(request),
		.prompt = prompt(request)};

	return oauth_authorize_url(&authorize);
}

static char *approval_url(const struct request *request, const struct way *way)
{
	const struct settings *settings = request->tokend->generation->settings;
	const struct oauth_admin_consent consent = {.authority_url = settings->authority_url,
		.tenant = way->tenant,
		.client_id = settings->client_id,
		.redirect_uri = way->uri,
		.scopes = settings->scopes,
		.state = way->state};

	return oauth_admin_consent_url(&consent);
}

/* An hour, for some have to set up a second factor first; an administrator may want to read and
 * ask. */
static const struct purpose purposes[] = {
	{"sign_in", HOUR, check_sign_in, authorize_url, "code", sign_in_back, sign_in_scopes,
		sign_in_tokens},
	{"confirm", HOUR, check_confirm, authorize_url, NULL, code_back, confirm_scopes,
		confirm_tokens},
	{"approve", 24 * HOUR, check_sign_in, approval_url, NULL, approval_back},
};

const struct purpose *purpose_find(const char *name)
{
	for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++)
		if (strcmp(purposes[i].name, name) == 0)
			return &purposes[i];
	return NULL;
}
