/*
 * Verifying a DKIM signature (RFC 6376) of a mail that claims to come from one of a few
 * domains. The only place that waits for the network while a mail waits: DKIM_WAIT_S at most,
 * however many signatures there are.
 *
 * Threads: a verifier may be used by any number of threads at once.
 */
#ifndef POSTINVITE_MAIL_DKIM_H
#define POSTINVITE_MAIL_DKIM_H

#include "base/error.h"
#include "mail/authentication.h"

#define DKIM_WAIT_S 2

struct dkim_verifier;

/* Both lists are borrowed: they must live as long as the verifier. NULL: error. */
struct dkim_verifier *dkim_verifier_new(
	string_list domains, string_list dns_servers, struct error *error);
void dkim_verifier_free(struct dkim_verifier **verifier);

/* Signatures of other domains are not looked at, and none of a mail with more than 1000 header
 * fields or 128 KB of them. Of several that pass, the one that covers most counts. */
void dkim_check(const struct dkim_verifier *verifier, const struct headers *headers,
	const char *body, size_t body_len, struct authentication *authentication_r);

#endif
