/*
 * One row a line of Entra's ways to say no, found out of the vendor's documentation. The words
 * are read by the customer's people on the page and by the operator in the record: what
 * happened, and what to do.
 */
#include "token/refusal_table.h"

#define CONSENT_WORDS                                                                          \
	"an administrator has to approve the permissions; after the approval "                 \
	"somebody signs in again"
#define CONSENT(error, suberror, code)                                                         \
	{                                                                                      \
		error, suberror, code, OUTCOME_CONSENT_REQUIRED, CONSENT_WORDS,                \
			.name = REFUSAL_CONSENT                                                \
	}
#define BLOCKED(error, code, outcome)                                                          \
	{                                                                                      \
		error, NULL, code, outcome,                                                    \
			"a conditional access policy of the tenant blocks this sign-in; its "  \
			"administrator has to allow it, or the sign-in in the browser may "    \
			"work where the device code does not",                                 \
			.name = REFUSAL_POLICY,                                                \
			.in_browser = "a conditional access policy of the tenant blocks this " \
				      "sign-in; its administrator has to allow it"             \
	}
#define AWAY_IN_BROWSER                                                                        \
	"Microsoft's sign-in service is in trouble for the moment; please press the button "   \
	"once more in a minute"
#define PUBLIC_CLIENT_WORDS                                                                    \
	"Entra wants a client secret; in the app registration, under "                         \
	"Authentication, set \"Allow public client flows\" to Yes and list the "               \
	"redirect URI under \"Mobile and desktop applications\", not under "                   \
	"\"Web\""

