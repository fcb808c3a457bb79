/*
 * Any bytes are policy requests or none, however they come: in pieces the same ones as at once;
 * each value is what stands behind its name in a line of the request.
 */
#include "../../policy/request.c"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_values(const struct request *request, struct text bytes)
{
	for (size_t i = 0; i < ATTRIBUTES; i++) {
		struct text value = request->values[i];
		const char *line = value.data - names[i].len - 1;

		if (value.data < bytes.data || value.data > bytes.data + bytes.len) {
			if (value.len > 0)
				abort();
		} else if (line < bytes.data || (line > bytes.data && line[-1] != '\n') ||
			   memcmp(line, names[i].name, names[i].len) != 0 ||
			   value.data[-1] != '=' || value.data[value.len] != '\n') {
			abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	size_t used = 0, len = 0, scanned = 0, again = 0;
	struct request request, same;
	struct error error;

	while (len <= size - used) {
		ssize_t n = request_get(bytes + used, len, &scanned, &request, &error);
		char name[64];

		if (n < 0)
			break;
		if (n == 0) {
			len += 1 + (used + len) % 7;
			continue;
		}
		if (request_get(bytes + used, size - used, &again, &same, &error) != n ||
			memcmp(&request, &same, sizeof(same)) != 0)
			abort();
		check_values(&request, (struct text){bytes + used, (size_t)n});
		if (request_certificate(&request, name, sizeof(name)) &&
			strlen(name) > request.values[ATTRIBUTE_CCERT_SUBJECT].len)
			abort();
		used += (size_t)n;
		len = 0;
	}
	return 0;
}
