/*
 * Each proxy appends the address that it was asked from, so the header is read from its end.
 */
#include "web/client.h"

#include <arpa/inet.h>
#include <string.h>

bool client_is_proxy(const struct proxies *proxies, const struct in6_addr *address)
{
	for (size_t i = 0; i < proxies->n; i++)
		if (network_contains(&proxies->networks[i], address))
			return true;
	return false;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* An element of the header: an address, perhaps with a port, which IPv6 has behind brackets
 * only. */
static int parse_element(const char *text, size_t len, struct in6_addr *address_r)
{
	const char *colon, *end;

	while (len > 0 && blank(text[0])) {
		text++;
		len--;
	}
	while (len > 0 && blank(text[len - 1]))
		len--;
	if (len > 0 && text[0] == '[') {
		end = memchr(text, ']', len);
		if (end == NULL || (end + 1 < text + len && end[1] != ':'))
			return -1;
		return address_parse(text, (size_t)(end + 1 - text), address_r);
	}
	colon = memchr(text, ':', len);
	if (colon != NULL && memchr(colon + 1, ':', (size_t)(text + len - colon - 1)) == NULL)
		len = (size_t)(colon - text);
	return address_parse(text, len, address_r);
}

int client_address(const struct proxies *proxies, const struct in6_addr *peer,
	const char *forwarded_for, struct in6_addr *client_r)
{
	size_t end = forwarded_for != NULL ? strlen(forwarded_for) : 0;

	if (peer != NULL && !client_is_proxy(proxies, peer)) {
		*client_r = *peer;
		return 0;
	}
	while (end > 0) {
		size_t begin = end;

		while (begin > 0 && forwarded_for[begin - 1] != ',')
			begin--;
		if (parse_element(forwarded_for + begin, end - begin, client_r) != 0)
			return -1;
		if (!client_is_proxy(proxies, client_r))
			return 0;
		end = begin > 0 ? begin - 1 : 0;
	}
	return -1;
}

void client_key(const struct in6_addr *client, char key_r[CLIENT_KEY_SIZE])
{
	struct in6_addr prefix = *client;

	if (!address_is_v4(client))
		memset(prefix.s6_addr + 8, 0, 8);
	inet_ntop(AF_INET6, &prefix, key_r, CLIENT_KEY_SIZE);
}
