/*
 * Any bytes are rows and faults; what is a row keeps what the header promises, also when fed in
 * two pieces.
 */
#include "store/customers_file.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void drain(struct customers_file *file)
{
	struct customers_row row;
	struct error fault;
	enum customers_item item;

	while ((item = customers_file_next(file, &row, &fault)) != CUSTOMERS_MORE) {
		for (int i = 0; item == CUSTOMERS_ROW && i < CUSTOMERS_COLUMNS; i++)
			if (strlen(row.columns[i]) > CUSTOMERS_VALUE_MAX ||
				(i <= CUSTOMERS_MAILBOX && row.columns[i][0] == '\0'))
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct customers_file *file = customers_file_new();
	size_t half = size / 2;

	if (file == NULL)
		return 0;
	customers_file_feed(file, (const char *)data, half);
	drain(file);
	customers_file_feed(file, (const char *)data + half, size - half);
	drain(file);
	customers_file_end(file);
	drain(file);
	customers_file_free(&file);
	return 0;
}
