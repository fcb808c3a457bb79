/*
 * What is asked for is remembered, so that an answer of null says whose it is.
 */
#include "rows.h"

#include "invitations.h"

#include "store/protocol.h"

static void got(struct visit *visit, struct json_object *reply, const struct error *error)
{
	struct json_object *records = json_member(reply, "invitations");
	const size_t n = json_count(records);

	for (size_t i = 0; i < n && i < json_count(visit->rows); i++)
		if (json_object_array_get_idx(records, i) == NULL)
			invitations_gone(visit->admin->invitations,
				json_object_get_string(
					json_object_array_get_idx(visit->rows, i)));
	visit->rows_next(visit, reply, error);
}

static struct json_object *list_of(const char (*ids)[INVITATION_ID_LEN + 1], size_t n)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; list != NULL && i < n; i++)
		json_object_array_add(list, json_object_new_string(ids[i]));
	return list;
}

void rows_ask(struct visit *visit, const char (*ids)[INVITATION_ID_LEN + 1], size_t n,
	visit_next_fn *next)
{
	struct json_object *request;

	json_object_put(visit->rows);
	visit->rows = list_of(ids, n);
	visit->rows_next = next;
	if (n == 0) {
		next(visit, NULL, NULL);
		return;
	}
	request = store_request("get_many");
	if (request != NULL)
		json_object_object_add(request, "ids", json_object_get(visit->rows));
	visit_ask_store(visit, request, got);
}
