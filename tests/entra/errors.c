/*
 * Entra's OAuth errors. The texts are near enough to the real ones to be
 * recognised in a log; clients are told to branch on error and suberror only. Guesses:
 * the numbers of authorization_declined, bad_verification_code and slow_down, and the
 * suberrors of revocations (POST /_sim/revoke takes another). invalid_client is HTTP 401,
 * as OAuth demands; all else is 400.
 */
#include "req.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct error_row {
	const char *error;
	int code, status;
	const char *suberror, *text; /* "$" stands for the detail */
};

static const struct error_row rows[] = {
	[ERR_TENANT] = {"invalid_tenant", 90002, 400, NULL,
		"Tenant '$' not found. Check to make sure you have the correct tenant ID and "
		"are signing into the correct cloud. Check with your subscription "
		"administrator, this may happen if there are no active subscriptions for the "
		"tenant."},
	[ERR_APP] = {"unauthorized_client", 700016, 400, NULL,
		"Application with identifier '$' was not found in the directory. This can "
		"happen if the application has not been installed by the administrator of the "
		"tenant or consented to by any user in the tenant. You may have sent your "
		"authentication request to the wrong tenant."},
	[ERR_SECRET] = {"invalid_client", 7000218, 401, NULL,
		"The request body must contain the following parameter: 'client_assertion' or "
		"'client_secret'."},
	[ERR_SPA] = {"invalid_request", 9002327, 400, NULL,
		"Tokens issued for the 'Single-Page Application' client-type may only be "
		"redeemed via cross-origin requests."},
	[ERR_MISSING] = {"invalid_request", 900144, 400, NULL,
		"The request body must contain the following parameter: '$'."},
	[ERR_REPEATED] = {"invalid_request", 9000411, 400, NULL,
		"The request is not properly formatted. The parameter '$' is duplicated."},
	[ERR_GRANT_TYPE] = {"unsupported_grant_type", 70003, 400, NULL,
		"The app requested an unsupported grant type '$'."},
	[ERR_METHOD] = {"invalid_request", 900561, 400, NULL,
		"The endpoint only accepts POST requests. Received a $ request."},
	[ERR_PENDING] = {"authorization_pending", 70016, 400, NULL,
		"OAuth 2.0 device flow error. Authorization is pending. Continue polling."},
	[ERR_DECLINED] = {"authorization_declined", 70017, 400, NULL,
		"OAuth 2.0 device flow error. The end user has denied the authorization "
		"request."},
	[ERR_EXPIRED] = {"expired_token", 70020, 400, NULL,
		"The provided value for the input parameter 'device_code' is not valid. This "
		"device code has expired."},
	[ERR_BAD_CODE] = {"bad_verification_code", 70018, 400, NULL,
		"The provided value for the input parameter 'device_code' is not valid."},
	[ERR_SLOW_DOWN] = {"slow_down", 50196, 400, NULL,
		"The client polls too often. Increase the polling interval."},
	[ERR_REDEEMED] = {"invalid_grant", 54005, 400, NULL,
		"OAuth2 Authorization code was already redeemed, please retry with a new valid "
		"code or use an existing refresh token."},
	[ERR_CODE_EXPIRED] = {"invalid_grant", 70008, 400, NULL,
		"The provided authorization code or refresh token has expired due to "
		"inactivity. Send a new interactive authorization request for this user and "
		"resource."},
	[ERR_CODE_UNKNOWN] = {"invalid_grant", 70000, 400, NULL,
		"The provided value for the 'code' parameter is not valid."},
	[ERR_CODE_CLIENT] = {"invalid_grant", 700005, 400, NULL,
		"Provided Authorization Code is intended to use against other tenant or "
		"application, thus rejected."},
	[ERR_PKCE] = {"invalid_grant", 501481, 400, NULL,
		"The Code_Verifier does not match the code_challenge supplied in the "
		"authorization request."},
	[ERR_REDIRECT_URI] = {"invalid_request", 50011, 400, NULL,
		"The redirect URI '$' specified in the request does not match the redirect "
		"URIs configured for the application."},
	[ERR_REFRESH_UNKNOWN] = {"invalid_grant", 9002313, 400, "bad_token",
		"Invalid request. Request is malformed or invalid: the refresh token is not "
		"known."},
	[ERR_REFRESH_INACTIVE] = {"invalid_grant", 700082, 400, "token_expired",
		"The refresh token has expired due to inactivity. The token was inactive for "
		"90.00:00:00."},
	[ERR_CONSENT] = {"invalid_grant", 65001, 400, "consent_required",
		"The user or administrator has not consented to use the application with ID "
		"'$'. Send an interactive authorization request for this user and resource."},
	[ERR_NO_CONSENT] = {"consent_required", 65001, 400, "consent_required",
		"The user or administrator has not consented to use the application with ID "
		"'$'."},
	[ERR_DISABLED] = {"invalid_grant", 50057, 400, NULL, "The user account is disabled."},
	[ERR_RESPONSE_TYPE] = {"unsupported_response_type", 700054, 400, NULL,
		"response_type '$' is not enabled for the application."},
	[ERR_LOGIN_REQUIRED] = {"login_required", 50058, 400, NULL,
		"A silent sign-in request was sent but no user is signed in."},
	[ERR_CANCELLED] = {"access_denied", 65004, 400, "user_cancelled",
		"User declined to consent to access the app."},
	[ERR_NEED_ADMIN] = {"access_denied", 90094, 400, NULL,
		"$ needs permission to access resources in your organization that only an "
		"admin can grant."},
	[ERR_CHALLENGE] = {"invalid_request", 501491, 400, NULL,
		"Invalid size or method of Code_Challenge parameter."},
	[ERR_FOREIGN_USER] = {"invalid_request", 50020, 400, NULL,
		"User account '$' does not exist in the tenant and cannot access the "
		"application. Sign out and sign in again with a different account."},
	[ERR_FLOW_BLOCKED] = {"access_denied", 53003, 400, NULL,
		"Access has been blocked by Conditional Access policies. The access policy "
		"does not allow token issuance."},
};

