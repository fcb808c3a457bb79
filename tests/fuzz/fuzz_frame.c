/*
 * Any bytes are frames or none, and a frame that was read is written back byte for byte.
 */
#include "base/frame.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct error error, said;
	struct frame frame;
	struct buf again;
	size_t used = 0;
	ssize_t n;

	buf_init(&again, size);
	while ((n = frame_get(bytes + used, size - used, &frame, &error)) > 0) {
		if (frame.body + frame.body_len != bytes + used + n)
			abort();
		frame_put(&again, frame.call, frame.type, frame.body, frame.body_len);
		if (frame.type == FRAME_ERROR)
			frame_error(&frame, &said);
		used += (size_t)n;
	}
	if (again.failed || again.len != used ||
		(used > 0 && memcmp(again.data, bytes, used) != 0))
		abort();
	buf_free(&again);
	return 0;
}
