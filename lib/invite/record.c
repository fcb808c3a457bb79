/*
 * Status: the first row whose condition holds. Each condition is one small function over the
 * record's facts; the table's order is the design's.
 */
#include "invite/record.h"

#include "base/clock.h"

#include <string.h>

static bool has(struct json_object *record, const char *name)
{
	return json_member(record, name) != NULL;
}

static bool is(struct json_object *record, const char *name, const char *value)
{
	return strcmp(json_string(record, name, "none"), value) == 0;
}

time_t record_expires_at(struct json_object *record)
{
	time_t when;

	return clock_parse(json_string(record, "expires_at", NULL), &when) == 0 ? when : 0;
}

time_t record_token_used_at(struct json_object *record)
{
	static const char *const uses[] = {
		"device_authenticated_at", "validated_at", "token_used_at"};
	time_t last = 0, when;

	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		if (clock_parse(json_string(record, uses[i], NULL), &when) == 0 && when > last)
			last = when;
	return last;
}

static bool revoked(struct json_object *record, time_t now)
{
	(void)now;
	return has(record, "revoked_at");
}

static bool complete(struct json_object *record, time_t now)
{
	(void)now;
	return has(record, "authentication_complete_at") && is(record, "token_state", "valid");
}

static bool needs_sign_in(struct json_object *record, time_t now)
{
	(void)now;
	return is(record, "token_state", "needs_sign_in");
}

static bool expired(struct json_object *record, time_t now)
{
	time_t when = record_expires_at(record);

	return when != 0 && now > when && is(record, "token_state", "none");
}

static bool device_authenticated(struct json_object *record, time_t now)
{
	(void)now;
	return json_flag(record, "device_authenticated", false);
}

static bool failed(struct json_object *record, time_t now)
{
	(void)now;
	return has(record, "failed_at");
}

static bool consent_denied(struct json_object *record, time_t now)
{
	(void)now;
	return is(record, "consent", "denied");
}

static bool consent_expired(struct json_object *record, time_t now)
{
	(void)now;
	return is(record, "consent", "expired");
}

static bool consent_granted(struct json_object *record, time_t now)
{
	(void)now;
	return is(record, "consent", "granted");
}

static bool consent_requested(struct json_object *record, time_t now)
{
	(void)now;
	return is(record, "consent", "requested");
}

static bool sign_in_started(struct json_object *record, time_t now)
{
	(void)now;
	return has(record, "sign_in_started_at");
}

static bool link_opened(struct json_object *record, time_t now)
{
	(void)now;
	return has(record, "link_opened_at");
}

static bool email_failed(struct json_object *record, time_t now)
{
	(void)now;
	return is(record, "delivery", "failed");
}

static bool email_sent(struct json_object *record, time_t now)
{
	(void)now;
	return json_flag(record, "email_sent", false);
}

static bool always(struct json_object *record, time_t now)
{
	(void)record;
	(void)now;
	return true;
}

static const struct {
	const char *name;
	bool (*holds)(struct json_object *record, time_t now);
	const char *advice;
} statuses[STATUS_COUNT] = {
	[STATUS_REVOKED] = {"revoked", revoked,
		"The invitation was withdrawn; invite again with postinvite -n."},
	[STATUS_AUTHENTICATION_COMPLETE] = {"authentication_complete", complete,
		"The token is acquired and verified; nothing to do."},
	[STATUS_NEEDS_SIGN_IN] = {"needs_sign_in", needs_sign_in,
		"Microsoft no longer takes the token; the customer has to sign in again by the link."},
	[STATUS_EXPIRED] = {"expired", expired,
		"The link has expired unused; another Welcome mail or postinvite -n makes a new one."},
	[STATUS_DEVICE_AUTHENTICATED] = {"device_authenticated", device_authenticated,
		"Signed in; the customer still has to press \"click here to continue\"."},
	[STATUS_FAILED] = {"failed", failed,
		"Microsoft refused for good; see last_error, mend the app registration, start again."},
	[STATUS_CONSENT_DENIED] = {"consent_denied", consent_denied,
		"The customer's administrator said no; talk to them, then the customer can ask again by the link."},
	[STATUS_CONSENT_EXPIRED] = {"consent_expired", consent_expired,
		"Nobody decided on the request in time; the customer has to ask again by the link."},
	[STATUS_CONSENT_GRANTED] = {"consent_granted", consent_granted,
		"Approved; the customer has to sign in once more by the link."},
	[STATUS_CONSENT_REQUESTED] = {"consent_requested", consent_requested,
		"The customer's administrator has to approve the request."},
	[STATUS_SIGN_IN_STARTED] = {"sign_in_started", sign_in_started,
		"The customer has a code and has not signed in yet."},
	[STATUS_LINK_OPENED] = {"link_opened", link_opened,
		"The customer has opened the link and not started yet."},
	[STATUS_EMAIL_FAILED] = {"email_failed", email_failed,
		"The Welcome mail bounced; see delivery_text, or pass the AuthURL on by other means."},
	[STATUS_EMAIL_SENT] = {"email_sent", email_sent,
		"The Welcome mail has left the relay; the customer has not opened the link."},
	[STATUS_PENDING] = {"pending", always, "Invited, but no Welcome mail was seen yet."},
};

enum status record_status(struct json_object *record, time_t now)
{
	size_t i = 0;

	while (!statuses[i].holds(record, now))
		i++;
	return (enum status)i;
}

const char *status_name(enum status status)
{
	return statuses[status].name;
}

const char *status_advice(enum status status)
{
	return statuses[status].advice;
}

bool record_open(struct json_object *record, time_t now)
{
	return !revoked(record, now) && !complete(record, now) && !expired(record, now);
}