/* What a refresh may answer once a session is revoked. */
static const struct {
	int code;
	const char *suberror, *text;
} revocations[] = {
	{50173, "bad_token",
		"The provided grant has expired due to it being revoked, a fresh auth token is "
		"needed. The user might have changed or reset their password."},
	{700082, "token_expired", "The refresh token has expired due to inactivity."},
	{70008, "token_expired",
		"The provided authorization code or refresh token has expired due to "
		"inactivity."},
	{70043, "bad_token",
		"The refresh token has expired or is invalid due to sign-in frequency checks "
		"by conditional access."},
	{50076, "basic_action",
		"Due to a configuration change made by your administrator, or because you "
		"moved to a new location, you must use multi-factor authentication."},
	{50079, "basic_action",
		"Due to a configuration change made by your administrator, you must enroll in "
		"multi-factor authentication."},
	{53003, "message_only", "Access has been blocked by Conditional Access policies."},
	{530036, "message_only", "Access has been blocked by the device code flow policy."},
	{50057, NULL, "The user account is disabled."},
	{65001, "consent_required",
		"The user or administrator has not consented to use the application."},
	{0, NULL, "The grant is not valid any more."},
};

const char *oauth_error_name(enum oauth_error error)
{
	return rows[error].error;
}

int oauth_error_code(enum oauth_error error)
{
	return rows[error].code;
}

char *oauth_description(enum oauth_error error, const char *detail)
{
	struct buf text = {0};

	buf_printf(&text, "AADSTS%d: ", rows[error].code);
	for (const char *p = rows[error].text; *p; p++) {
		if (*p == '$')
			buf_puts(&text, detail ? detail : "");
		else
			buf_add(&text, p, 1);
	}
	return text.data;
}

void oauth_fail_raw(struct req *req, int status, const char *error, const char *suberror,
	const char *description, struct json_object *codes)
{
	struct json_object *json = json_object_new_object();
	char trace[37], correlation[37], stamp[32];
	time_t now = (time_t)(now_ms() / 1000);
	struct tm tm;
	struct buf text = {0};

	random_guid(trace);
	random_guid(correlation);
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%SZ", &tm);
	buf_printf(&text, "%s Trace ID: %s Correlation ID: %s Timestamp: %s", description,
		trace, correlation, stamp);
	json_add(json, "error", error);
	json_add(json, "error_description", text.data);
	json_object_object_add(json, "error_codes", codes);
	json_add(json, "timestamp", stamp);
	json_add(json, "trace_id", trace);
	json_add(json, "correlation_id", correlation);
	req->error_code = json_object_get_int(json_object_array_get_idx(codes, 0));
	text.len = 0;
	buf_printf(&text, "%s/error?code=%d", sim.base_url, req->error_code);
	json_add(json, "error_uri", text.data);
	if (suberror)
		json_add(json, "suberror", suberror);
	buf_free(&text);
	req->error = error;
	answer_json(req, status, json);
}

static struct json_object *codes_of(int code)
{
	struct json_object *codes = json_object_new_array();

	json_object_array_add(codes, json_object_new_int(code));
	return codes;
}

void oauth_fail(struct req *req, enum oauth_error error, const char *detail)
{
	const struct error_row *row = &rows[error];
	char *text = oauth_description(error, detail);

	oauth_fail_raw(req, row->status, row->error, row->suberror, text, codes_of(row->code));
	free(text);
}

void oauth_fail_code(struct req *req, int code, const char *suberror)
{
	size_t i = 0;
	char *text;

	while (revocations[i].code && revocations[i].code != code)
		i++;
	text = xformat("AADSTS%d: %s", code, revocations[i].text);
	oauth_fail_raw(req, 400, "invalid_grant", suberror ? suberror : revocations[i].suberror,
		text, codes_of(code));
	free(text);
}
