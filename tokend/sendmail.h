/*
 * Hands a mail to sendmail_command: a process of its own, without a shell, never waited for. At
 * most SENDMAIL_MAX at once, the rest wait here in order; each has SENDMAIL_MS.
 *
 * All calls from the loop's thread.
 */
#ifndef POSTINVITE_TOKEND_SENDMAIL_H
#define POSTINVITE_TOKEND_SENDMAIL_H

#include "base/buf.h"
#include "base/error.h"

#include <event2/event.h>

#define SENDMAIL_MAX 4
#define SENDMAIL_MS  60000

struct sendmail;

struct sendmail *sendmail_new(struct event_base *base); /* NULL out of memory */
/* what runs, runs on; what waits is dropped; nobody is called. Accepts NULL; nulls */
void sendmail_free(struct sendmail **sendmail);

/* error: NULL, the mail was taken; temporary, it was not; uncertain, the program ran out of
 * time or died, the mail may have left. */
typedef void sendmail_done_fn(void *context, const struct error *error);

struct sendmail_mail {
	const char *command; /* sendmail_command: words separated by blanks */
	const char *sender, *recipient;
	struct buf message;
};

/* Takes mail->message over (whatever the outcome), copies the rest. `done` is called once,
 * later. Returns 0, or -1: no `done` then. */
int sendmail_send(struct sendmail *sendmail, struct sendmail_mail *mail, sendmail_done_fn *done,
	void *context);

/* Mails that run or wait. */
size_t sendmail_pending(const struct sendmail *sendmail);

#endif
