/*
 * Tenant first, name last: the name is known only once Graph was asked, and a wrong tenant's
 * account need not be able to ask it.
 */
#include "token/flow_account.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static const char *shown(const struct flow_account *account)
{
	if (given(account->user_principal_name))
		return account->user_principal_name;
	return given(account->preferred_username) ? account->preferred_username : account->oid;
}

static int refuse(
	const struct flow_account *account, const char *expected, struct refusal *refusal_r)
{
	return refusal_set(refusal_r, OUTCOME_DECLINED, REFUSAL_ACCOUNT,
		"%s signed in, but %s is expected; nothing was kept. Start again, and on "
		"Microsoft's page choose the right account",
		shown(account), expected);
}

static int check_bound(const struct flow_account_rule *rule, const struct flow_account *account,
	struct refusal *refusal_r)
{
	if (strcasecmp(account->tid, rule->bound_tenant) == 0 &&
		strcasecmp(account->oid, rule->bound_oid) == 0)
		return 0;
	return refuse(account, given(rule->bound_name) ? rule->bound_name : rule->bound_oid,
		refusal_r);
}

static int check_tenant(const struct flow_account_rule *rule,
	const struct flow_account *account, struct refusal *refusal_r)
{
	char expected[320];

	if (strcasecmp(account->tid, rule->tenant_id) == 0)
		return 0;
	if (given(rule->admin_email))
		return refuse(account, rule->admin_email, refusal_r);
	snprintf(expected, sizeof(expected), "an account of %s",
		given(rule->tenant) ? rule->tenant : rule->tenant_id);
	return refuse(account, expected, refusal_r);
}

int flow_account_check(const struct flow_account_rule *rule, const struct flow_account *account,
	struct refusal *refusal_r)
{
	if (given(rule->bound_tenant) && given(rule->bound_oid))
		return check_bound(rule, account, refusal_r);
	if (given(rule->tenant_id) && check_tenant(rule, account, refusal_r) != 0)
		return -1;
	if (given(rule->admin_email) && account->user_principal_name != NULL &&
		strcasecmp(account->user_principal_name, rule->admin_email) != 0)
		return refuse(account, rule->admin_email, refusal_r);
	return 0;
}
