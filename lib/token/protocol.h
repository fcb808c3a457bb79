/*
 * What may be asked of tokend, as JSON objects in frames (base/frame.h). The asker names an
 * invitation by its link token; tokend has the store verify it. No answer holds a device
 * code, an access token or a refresh token.
 *
 *	op        members                         reply
 *	start     link                            {user_code, verification_uri, expires_in, interval, message}
 *	          Starts a device flow, or answers the live one. Entra's refusal is an error whose text says what to
 *	          do; it is on record as last_error too.
 *	code      link                            as start, or {} when no code is live
 *	confirm   link                            {url}
 *	          The first connection's second sign-in (authorization code with PKCE, RFC 7636, confirmation_scopes):
 *	          where to send the browser. Its redirect URI is wizard_url/callback.
 *	callback  state, code | error, error_description   {link, outcome: "confirmed" | "failed", text}
 *	          What the browser brought back. Unknown or used state: not found.
 *	ping                                      {flows}
 */
#ifndef POSTINVITE_TOKEN_PROTOCOL_H
#define POSTINVITE_TOKEN_PROTOCOL_H

#include <json-c/json.h>

/* {"op": op, "link": link}; link may be NULL. The caller's; NULL out of memory. */
struct json_object *token_request(const char *op, const char *link);

#endif
