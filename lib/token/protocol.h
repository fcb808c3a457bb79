/*
 * What may be asked of tokend, as JSON objects in frames (base/frame.h). The wizard names an
 * invitation by its link token; tokend has the store verify it. No answer holds a device code or a
 * refresh token, and none but token's an access token.
 *
 *	op        members                         reply
 *	start     link, [login_hint]              {user_code, verification_uri, expires_in,
 *	                                           interval, message, [login_hint]}
 *	          Starts a device flow, or answers the live one. Entra's refusal is an error whose
 *	          text says what to do; it is on record as last_error too. The hint is of no use
 *	          to Entra here: it comes back with the code, to be shown.
 *	code      link                            as start, or {} when no code is live
 *	sign_in   link, [login_hint]              {url}
 *	          Sign-in by authorization code with PKCE (RFC 7636): where to send the browser.
 *	          Its redirect URI is wizard_url/callback. The hint counts where no account is
 *	          expected.
 *	confirm   link                            {url}
 *	          The first connection's second sign-in, likewise, with confirmation_scopes; where
 *	          these are empty by now it is complete, and the URL is the invitation's page.
 *	approve   link                            {url}
 *	          The tenant's admin consent endpoint, for an administrator's browser.
 *	callback  state, code | admin_consent, tenant | error, error_description
 *	                                          {link, outcome, text}
 *	          What the browser brought back. outcome: "signed_in" (proved, or still being
 *	          proved; the invitation tells), "confirmed", "granted" and "denied" (an
 *	          administrator's answer: a hint), "failed" (text says why and what to do;
 *	          last_error too). Unknown or used state: not found.
 *	dead_letters  [after], [retry]            {dead_letters: [{id, invitation, sequence, type,
 *	                                           event_at, given_up_at, reason}, ...], more}
 *	          Events that webhook_url did not take within webhook_lifetime, at most 1000, by
 *	          id; those behind `after`. retry: an id of them, or "all" for those listed: each
 *	          is told once more. For root, our own user and postinvite-admin's.
 *	resend    id, change, operator            {kind}
 *	          A mail with the invitation's link to its mailbox, now: the one that fits its status. change: an id
 *	          of the caller's; a mail is sent once for it, however often it is asked for. Conflict: the invitation
 *	          has ended, or the last mail is younger than resend_interval. Uncertain: it may have left or not. For root,
 *	          our own user and postinvite-admin's.
 *	validate  key, [operator]                 {validation, validated_at,
 *	                                           outcome: "successful" | "failed"}
 *	          Validate Authentication: refreshes the token, asks Graph whose it is, compares
 *	          the permissions. validation is in words, and on record.
 *	token     key                             {access_token, token_type: "Bearer", expires_in}
 *	          An access token that is good for some minutes at least.
 *	ping                                      {flows, refreshes: under way}
 *
 * A key is a store's (store/protocol.h, find); of a customer, its newest valid token is meant.
 * validate and token are for root, tokend's own user and token_readers, validate for
 * postinvite-admin's user, too (operator: who asked there), the others for the wizard as well.
 * Their errors: policy: a sign-in is needed, the text says why; temporary: try later; not
 * found; conflict: the key is several customers'; configuration: an operator has to mend
 * something, or the asker is not among those who may.
 */
#ifndef POSTINVITE_TOKEN_PROTOCOL_H
#define POSTINVITE_TOKEN_PROTOCOL_H

#include <json-c/json.h>
#include <stdbool.h>

/* {"op": op, "link": link}; link may be NULL. The caller's; NULL out of memory. */
struct json_object *token_request(const char *op, const char *link);

/* Can it be the name of an account (name@domain, at most 254 bytes, no blanks or control
 * characters)? */
bool login_hint_valid(const char *text);

/* How "validation" begins. */
#define VALIDATION_STATUS "Last Authentication Status: "

#endif
