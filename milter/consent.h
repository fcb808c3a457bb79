/*
 * What the two ways of a consent mail share: to a mailbox behind the relay (consent.c), and to
 * a customer's consent address (consent_address.c).
 */
#ifndef POSTINVITE_MILTER_CONSENT_H
#define POSTINVITE_MILTER_CONSENT_H

#include "session.h"

#include "base/json.h"
#include "invite/fit.h"

/* Verifies who sent it, with a DNS query. NULL: genuine; else the reason why not. Is the key
 * not to be had now, that is said by session->consent.authentication.outcome. */
const char *consent_authenticate(struct session *session);

/* When the mail was written, as it says itself; a date to come is now. */
time_t consent_time(const struct session *session);

/* Takes into account the invitations of the customers that have that "mailbox", or that
 * "consent_tag". Returns 0 or -1. */
int consent_candidates(const struct session *session, const char *member, const char *value,
	struct fit *fit, struct error *error);

/* Returns 0 when one fits, else -1 (conflict, not found). where: "To:". */
int consent_fitting(const struct fit *fit, const char *where, struct error *error);

/* Has what the mail says recorded with that invitation. Returns 0 or -1. */
int consent_record(const struct session *session, const struct fit *fit, struct error *error);

#endif
