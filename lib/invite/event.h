/*
 * Events: the only way a record's facts change. One const table, one pure function.
 *
 * An event is a JSON object: type, at (RFC 3339), and the members its row names. Events are
 * idempotent and come in any order (a confirmation can overtake a DSN): an event that says what
 * is known already changes nothing, a hint never lowers what a token has proved.
 *
 *	type                  members                                        who
 *	created               id customer_id full_name tenant                store
 *	                      invitation_email m365_admin_email expires_at
 *	email_sent            message_id queue_id platform_invitation_id     milter
 *	                      envelope_sender (the original one)
 *	                      expires_at                                     (store adds it)
 *	delivery              delivery delivery_status delivery_text         milter; message_id: of the mail that the
 *	                      message_id                                     report is about, where it tells
 *	link_seen                                                            wizard
 *	link_opened                                                          wizard
 *	consent               consent consent_source message_id              milter (source mail), tokend (redirect)
 *	consent_hint          text                                           milter: an unproved consent mail; changes no fact
 *	sign_in_started       method                                         tokend: device, code; clears failed_at, last_error
 *	sign_in_failed        code text final                                tokend; final sets failed_at
 *	sign_in_error         code text                                      tokend: a passing fault, last_error only
 *	device_authenticated  signed_in_as signed_in_tenant signed_in_oid    tokend; store adds first_connection
 *	                      granted_scopes confirm first_connection        confirm: is a second sign-in asked of a first connection
 *	confirmed                                                            tokend: the second sign-in
 *	token_refused         code text                                      tokend: the token is dead, sign in again
 *	token_used                                                           tokend: a refresh worked; told once a week
 *	validated             validation                                     tokend
 *	notified              kind (continue, reminder, reinvite,            tokend: a mail of ours has left; one of kind
 *	                      invitation)                                    invitation counts as one sent, others change no fact
 *	revoked               text                                           operator
 *	extended              expires_at                                     operator: later than before, or nothing new
 *
 * Any event may name the `operator` who asked for it; who may say so is the store's to know.
 *
 * Threads: pure functions on objects of the caller's.
 */
#ifndef POSTINVITE_INVITE_EVENT_H
#define POSTINVITE_INVITE_EVENT_H

#include "base/error.h"
#include "base/json.h"

/* A new event of that type at that time; NULL out of memory. (event_new is a name of libevent.) */
struct json_object *event_create(const char *type, time_t when);

/* Checks type, time and members. Returns 0 or -1 (permanent). */
int event_check(struct json_object *event, struct error *error);

/* Applies a checked event to the record, in place. Returns 1 when a fact changed (revision is
 * then one higher), 0 when it said nothing new, -1 (conflict when it contradicts, permanent for
 * a value that is none, temporary out of memory); the record is unchanged then, except out of
 * memory. */
int event_apply(struct json_object *record, struct json_object *event, struct error *error);

/* Who may send events of that type: "milter", "wizard", "tokend", "operator"; "store" is the
 * store itself. NULL-terminated; NULL for an unknown type. */
const char *const *event_senders(const char *type);

/* The event in one line for people: "Mail delivered to ada@example.com (2.0.0)". */
void event_describe(struct json_object *event, char *text_r, size_t size);

#endif
