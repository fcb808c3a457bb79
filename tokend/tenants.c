/*
 * A domain is a tenant's name only where the tenant has verified it; Microsoft says so when it
 * is asked.
 */
#include "tenants.h"

#include "base/json.h"
#include "token/discovery.h"

#include <stdlib.h>
#include <string.h>

#define ANY_TENANT "organizations"

static void add(struct tenants *tenants, const char *name)
{
	if (name == NULL || !tenant_valid(name))
		return;
	tenants->names[tenants->n] = strdup(name);
	if (tenants->names[tenants->n] != NULL)
		tenants->n++;
}

static const char *domain_of(const char *mailbox)
{
	const char *at = mailbox != NULL ? strrchr(mailbox, '@') : NULL;

	return at != NULL ? at + 1 : NULL;
}

void tenants_choose(struct tenants *tenants, struct json_object *invitation)
{
	const char *tenant = json_string(invitation, "signed_in_tenant", NULL);

	if (tenant == NULL)
		tenant = json_string(invitation, "tenant", "");
	if (tenant[0] != '\0') {
		add(tenants, tenant);
		return;
	}
	add(tenants, domain_of(json_string(invitation, "m365_admin_email", NULL)));
	add(tenants, domain_of(json_string(invitation, "invitation_email", NULL)));
	add(tenants, ANY_TENANT);
}

void tenants_drop(struct tenants *tenants)
{
	if (tenants->n == 0)
		return;
	free(tenants->names[0]);
	memmove(tenants->names, tenants->names + 1,
		sizeof(tenants->names) - sizeof(tenants->names[0]));
	tenants->names[--tenants->n] = NULL;
}

void tenants_free(struct tenants *tenants)
{
	while (tenants->n > 0)
		tenants_drop(tenants);
}
