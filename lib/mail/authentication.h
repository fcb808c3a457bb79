/*
 * Did the domain that a mail claims to come from really send it, and which of its fields does that
 * cover? Two sources, one answer: a DKIM signature verified here (dkim.h), or the
 * Authentication-Results (RFC 8601) of the site's own verifier.
 *
 * Pure.
 */
#ifndef POSTINVITE_MAIL_AUTHENTICATION_H
#define POSTINVITE_MAIL_AUTHENTICATION_H

#include "base/settings.h"
#include "mail/headers.h"

#include <stdbool.h>

/* Fields that a signature has to cover, as bits. */
enum signed_field {
	SIGNED_FROM = 1 << 0,
	SIGNED_SUBJECT = 1 << 1,
	SIGNED_TO = 1 << 2,
	SIGNED_DATE = 1 << 3,
	SIGNED_ALL = SIGNED_FROM | SIGNED_SUBJECT | SIGNED_TO | SIGNED_DATE,
};

enum authentication_outcome {
	AUTHENTICATION_FAIL,
	AUTHENTICATION_TEMPORARY, /* the key could not be looked up now */
	AUTHENTICATION_PASS,
};

struct authentication {
	enum authentication_outcome outcome;
	char domain[256];    /* d= of the signature that passed */
	unsigned int fields; /* enum signed_field */
	bool length_limited; /* l= */
};

/* The bits for a signature's h= value. */
unsigned int signed_fields(const char *h);

/* Is the domain one of the list (caseless, whole)? */
bool domain_listed(string_list domains, const char *domain);

/* Is the domain that one, or one below it (caseless)? So relaxed alignment has it (RFC 7489 section
 * 3.1). Nothing lies below "". */
bool domain_within(const char *domain, const char *parent);

/* The value of a DKIM-Signature field's tag (RFC 6376 section 3.2), without the white space
 * around it; false when it is missing or does not fit. */
bool dkim_tag(const struct header_field *field, const char *name, char *value_r, size_t size);

/* The topmost Authentication-Results of that authserv-id with a result on DKIM (a DMARC
 * verifier adds its own field above): does it say dkim=pass for one of the domains? What the
 * signature covers is read from that domain's DKIM-Signature fields; with several only what all
 * of them cover. */
void authentication_results(const struct headers *headers, const char *authserv_id,
	string_list domains, struct authentication *authentication_r);

#endif
