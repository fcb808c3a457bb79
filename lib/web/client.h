/*
 * Who a request comes from, behind the site's own proxies: the last address of X-Forwarded-For
 * that none of them has. What stands before it, anybody may have written.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_WEB_CLIENT_H
#define POSTINVITE_WEB_CLIENT_H

#include "base/network.h"

struct proxies {
	struct network *networks;
	size_t n;
};

/* Is it one of them? */
bool client_is_proxy(const struct proxies *proxies, const struct in6_addr *address);

/* peer: of the connection, NULL for a Unix socket, whose other end is a proxy. forwarded_for:
 * the header's value, several joined by commas, or NULL. Ports behind the addresses are passed
 * over. Returns 0, or -1 when it is a proxy that does not say for whom it asks. */
int client_address(const struct proxies *proxies, const struct in6_addr *peer,
	const char *forwarded_for, struct in6_addr *client_r);

#define CLIENT_KEY_SIZE INET6_ADDRSTRLEN

/* What limits are kept by: the IPv4 address, or the /64 that an IPv6 subscriber has for himself. */
void client_key(const struct in6_addr *client, char key_r[CLIENT_KEY_SIZE]);

#endif
