/*
 * The customers with their latest invitations, as the store lists them.
 */
#include "list.h"

#include "cell.h"

#include "store/protocol.h"

#define PAGE_ROWS 50

static void show(struct visit *visit, struct json_object *reply, const struct error *error)
{
	struct json_object *customers = json_member(reply, "customers");
	struct values *values;

	if (error != NULL) {
		page_error(&visit, error);
		return;
	}
	values = values_new();
	for (size_t i = 0; values != NULL && i < json_object_array_length(customers); i++) {
		struct json_object *record =
			json_member(json_object_array_get_idx(customers, i), "invitation");

		if (record != NULL)
			cell_put(visit, values_row(values, "invitations"), record);
	}
	page_answer(&visit, 200, "admin_list.html", &values);
}

void get_list(void *context, struct web_request *request)
{
	struct visit *visit = visit_begin(context, request, ROLE_VIEW);
	struct json_object *question = store_request("list");

	if (visit == NULL) {
		json_object_put(question);
		return;
	}
	if (question != NULL)
		json_set_int(question, "limit", PAGE_ROWS);
	visit_ask_store(visit, question, show);
}
