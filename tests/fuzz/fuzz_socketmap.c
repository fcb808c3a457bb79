/*
 * Any bytes are look-ups or none, and one that was read stands in the bytes.
 */
#include "../../policy/socketmap.c"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct look_up look_up;
	struct error error;
	size_t used = 0;
	ssize_t n;

	while ((n = socketmap_get(bytes + used, size - used, &look_up, &error)) > 0) {
		const char *end = look_up.key.data + look_up.key.len;

		if (look_up.map.data < bytes + used || end + 1 != bytes + used + n ||
			*end != ',' ||
			look_up.map.data + look_up.map.len + 1 != look_up.key.data)
			abort();
		used += (size_t)n;
	}
	return 0;
}
