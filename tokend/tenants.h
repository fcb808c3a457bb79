/*
 * Whose OpenID configuration is tried for an invitation, in order: the customer's own tenant
 * and nothing else where it is known; or the domains of who must and who should sign in, at
 * last any.
 */
#ifndef POSTINVITE_TOKEND_TENANTS_H
#define POSTINVITE_TOKEND_TENANTS_H

#include <json-c/json.h>
#include <stddef.h>

#define TENANTS_MAX 3

/* What is said where there is none to ask. */
#define NO_TENANT                                                                              \
	"the customer's tenant is neither a domain nor a tenant id; mend it in the "           \
	"customers table"

struct tenants {
	char *names[TENANTS_MAX]; /* tenant_valid */
	size_t n;		  /* 0: the customer's tenant is no name, or out of memory */
};

/* Fills in a zeroed one. */
void tenants_choose(struct tenants *tenants, struct json_object *invitation);

/* Microsoft does not know the first one: the next is the first from now on. */
void tenants_drop(struct tenants *tenants);
void tenants_free(struct tenants *tenants); /* accepts a zeroed one */

#endif
