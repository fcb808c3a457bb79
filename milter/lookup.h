/*
 * Which invitation a mail means: asked of the store, which knows them and has the link key.
 */
#ifndef POSTINVITE_MILTER_LOOKUP_H
#define POSTINVITE_MILTER_LOOKUP_H

#include "session.h"

#include "invite/link.h"
#include "mail/links.h"
#include "mail/report.h"

struct found_invitation {
	char id[INVITATION_ID_LEN + 1];
	char mailbox[ADDRESS_SIZE]; /* "" where it has none */
	char message_id[1024];	    /* of its latest Welcome mail; likewise */
};

/* Each returns 1 with the invitation, 0 when there is none, or -1 (temporary) when the store
 * does not answer. */

int lookup_id(const struct session *session, const char *id, struct found_invitation *found_r,
	struct error *error);

/* The first that has one of these links. */
int lookup_links(const struct session *session, const struct link_tokens *tokens,
	struct found_invitation *found_r, struct error *error);

/* Is one of these a genuine link, also of an invitation that only another relay with the same
 * keys knows? Returns 1, 0 or -1. */
int lookup_genuine(
	const struct session *session, const struct link_tokens *tokens, struct error *error);

/* The newest whose Welcome mail went to one of the report's mailboxes and had one of its
 * Message-IDs. Nearly every report that this is asked of is somebody else's: it does not wait
 * for a store that does not answer (ask_store_briefly). */
int lookup_message(const struct session *session, const struct report *report,
	struct found_invitation *found_r, struct error *error);

#endif
