/*
 * Microsoft Graph: GET /v1.0/me, the proof that a token works and whose it is.
 *
 * Threads: pure functions.
 */
#ifndef POSTINVITE_TOKEN_GRAPH_H
#define POSTINVITE_TOKEN_GRAPH_H

#include "token/refusal.h"
#include "token/reply.h"

/* Behind graph_url. */
#define GRAPH_ME_PATH "/v1.0/me?$select=id,userPrincipalName"

/*
 * Reads the answer. oid: of the verified id_token. Returns 0 with *user_principal_name_r (the
 * caller's, free; "" when absent) or -1 with the refusal:
 *
 *	OUTCOME_NEEDS_SIGN_IN     401, the access token is not accepted: refresh it, then a new sign-in
 *	OUTCOME_CONSENT_REQUIRED  403, permissions are missing
 *	OUTCOME_TERMINAL          404, the account is not known; or the id is another's than the id_token's
 *	OUTCOME_TEMPORARY         anything else: 429 (retry_after), 5xx, an answer that is not Graph's
 */
int graph_me_read(const struct reply *reply, const char *oid, char **user_principal_name_r,
	struct refusal *refusal_r);

#endif
