/* The list's address: what was read and is written reads as the same again, and leads nowhere
 * but to the list. */
#include "web/form.h"

#include "../../admin/query.c"
#include "../../admin/uri.c"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum status cell_status_named(const char *name)
{
	return name[0] == 'p' ? STATUS_PENDING : STATUS_COUNT;
}
const char *view_column_name(enum view_column column)
{
	return column == VIEW_STATUS ? "s" : "c";
}
bool view_column_find(const char *name, enum view_column *column_r)
{
	*column_r = name[0] == 's' ? VIEW_STATUS : VIEW_CREATED_AT;
	return name[0] == 's' || name[0] == 'c';
}

static const char *value_of(const void *form, const char *name)
{
	return form_value(form, name);
}

static void write_query(const char *text, size_t len, struct buf *uri)
{
	struct error error;
	struct form *form = form_parse(text, len, &error);
	struct query query;

	if (form == NULL)
		return;
	query_read(value_of, form, &query);
	query_uri(&query, "/", uri);
	assert(uri->data[0] == '/' && (uri->data[1] == '?' || uri->data[1] == '\0'));
	assert(uri->data[strspn(uri->data, "/?&=%")] == '\0' ||
		strpbrk(uri->data, " \"'<>\r\n") == NULL);
	form_free(&form);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf first, second;

	buf_init(&first, 1 << 20), buf_init(&second, 1 << 20);
	write_query((const char *)data, size < 2000 ? size : 2000, &first);
	if (first.len > 2)
		write_query(first.data + 2, first.len - 2, &second),
			assert(strcmp(first.data, second.data) == 0);
	buf_free(&first), buf_free(&second);
	return 0;
}
