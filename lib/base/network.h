/*
 * IP addresses and networks in CIDR notation. IPv4 is kept as IPv4-mapped IPv6 (RFC 4291
 * section 2.5.5.2), so that one comparison does for both.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_BASE_NETWORK_H
#define POSTINVITE_BASE_NETWORK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

struct sockaddr;

struct network {
	struct in6_addr address;
	unsigned bits; /* of 128; an IPv4 network's are 96 more than written */
};

/* A.B.C.D, v6 or [v6]; nothing before or behind. Returns 0 or -1. */
int address_parse(const char *text, size_t len, struct in6_addr *address_r);

/* The same with /BITS, or without: that one address. Returns 0 or -1. */
int network_parse(const char *text, struct network *network_r);

bool network_contains(const struct network *network, const struct in6_addr *address);

/* Of a socket's peer. Returns 0, or -1 when it has none (NULL, a Unix socket). */
int address_of(const struct sockaddr *peer, struct in6_addr *address_r);

bool address_is_v4(const struct in6_addr *address);

/* As address_parse reads it, without brackets. */
void address_text(const struct in6_addr *address, char text_r[INET6_ADDRSTRLEN]);

#endif
