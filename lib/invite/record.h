/*
 * An invitation's record: one JSON object. Members, in the order they are shown:
 *
 *	id revision customer_id full_name tenant invitation_email m365_admin_email
 *	platform_invitation_id message_id earlier_message_ids (invite/mails.h) queue_id envelope_sender
 *	email_sent email_sent_at email_sent_count delivery delivery_status delivery_text
 *	link_seen_at link_opened_at sign_in_started_at consent consent_source
 *	device_authenticated device_authenticated_at signed_in_as signed_in_tenant signed_in_oid
 *	granted_scopes first_connection token_state token_used_at validated_at validation
 *	authentication_complete_at created_at expires_at revoked_at failed_at
 *	last_error {code, text, at}
 *
 * Members that are not known are kept when a record is rewritten. Times are RFC 3339 UTC,
 * absent until they happen. Facts change through events only (invite/event.h); status is
 * computed.
 *
 * Threads: pure functions on objects of the caller's.
 */
#ifndef POSTINVITE_INVITE_RECORD_H
#define POSTINVITE_INVITE_RECORD_H

#include "base/error.h"
#include "base/json.h"

#include <time.h>

/* Their numbers stand in the database, beside each record and event (store/engine_internal.h):
 * whoever changes them converts those. */
enum status {
	STATUS_REVOKED,
	STATUS_AUTHENTICATION_COMPLETE,
	STATUS_NEEDS_SIGN_IN,
	STATUS_EXPIRED,
	STATUS_DEVICE_AUTHENTICATED,
	STATUS_FAILED,
	STATUS_CONSENT_DENIED,
	STATUS_CONSENT_EXPIRED,
	STATUS_CONSENT_GRANTED,
	STATUS_CONSENT_REQUESTED,
	STATUS_SIGN_IN_STARTED,
	STATUS_LINK_OPENED,
	STATUS_EMAIL_FAILED,
	STATUS_EMAIL_SENT,
	STATUS_PENDING,
	STATUS_COUNT
};

/* The first row of the design's table that holds at that time. */
enum status record_status(struct json_object *record, time_t now);

/* "consent_granted"; what it means in words is the pages' (conf/templates). */
const char *status_name(enum status status);

/* When its token was last known to work: at the sign-in, by a validation, or by a refresh,
 * which is told once a week (token_used); 0 without one. */
time_t record_token_used_at(struct json_object *record);

/* When it expires: expires_at as seconds, 0 without one. */
time_t record_expires_at(struct json_object *record);

#endif
