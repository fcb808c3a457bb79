/*
 * The first verified sign-in binds its customer to a tenant, unless the customers table names one:
 * what an operator wrote counts for more. Invitations that are opened later are opened for that
 * tenant; one that was open at the time takes no other tenant's token. A revoked invitation binds
 * nobody: it may have been revoked because a stranger had signed in.
 */
#include "store/engine_internal.h"

#include <string.h>
#include <strings.h>

struct search {
	struct engine *engine;
	struct buf *tenant;
};

/* Has somebody signed in by this invitation? Then its tenant is taken. */
static int take_tenant(
	void *context, const char *id, const char *customer_id, struct error *error)
{
	struct search *search = context;
	struct json_object *record;
	struct stored stored;
	int found = invitation_load(search->engine, id, &stored, error);

	(void)customer_id;
	if (found != 1 || stored.revoked_at != 0)
		return found < 0 ? -1 : 0;
	record = stored_record(&stored, error);
	if (record == NULL)
		return -1;
	buf_string(search->tenant, json_string(record, "signed_in_tenant", ""));
	json_object_put(record);
	return search->tenant->len > 0;
}

int binding_tenant(struct engine *engine, const char *customer_id, struct json_object *row,
	struct buf *tenant, struct error *error)
{
	struct search search = {engine, tenant};

	if (*json_string(row, "tenant", "") != '\0')
		return 0;
	return index_each(engine, (struct index_query){INDEX_CUSTOMER, customer_id},
		       take_tenant, &search, error) < 0
		       ? -1
		       : 0;
}

int binding_check(struct engine *engine, struct json_object *record, struct json_object *event,
	struct error *error)
{
	const char *customer_id = json_string(record, "customer_id", "");
	struct json_object *row = NULL;
	struct buf bound;
	int result = -1;

	if (json_member(record, "signed_in_tenant") != NULL ||
		*json_string(record, "tenant", "") != '\0')
		return 0;
	buf_init(&bound, KV_KEY_MAX);
	if (customer_row(engine, customer_id, &row, error) >= 0 &&
		binding_tenant(engine, customer_id, row, &bound, error) == 0)
		result = 0;
	if (result == 0 && bound.len > 0 &&
		strcasecmp(bound.data, json_string(event, "signed_in_tenant", "")) != 0)
		result = error_set(error, ERROR_CONFLICT,
			"another invitation of this customer is bound to the tenant %.64s, and an "
			"account of that one is expected",
			bound.data);
	json_object_put(row);
	buf_free(&bound);
	return result;
}
