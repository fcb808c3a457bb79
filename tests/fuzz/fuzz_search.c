/*
 * Search in the operator's view: the first line is looked for in the name behind it, folded
 * both, as memmem finds it.
 */
#include "../../admin/view.c"
#include "../../admin/view_find.c"
#include "../../admin/view_order.c"
#include "../../admin/view_pick.c"
#include "../../admin/view_text.c"

#include <glib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *name = g_utf8_make_valid((const char *)data, (gssize)(size < 4096 ? size : 4096));
	struct view_query query = {.search = strsep(&name, "\n"), .limit = 1};
	struct json_object *record = json_object_new_object();
	struct view *view = view_new();
	struct view_result result;
	struct buf fields, what;

	buf_init(&fields, FIELDS_MAX);
	buf_init(&what, FIELDS_MAX);
	json_set_string(record, "id", "abcdefghijklmnopqrstuw");
	json_set_string(record, "full_name", name != NULL ? name : "");
	read_fields(record, &fields);
	text_fold(query.search, &what);
	view_put(view, record);
	while (view_sort(view) > 0)
		;
	if (view_find(view, &query, 1, &result) != 0 || fields.failed || what.failed ||
		result.total != (memmem(fields.data, fields.len, what.data, what.len) != NULL))
		abort();
	view_result_free(&result);
	buf_free(&what);
	buf_free(&fields);
	view_free(&view);
	json_object_put(record);
	g_free((char *)query.search);
	return 0;
}
