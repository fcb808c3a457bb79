/*
 * Keys: what the store knows of an invitation id, a customer id, a mailbox, or a tenant's
 * domain or id.
 */
#ifndef POSTINVITE_CLI_LOOKUP_H
#define POSTINVITE_CLI_LOOKUP_H

#include "cli.h"

/* Is it UTF-8? Any other key is to be refused before it is asked for. */
bool lookup_is_text(const char *key);

/* The one customer of cli->argument. A key of several (a tenant, a shared mailbox) is an error that
 * names them. Returns 0 with *customer_r (the caller's), or -1 with cli->error. */
int lookup_customer(struct cli *cli, struct json_object **customer_r);

/* The invitation of cli->argument: that of an invitation id, else its customer's latest. As
 * above. */
int lookup_invitation(struct cli *cli, struct json_object **invitation_r);

/* A request with that member; NULL out of memory. */
struct json_object *lookup_request(
	struct json_object *request, const char *name, const char *value);

#endif
