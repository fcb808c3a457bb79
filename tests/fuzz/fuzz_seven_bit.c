/*
 * Any entity: what it becomes has short lines, needs no second conversion, and holds a
 * signature's bytes; and whether it can become that was known before.
 */
#include "mail/seven_bit.h"

#include "mail/mime.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct buf once, twice;
	struct error error;
	int possible;

	if (!ready)
		mail_init();
	ready = true;
	buf_init(&once, 16 * 1024 * 1024);
	buf_init(&twice, 16 * 1024 * 1024);
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n' && (i == 0 || data[i - 1] != '\r'))
			buf_byte(&once, '\r');
		buf_byte(&once, (char)data[i]);
	}
	possible = seven_bit_possible(&once, &error);
	if (seven_bit(&once, &error) < 0) {
		if (possible == 0)
			abort();
	} else {
		buf_append(&twice, once.data, once.len);
		if (seven_bit(&twice, &error) < 0)
			abort();
	}
	buf_free(&once);
	buf_free(&twice);
	return 0;
}
