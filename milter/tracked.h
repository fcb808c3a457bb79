/*
 * Whether a link that looks like ours is.
 */
#ifndef POSTINVITE_MILTER_TRACKED_H
#define POSTINVITE_MILTER_TRACKED_H

#include "session.h"

#include "invite/link.h"
#include "mail/links.h"

/* Asks the store, which has the link key, for each token in turn. Returns 1 with the invitation of the first genuine one, 0
 * when there is none, or -1 (temporary) when the store does not answer. */
int tracked_invitation(const struct session *session, const struct link_tokens *tokens,
	char id_r[INVITATION_ID_LEN + 1], struct error *error);

#endif
