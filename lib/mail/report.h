/*
 * A report on a delivery, whatever system made it: what became of whom, and what leads to the
 * mail that it is about.
 *
 * A report may have lost the envelope id. What it returns of the mail then tells which one that
 * was: its Message-ID, with the mailboxes it was for, or an invitation's link in it. Further
 * Message-IDs are those of mails that it passes on or quotes.
 *
 * Pure. A report is the caller's (report_free); its message must outlive only the call that
 * reads it.
 */
#ifndef POSTINVITE_MAIL_REPORT_H
#define POSTINVITE_MAIL_REPORT_H

#include "base/error.h"
#include "mail/dsn.h"
#include "mail/headers.h"
#include "mail/links.h"

#include <stdbool.h>

/* Further ones are not looked at. */
#define REPORT_IDS_MAX	     8
#define REPORT_MAILBOXES_MAX 10

struct report {
	struct dsn_facts facts;
	char *message_ids
		[REPORT_IDS_MAX]; /* with their brackets; first that of the mail it returns */
	size_t message_id_count;
	char *mailboxes
		/* whom it may be about: recipients, To: beside the first Message-ID */
		[REPORT_MAILBOXES_MAX];
	size_t mailbox_count;
	struct link_tokens tokens;
};

struct report_source {
	const struct headers *headers; /* the report's own */
	const char *message;	       /* as mime_parse takes it, possibly cut short */
	size_t len, body_start;
	const char *tracked_url;
};

/* Returns 0, or -1: not found (it is no report on a delivery) or temporary. To be freed in any
 * case. */
int report_read(
	const struct report_source *source, struct report *report_r, struct error *error);
void report_free(struct report *report);

/* Has it that Message-ID, as the first one or another? */
bool report_has_id(const struct report *report, const char *message_id);

/* A report that has an invitation's link: is it about another mail than the Welcome mail with that
 * Message-ID to that mailbox ("" where not known)? Whoever passes the link on may have that mail
 * returned. */
bool report_about_another(
	const struct report *report, const char *message_id, const char *mailbox);

#endif
