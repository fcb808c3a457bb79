/*
 * Mails that we send to Service accounts: "please continue", reminders, new invitations. What
 * is due, and when, is decided by invite/notice.h; here it is remembered in the vault, waited
 * for, and done.
 *
 * What is sent is noted on disk first: a mail whose process we lost sight of is not sent again.
 * One that sendmail_command refused is.
 */
#ifndef POSTINVITE_TOKEND_NOTICE_H
#define POSTINVITE_TOKEND_NOTICE_H

#include "tokend.h"

struct notices;

/* Reads what the vault holds. Returns 0, or -1 with error set. */
int notices_start(struct tokend *tokend, struct error *error);
void notices_free(struct tokend *tokend);

/* An invitation has changed: the record as it is now, borrowed. */
void notices_event(struct tokend *tokend, const char *id, struct json_object *record);

/* The token of that invitation was refused at that time, and auto_reinvite is set: a mail with
 * its link goes to the Service account once notices_event says that it needs a sign-in. */
void notices_reinvite(struct tokend *tokend, const char *id, const char *refused_at);

/* To be called before the cursor is kept. Returns 0, or -1 with error set. */
int notices_save(struct tokend *tokend, struct error *error);

/* Forgets invitations that have ended. */
void notices_sweep(struct tokend *tokend);

/* Mails under way. */
size_t notices_pending(const struct tokend *tokend);

#endif
