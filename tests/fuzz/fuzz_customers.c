/*
 * Any bytes are rows and faults, the same ones when they are fed in two pieces; what is a row
 * keeps what the header promises.
 */
#include "store/customers_file.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void drain(struct customers_file *file, struct buf *out)
{
	struct customers_row row;
	struct error fault;
	enum customers_item item;

	while ((item = customers_file_next(file, &row, &fault)) != CUSTOMERS_MORE) {
		buf_printf(out, "%lu %s", row.line, item == CUSTOMERS_ROW ? "" : fault.text);
		for (int i = 0; item == CUSTOMERS_ROW && i < CUSTOMERS_COLUMNS; i++) {
			if (strlen(row.columns[i]) > CUSTOMERS_VALUE_MAX ||
				strpbrk(row.columns[i], "\t\r\n") != NULL ||
				(i <= CUSTOMERS_MAILBOX && row.columns[i][0] == '\0'))
				abort();
			buf_printf(out, "\t%s", row.columns[i]);
		}
		buf_byte(out, '\n');
	}
}

static void read_pieces(const char *bytes, size_t size, size_t first, struct buf *out)
{
	struct customers_file *file = customers_file_new();

	customers_file_feed(file, bytes, first);
	drain(file, out);
	customers_file_feed(file, bytes + first, size - first);
	drain(file, out);
	customers_file_end(file);
	drain(file, out);
	customers_file_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf once, twice;

	buf_init(&once, 1 << 24);
	buf_init(&twice, 1 << 24);
	read_pieces((const char *)data, size, size, &once);
	read_pieces((const char *)data, size, size / 2, &twice);
	if (once.failed || strcmp(once.data, twice.data) != 0)
		abort();
	buf_free(&once);
	buf_free(&twice);
	return 0;
}
