/*
 * A Welcome mail as it leaves: what is changed, all of it ready before Postfix is told
 * anything, because nothing that it was told can be taken back.
 */
#ifndef POSTINVITE_MILTER_OUTGOING_H
#define POSTINVITE_MILTER_OUTGOING_H

#include "session.h"

#include "mail/rewrite.h"
#include "mail/smime.h"

struct outgoing {
	struct rewritten rewritten;	  /* the new body, unless it is signed */
	struct buf entity;		  /* signed: what is, empty otherwise */
	struct smime_signature signature; /* signed: what stands around it */
};

/* Is there something about the mail as it came for which outgoing_make would refuse it for
 * good? Returns 0 or -1. */
int outgoing_possible(const struct session *session, struct error *error);

/* Takes the new body over, and signs it where that is configured. Returns 0 or -1; to be freed
 * in both cases. */
int outgoing_make(const struct session *session, struct rewritten *rewritten,
	struct outgoing *outgoing_r, struct error *error);
void outgoing_free(struct outgoing *outgoing);

/* Tells Postfix: this envelope sender, the invitation's id as envelope id, header fields, body.
 * Returns 0 or -1 (temporary). */
struct outgoing_envelope {
	const char *sender;
	const char *id;
};
int outgoing_tell(SMFICTX *ctx, const struct session *session, const struct outgoing *outgoing,
	const struct outgoing_envelope *envelope, struct error *error);

#endif
