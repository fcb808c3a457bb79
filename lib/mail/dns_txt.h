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

/* At most two resolvers are asked, each try takes a second. */
#define DNS_SERVERS_MAX 2

/* Is each entry address[:port], v6 as [address]:port? Returns 0 or -1 (configuration). */
int dns_servers_check(string_list servers, struct error *error);

struct dns_question {
	string_list servers; /* may be empty: the system's */
	const char *name;
	/* 1 or more: how long an answer is waited for; with 1 only the first resolver is
	 * asked */
	int seconds;
};

/* The strings of the first TXT record, joined, NUL-terminated, cut to size. Returns 0, or -1:
 * not found, or temporary. */
int dns_txt(
	const struct dns_question *question, char *text_r, size_t size, struct error *error);

/* The strings of the first TXT record in an answer as it comes (RFC 1035 section 4.1),
 * likewise; size is 1 or more. Returns 0, or -1 when there is none. */
int dns_txt_read(const unsigned char *answer, size_t len, char *text_r, size_t size);

#endif
