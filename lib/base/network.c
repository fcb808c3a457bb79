/*
 * inet_pton decides what an address is; only brackets and prefix length are read here.
 */
#include "base/network.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define V4_BITS 96 /* of the prefix that stands before an IPv4 address */

static void map_v4(const void *v4, struct in6_addr *address_r)
{
	static const unsigned char prefix[12] = {[10] = 0xff, [11] = 0xff};

	memcpy(address_r->s6_addr, prefix, sizeof(prefix));
	memcpy(address_r->s6_addr + sizeof(prefix), v4, 4);
}

int address_parse(const char *text, size_t len, struct in6_addr *address_r)
{
	char copy[INET6_ADDRSTRLEN];
	struct in_addr v4;

	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(copy))
		return -1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (strlen(copy) != len)
		return -1;
	if (inet_pton(AF_INET, copy, &v4) == 1) {
		map_v4(&v4, address_r);
		return 0;
	}
	return inet_pton(AF_INET6, copy, address_r) == 1 ? 0 : -1;
}

int network_parse(const char *text, struct network *network_r)
{
	size_t len = strcspn(text, "/");
	const char *slash = text + len;
	unsigned before, bits;
	char *end;

	if (address_parse(text, len, &network_r->address) != 0)
		return -1;
	before = strchr(text, ':') == NULL ? V4_BITS : 0;
	network_r->bits = 128;
	if (*slash == '\0')
		return 0;
	if (!isdigit((unsigned char)slash[1]) || strlen(slash + 1) > 3)
		return -1;
	bits = (unsigned)strtoul(slash + 1, &end, 10);
	if (*end != '\0' || bits > 128 - before)
		return -1;
	network_r->bits = bits + before;
	return 0;
}

bool network_contains(const struct network *network, const struct in6_addr *address)
{
	unsigned bytes = network->bits / 8, rest = network->bits % 8;
	unsigned mask = 0xff00u >> rest & 0xff;

	if (memcmp(address, &network->address, bytes) != 0)
		return false;
	return rest == 0 ||
	       ((address->s6_addr[bytes] ^ network->address.s6_addr[bytes]) & mask) == 0;
}

int address_of(const struct sockaddr *peer, struct in6_addr *address_r)
{
	if (peer == NULL || (peer->sa_family != AF_INET && peer->sa_family != AF_INET6))
		return -1;
	if (peer->sa_family == AF_INET)
		map_v4(&((const struct sockaddr_in *)(const void *)peer)->sin_addr, address_r);
	else
		*address_r = ((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;
	return 0;
}

bool address_is_v4(const struct in6_addr *address)
{
	return IN6_IS_ADDR_V4MAPPED(address);
}

void address_text(const struct in6_addr *address, char text_r[INET6_ADDRSTRLEN])
{
	if (address_is_v4(address))
		inet_ntop(AF_INET, &address->s6_addr[12], text_r, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, address, text_r, INET6_ADDRSTRLEN);
}
