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
} statuses[STATUS_COUNT] = {
	[STATUS_REVOKED] = {"revoked", revoked},
	[STATUS_AUTHENTICATION_COMPLETE] = {"authentication_complete", complete},
	[STATUS_NEEDS_SIGN_IN] = {"needs_sign_in", needs_sign_in},
	[STATUS_EXPIRED] = {"expired", expired},
	[STATUS_DEVICE_AUTHENTICATED] = {"device_authenticated", device_authenticated},
	[STATUS_FAILED] = {"failed", failed},
	[STATUS_CONSENT_DENIED] = {"consent_denied", consent_denied},
	[STATUS_CONSENT_EXPIRED] = {"consent_expired", consent_expired},
	[STATUS_CONSENT_GRANTED] = {"consent_granted", consent_granted},
	[STATUS_CONSENT_REQUESTED] = {"consent_requested", consent_requested},
	[STATUS_SIGN_IN_STARTED] = {"sign_in_started", sign_in_started},
	[STATUS_LINK_OPENED] = {"link_opened", link_opened},
	[STATUS_EMAIL_FAILED] = {"email_failed", email_failed},
	[STATUS_EMAIL_SENT] = {"email_sent", email_sent},
	[STATUS_PENDING] = {"pending", always},
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
