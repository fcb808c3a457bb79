/*
 * Any body is a form or none; what is a form is text.
 */
#include "web/form.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"csrf", "name", ""};
	struct error error;
	struct form *form = form_parse((const char *)data, size, &error);

	for (size_t i = 0; form != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = form_value(form, names[i]);

		if (value != NULL &&
			(strlen(value) > size || !form_text_valid(value, strlen(value))))
			abort();
	}
	form_free(&form);
	return 0;
}
