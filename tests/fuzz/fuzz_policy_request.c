/*
 * Any bytes are policy requests or none, however they come: in pieces the same ones as at once.
 */
#include "../../policy/request.c"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
		if (request_certificate(&request, name, sizeof(name)) &&
			strlen(name) > request.values[ATTRIBUTE_CCERT_SUBJECT].len)
			abort();
		used += (size_t)n;
		len = 0;
	}
	return 0;
}
