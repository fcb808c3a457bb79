/*
 * What needs quotes gets them, and only that.
 */
#include "csv.h"

#include <string.h>

void csv_value(struct buf *row, const char *text, bool first)
{
	bool formula = text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL;
	bool quoted = strpbrk(text, ",\"\r\n") != NULL;

	if (!first)
		buf_byte(row, ',');
	if (quoted)
		buf_byte(row, '"');
	if (formula)
		buf_byte(row, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			buf_byte(row, '"');
		buf_byte(row, *text);
	}
	if (quoted)
		buf_byte(row, '"');
}

void csv_end(struct buf *row)
{
	buf_string(row, "\r\n");
}
