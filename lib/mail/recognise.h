/*
 * What a message may be to us, decided as early as its facts allow, and what becomes of a
 * Welcome mail. Facts in, plan out; nothing is read or changed here.
 *
 * Threads: pure; struct submitters may be read from any thread.
 */
#ifndef POSTINVITE_MAIL_RECOGNISE_H
#define POSTINVITE_MAIL_RECOGNISE_H

#include "base/error.h"
#include "base/settings.h"

#include <stdbool.h>
#include <sys/socket.h>

/* Who sends: known at MAIL. */

/* welcome_submitters, parsed: sasl:NAME, net:CIDR, cn:NAME. */
struct submitters;

/* NULL: error (configuration), naming the entry. */
struct submitters *submitters_new(string_list entries, struct error *error);
void submitters_free(struct submitters **submitters);

/* Members are NULL where not known. */
struct submission {
	const char *sasl_name;
	/* common name of a client certificate that Postfix trusts */
	const char *certificate_name;
	const struct sockaddr *client;
};

bool submitters_have(const struct submitters *submitters, const struct submission *submission);

/* What it may be: known at the end of the headers. */

enum mail_kind {
	MAIL_UNRELATED,	     /* accepted at once */
	MAIL_MAYBE_WELCOME,  /* sender and submitter fit: the body decides */
	MAIL_MAYBE_REPORT,   /* it may report on a delivery (mail/bounce.h) */
	MAIL_CLAIMS_CONSENT, /* From: names a consent sender */
	MAIL_TO_CONSENT_ADDRESS,
	MAIL_TO_BOUNCE_ADDRESS,
};

struct mail_marks {
	bool welcome_sender; /* and submitter */
	bool null_sender;
	bool report; /* sender and header allow it to be one on a delivery */
	bool consent_sender;
	bool to_consent_address;
	bool to_bounce_address;
};

enum mail_kind mail_kind(const struct mail_marks *marks);

/* What becomes of a candidate: known at the end of the message. */

enum welcome_action {
	WELCOME_NONE, /* not a Welcome mail: untouched */
	WELCOME_INJECT,
	WELCOME_APPEND,
	WELCOME_PASS_UNMARKED, /* subject fits, no mark, link_fallback = pass */
	WELCOME_PASS_NO_TEXT,  /* append would apply, there is no text part */
	WELCOME_PASS_PROTECTED,
	WELCOME_REJECT_UNMARKED,
	WELCOME_REJECT_PROTECTED,
};

struct welcome_facts {
	bool linked;	   /* placeholder or platform link found */
	bool tracked;	   /* a genuine link of ours is there: it passes a second time */
	bool subject_fits; /* welcome_subject is set and matches */
	bool is_protected; /* signed or encrypted */
	bool has_text;
	enum link_fallback fallback;
	enum unsignable_action unsignable;
};

enum welcome_action welcome_action(const struct welcome_facts *facts);

#endif
