/*
 * Any body is a form or none; what is a form is text, and reads as the same when it is written
 * again.
 */
#include "token/reply.h"
#include "web/form.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *value, size_t size)
{
	struct error error;
	struct form *form;
	struct buf again;

	if (strlen(value) > size || !form_text_valid(value, strlen(value)))
		abort();
	buf_init(&again, 3 * size + 16);
	form_field(&again, "again", value);
	form = form_parse(again.data, again.len, &error);
	if (form == NULL || strcmp(form_value(form, "again"), value) != 0)
		abort();
	form_free(&form);
	buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"csrf", "name", ""};
	struct error error;
	struct form *form = form_parse((const char *)data, size, &error);

	for (size_t i = 0; form != NULL && i < sizeof(names) / sizeof(names[0]); i++)
		if (form_value(form, names[i]) != NULL)
			check(form_value(form, names[i]), size);
	form_free(&form);
	return 0;
}
