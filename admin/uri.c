/*
 * Addresses that pages lead to.
 */
#include "uri.h"

#include <string.h>

static const char unreserved[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

static void put_value(const char *text, struct buf *out)
{
	for (; *text != '\0'; text++) {
		if (strchr(unreserved, *text) != NULL)
			buf_byte(out, *text);
		else
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
	}
}

void uri_add(struct buf *query, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	buf_byte(query, query->len == 0 ? '?' : '&');
	buf_string(query, name);
	buf_byte(query, '=');
	put_value(value, query);
}
