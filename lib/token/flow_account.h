/*
 * Whether the account that signed in is the one that was invited.
 *
 * Once a sign-in has bound the invitation, tenant id and object id count, nothing else. Before
 * that: the tenant that the sign-in was asked of, and the name of m365_admin_email where one is
 * given: the name by which Graph knows the account, since the id_token's is a hint.
 *
 * Threads: pure functions.
 */
#ifndef POSTINVITE_TOKEN_FLOW_ACCOUNT_H
#define POSTINVITE_TOKEN_FLOW_ACCOUNT_H

#include "token/refusal.h"

/* NULL or "" where nothing is demanded. */
struct flow_account_rule {
	const char *bound_tenant, *bound_oid; /* signed_in_tenant, signed_in_oid */
	const char *bound_name;		      /* signed_in_as, for the words */
	const char *tenant_id;		      /* what the tenant's name resolved to */
	const char *tenant;		      /* that name, for the words */
	const char *admin_email;	      /* m365_admin_email */
};

/* A verified account. Names are compared without case. */
struct flow_account {
	const char *tid, *oid;
	/* Graph's; NULL: not known yet, names are not looked at */
	const char *user_principal_name;
	const char *preferred_username; /* the id_token's, or "": for the words only */
};

/* Returns 0, or -1 with OUTCOME_DECLINED, code REFUSAL_ACCOUNT, and words that say who is
 * expected. */
int flow_account_check(const struct flow_account_rule *rule, const struct flow_account *account,
	struct refusal *refusal_r);

#endif
