/*
 * One invitation is open for each customer and mailbox. To extend one that has expired opens it
 * again, which must not make two.
 */
#include "store/engine_internal.h"

#include <string.h>
#include <strings.h>

struct others {
	struct ask *ask;
	const char *id, *mailbox;
};

/* Another one that is open: 1 with error set. */
static int find_open(
	void *context, const char *id, const char *customer_id, struct error *error)
{
	struct others *others = context;
	struct json_object *record;
	struct stored stored;
	int found;

	(void)customer_id;
	if (strcmp(id, others->id) == 0)
		return 0;
	found = invitation_load(others->ask->engine, id, &stored, error);
	if (found != 1)
		return found;
	switch (stored_status(&stored, others->ask->now)) {
	case STATUS_REVOKED:
	case STATUS_EXPIRED:
	case STATUS_AUTHENTICATION_COMPLETE:
		return 0;
	default:
		break;
	}
	record = stored_record(&stored, error);
	if (record == NULL)
		return -1;
	found = strcasecmp(json_string(record, "invitation_email", ""), others->mailbox) == 0;
	json_object_put(record);
	if (found)
		error_set(error, ERROR_CONFLICT,
			"the invitation has expired, and the customer has a newer open one, %s: "
			"use that",
			id);
	return found;
}

int extension_check(struct ask *ask, const char *id, const struct stored *stored,
	struct json_object *record, struct error *error)
{
	struct others others = {ask, id, json_string(record, "invitation_email", "")};
	struct index_query query = {INDEX_CUSTOMER, json_string(record, "customer_id", "")};

	if (stored_status(stored, ask->now) != STATUS_EXPIRED)
		return 0;
	return index_each(ask->engine, query, find_open, &others, error) == 0 ? 0 : -1;
}
