/*
 * Is a mail a genuine confirmation of Microsoft's, and what does it say? Every condition is a
 * row of one table with the reason that a refusal is logged with. A hint in any case: it never
 * changes what is known of a token.
 *
 *	consent_read    header fields to facts
 *	consent_refusal facts to a verdict: first without, then with authentication, so that DNS is asked only
 *	                for a mail that passes all else
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_MAIL_CONSENT_H
#define POSTINVITE_MAIL_CONSENT_H

#include "mail/authentication.h"
#include "mail/consent_table.h"
#include "mail/headers.h"

#include <time.h>

#define CONSENT_AGE_MAX	  (7 * 24 * 3600)
#define CONSENT_AHEAD_MAX 3600

struct consent_facts {
	int from_addresses;    /* in the first From: field */
	bool from_listed;      /* that address is one of consent_senders */
	bool doubled;	       /* From, Subject, To, Date or Message-ID occurs more than once */
	const char *consent;   /* what the subject says, NULL when it fits no pattern */
	const char *forwarded; /* what it says without the marks of a forwarded mail, or NULL */
	char *subject;	       /* decoded and normalised; "" without one, NULL without memory */
	char *from;	       /* addr-spec, or NULL */
	char **to;	       /* the mailboxes of To:, or NULL */
	int to_count;
	char *message_id; /* NULL without one */
	time_t date;	  /* 0 without one */
	time_t now;
	struct authentication authentication; /* filled by the caller, for the second verdict */
};

/* Does From: name one of the senders? Cheap: asked of every mail. */
bool consent_claimed(const struct headers *headers, string_list senders);

/* Returns 0, or -1 out of memory. To be freed in both cases. */
int consent_read(const struct headers *headers, string_list senders,
	const struct consent_table *table, time_t now, struct consent_facts *facts_r);
void consent_facts_free(struct consent_facts *facts);

/* NULL: nothing against it (so far); else the reason. */
const char *consent_refusal(const struct consent_facts *facts, bool authenticated);

#endif