const struct refusal_row refusal_table[] = {
	{"authorization_pending", NULL, 0, OUTCOME_PENDING,
		"nobody has signed in with the code yet"},
	{"slow_down", NULL, 0, OUTCOME_SLOW_DOWN, "Microsoft asks to poll less often"},

	{"authorization_declined", NULL, 0, OUTCOME_DECLINED,
		"the sign-in was declined; start again if that was a mistake"},
	CONSENT("access_denied", NULL, 65001),
	CONSENT("access_denied", NULL, 90094),
	CONSENT("access_denied", NULL, 90095),
	BLOCKED("access_denied", 53003, OUTCOME_DECLINED),
	BLOCKED("access_denied", 530036, OUTCOME_DECLINED),
	{"access_denied", NULL, 50105, OUTCOME_DECLINED,
		"the tenant lets only assigned users sign in to the application; its "
		"administrator has to assign the account",
		.name = "not_assigned"},
	{"access_denied", NULL, 65004, OUTCOME_DECLINED,
		"the person who signed in did not accept the permissions; start again and "
		"accept them, or ask an administrator to approve them"},
	{"access_denied", NULL, 0, OUTCOME_DECLINED,
		"the sign-in was cancelled or refused; start again if that was a mistake"},

	{"expired_token", NULL, 0, OUTCOME_EXPIRED,
		"the code has expired; start again for a new one"},
	{"code_expired", NULL, 0, OUTCOME_EXPIRED,
		"the code has expired; start again for a new one"},
	{"bad_verification_code", NULL, 0, OUTCOME_BAD_CODE,
		"Microsoft does not know the code any more; start again for a new one"},

	CONSENT("consent_required", NULL, 0),
	CONSENT("invalid_grant", "consent_required", 0),
	CONSENT("invalid_grant", NULL, 65001),
	CONSENT("invalid_grant", NULL, 90094),
	CONSENT("invalid_grant", NULL, 90095),
	CONSENT("interaction_required", "consent_required", 0),
	CONSENT("interaction_required", NULL, 65001),
	CONSENT("interaction_required", NULL, 90094),
	CONSENT("interaction_required", NULL, 90095),

	{"invalid_grant", NULL, 50173, OUTCOME_NEEDS_SIGN_IN,
		"the account's password was changed or its sessions were revoked; sign in again"},
	{"invalid_grant", NULL, 700082, OUTCOME_NEEDS_SIGN_IN,
		"the token was not used for 90 days; sign in again"},
	{"invalid_grant", NULL, 70008, OUTCOME_NEEDS_SIGN_IN,
		"the code or token was not used in time; sign in again"},
	{"invalid_grant", NULL, 70043, OUTCOME_NEEDS_SIGN_IN,
		"a sign-in frequency policy of the tenant ended the token; sign in again"},
	{"invalid_grant", NULL, 50076, OUTCOME_NEEDS_SIGN_IN,
		"multi-factor authentication is required; sign in again with it"},
	{"invalid_grant", NULL, 50079, OUTCOME_NEEDS_SIGN_IN,
		"multi-factor authentication has to be set up for the account; do so and "
		"sign in again"},
	BLOCKED("invalid_grant", 53003, OUTCOME_NEEDS_SIGN_IN),
	BLOCKED("invalid_grant", 530036, OUTCOME_NEEDS_SIGN_IN),
	{"invalid_grant", NULL, 50057, OUTCOME_NEEDS_SIGN_IN,
		"the account is disabled; enable it, or sign in again with another one"},
	{"invalid_grant", NULL, 54005, OUTCOME_BAD_CODE,
		"the code was used already; start again for a new one"},
	{"invalid_grant", NULL, 501481, OUTCOME_BAD_CODE,
		"the code does not belong to this sign-in; start again"},
	{"invalid_grant", "user_password_expired", 0, OUTCOME_NEEDS_SIGN_IN,
		"the account's password has expired; change it and sign in again"},
	{"invalid_grant", "protection_policy_required", 0, OUTCOME_NEEDS_SIGN_IN,
		"an app protection policy of the tenant refuses this application; its "
		"administrator has to exempt it, then sign in again"},
	{"invalid_grant", "device_authentication_failed", 0, OUTCOME_NEEDS_SIGN_IN,
		"the tenant accepts sign-ins of managed devices only; its administrator "
		"has to exempt this application, then sign in again"},
	{"invalid_grant", "client_mismatch", 0, OUTCOME_NEEDS_SIGN_IN,
		"the token belongs to another application; sign in again"},
	{"invalid_grant", "bad_token", 0, OUTCOME_NEEDS_SIGN_IN,
		"the token is not accepted any more; sign in again"},
	{"invalid_grant", "token_expired", 0, OUTCOME_NEEDS_SIGN_IN,
		"the token has expired; sign in again"},
	{"invalid_grant", NULL, 0, OUTCOME_NEEDS_SIGN_IN,
		"Microsoft does not accept the code or token any more; sign in again"},
	BLOCKED("interaction_required", 53003, OUTCOME_NEEDS_SIGN_IN),
	BLOCKED("interaction_required", 530036, OUTCOME_NEEDS_SIGN_IN),
	{"interaction_required", NULL, 0, OUTCOME_NEEDS_SIGN_IN,
		"Microsoft wants the person at the screen; sign in again"},
	{"login_required", NULL, 0, OUTCOME_NEEDS_SIGN_IN,
		"nobody is signed in; sign in again"},

	{"invalid_client", NULL, 7000218, OUTCOME_CONFIGURATION, PUBLIC_CLIENT_WORDS},
	{"invalid_client", NULL, 0, OUTCOME_CONFIGURATION,
		"Entra does not accept the application as a public client; check client_id "
		"and, in the app registration, \"Allow public client flows\"",
		true},
	{"unauthorized_client", NULL, 700016, OUTCOME_CONFIGURATION,
		"Entra does not know the application in that tenant; check client_id, and "
		"that the app registration is multi-tenant"},
	{"unauthorized_client", NULL, 0, OUTCOME_CONFIGURATION,
		"Entra does not let the application do this; check client_id and the app "
		"registration",
		true},
	{"invalid_request", NULL, 7000218, OUTCOME_CONFIGURATION, PUBLIC_CLIENT_WORDS},
	{"invalid_request", NULL, 9002327, OUTCOME_CONFIGURATION,
		"the redirect URI is registered for a single-page application; move it to "
		"\"Mobile and desktop applications\" in the app registration"},
	{"invalid_request", NULL, 50011, OUTCOME_CONFIGURATION,
		"the redirect URI is not registered; add wizard_url/callback under "
		"\"Mobile and desktop applications\" in the app registration"},
	{"invalid_request", NULL, 90002, OUTCOME_CONFIGURATION,
		"Entra does not know the tenant; check the customer's tenant or mailbox "
		"domain, and authority_url"},
	{"invalid_request", NULL, 50020, OUTCOME_DECLINED,
		"the account that signed in does not belong to the tenant; start again "
		"with another one"},
	{"invalid_tenant", NULL, 0, OUTCOME_CONFIGURATION,
		"Entra does not know the tenant; check the customer's tenant or mailbox "
		"domain, and authority_url"},
	{"invalid_scope", NULL, 0, OUTCOME_CONFIGURATION,
		"Entra does not know one of the permissions; check scopes", true},
	{"invalid_resource", NULL, 0, OUTCOME_CONFIGURATION,
		"Entra does not know the resource; check scopes and graph_url", true},
	{"unsupported_grant_type", NULL, 0, OUTCOME_CONFIGURATION,
		"the authority does not offer this kind of sign-in; check authority_url", true},
	{"unsupported_response_type", NULL, 0, OUTCOME_CONFIGURATION,
		"the app registration does not allow the authorization code flow", true},

	{"temporarily_unavailable", NULL, 0, OUTCOME_TEMPORARY,
		"Microsoft's sign-in service is not available for the moment; it is tried again",
		.in_browser = AWAY_IN_BROWSER},
	{"server_error", NULL, 0, OUTCOME_TEMPORARY,
		"Microsoft's sign-in service has an error; it is tried again",
		.in_browser = AWAY_IN_BROWSER},

	{NULL, NULL, 0, OUTCOME_TERMINAL,
		"Microsoft refused for a reason that is not known here; start again, or "
		"tell support the codes",
		true},
};
