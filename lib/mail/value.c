/*
 * By GMime and GLib.
 */
#include "mail/value.h"

#include <gmime/gmime.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX   ((size_t)64 * 1024)
#define GROUPS_MAX 100
#define COMMAS_MAX 500

char *mail_decode_header(const char *value)
{
	char *decoded = g_mime_utils_header_decode_text(NULL, value);
	char *valid = decoded == NULL ? NULL : mail_utf8(decoded);

	free(decoded);
	return valid;
}

char *mail_utf8(const char *text)
{
	return g_utf8_make_valid(text, -1);
}

static int count_mailboxes(InternetAddressList *list, char **addresses, int count)
{
	int length = list == NULL ? 0 : internet_address_list_length(list);

	for (int i = 0; i < length; i++) {
		InternetAddress *address = internet_address_list_get_address(list, i);

		if (INTERNET_ADDRESS_IS_GROUP(address)) {
			count = count_mailboxes(internet_address_group_get_members(
							INTERNET_ADDRESS_GROUP(address)),
				addresses, count);
			continue;
		}
		if (addresses != NULL) {
			const char *text = internet_address_mailbox_get_addr(
				INTERNET_ADDRESS_MAILBOX(address));

			addresses[count] = strdup(text == NULL ? "" : text);
			if (addresses[count] == NULL)
				return -1;
		}
		count++;
	}
	return count;
}

/* GMime calls itself for a group within a group (each has a colon) until the stack is used up, and
 * looks from each address without a domain beyond its comma to the end of the list; no list of
 * addresses that anybody reads has many of either. */
static bool is_list(const char *value)
{
	size_t colons = 0, commas = 0, len = 0;

	for (; value[len] != '\0' && len <= LIST_MAX; len++) {
		colons += value[len] == ':';
		commas += value[len] == ',';
	}
	return value[len] == '\0' && colons <= GROUPS_MAX && commas <= COMMAS_MAX;
}

int mail_addresses(const char *value, char ***addresses_r)
{
	InternetAddressList *list =
		is_list(value) ? internet_address_list_parse(NULL, value) : NULL;
	int count = count_mailboxes(list, NULL, 0);

	*addresses_r = calloc((size_t)count + 1, sizeof(char *));
	if (*addresses_r == NULL || count_mailboxes(list, *addresses_r, 0) != count) {
		mail_addresses_free(addresses_r);
		count = -1;
	}
	if (list != NULL)
		g_object_unref(list);
	return count;
}

void mail_addresses_free(char ***addresses)
{
	if (*addresses == NULL)
		return;
	for (char **address = *addresses; *address != NULL; address++)
		free(*address);
	free(*addresses);
	*addresses = NULL;
}

int mail_date(const char *value, time_t *when_r)
{
	GDateTime *date = g_mime_utils_header_decode_date(value);

	if (date == NULL)
		return -1;
	*when_r = (time_t)g_date_time_to_unix(date);
	g_date_time_unref(date);
	return 0;
}

char *mail_resolve_url(const char *base, const char *reference)
{
	return g_uri_resolve_relative(base, reference, G_URI_FLAGS_ENCODED, NULL);
}
