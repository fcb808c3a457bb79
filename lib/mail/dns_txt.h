/*
 * Looking up a TXT record, within a deadline, at the system's resolvers or at named ones.
 *
 * Threads: any; each look-up has its own resolver state.
 */
#ifndef POSTINVITE_MAIL_DNS_TXT_H
#define POSTINVITE_MAIL_DNS_TXT_H

#include "base/error.h"
#include "base/settings.h"

#include <stddef.h>

/* At most two resolvers are asked, so that a look-up ends after 2 s at the latest. */
#define DNS_SERVERS_MAX 2
#define DNS_TIMEOUT_S 2

/* Is each entry address[:port], v6 as [address]:port? Returns 0 or -1 (configuration). */
int dns_servers_check(string_list servers, struct error *error);

/* The strings of the first TXT record, joined, NUL-terminated, cut to size. servers may be empty. Returns 0, or -1: not found, or
 * temporary. */
int dns_txt(string_list servers, const char *name, char *text_r, size_t size, struct error *error);

#endif
