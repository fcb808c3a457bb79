/*
 * Which mail of ours an invitation is waiting for, and when: a pure function of the record's
 * facts, of what was sent already, and of time.
 *
 *	continue  The administrator has approved, no code is live and there is no token: the Service account has to sign
 *	          in once more. One for each approval, at most one a day.
 *	reinvite  The token needs a sign-in, and notice_want_reinvite was called for its refusal; at most one a day.
 *	reminder  The Welcome mail is reminder_intervals old and nobody has begun to sign in. At most one for
 *	          each interval; intervals that were missed together cost one mail, and what is late by more than
 *	          NOTICE_LATE is left out. A new Welcome mail begins anew.
 *	invitation  Never planned: what an operator asks for, where notice_order says nothing else.
 *
 * Threads: pure functions on objects of the caller's.
 */
#ifndef POSTINVITE_INVITE_NOTICE_H
#define POSTINVITE_INVITE_NOTICE_H

#include "base/json.h"

#include <stdbool.h>
#include <time.h>

#define NOTICE_PAUSE (24 * 3600)     /* between two mails of a kind, but for reminders */
#define NOTICE_LATE  (3 * 24 * 3600) /* a reminder that is later has lost its sense */
/* behind a code's death, for those who were just about to enter it */
#define NOTICE_GRACE 60

enum notice_kind {
	NOTICE_NONE,
	NOTICE_CONTINUE,
	NOTICE_REMINDER,
	NOTICE_REINVITE,
	NOTICE_INVITATION
};

/* "continue", as the event "notified" and the names of the templates have it. */
const char *notice_name(enum notice_kind kind);

struct notice_facts {
	struct json_object *record;
	/* what notice_sent noted, an object; NULL: nothing was sent */
	struct json_object *sent;
	const time_t *intervals; /* reminder_intervals, ascending, 0 behind the last */
	time_t code_until;	 /* when the live code dies; 0: there is none */
	/* the link leads on to the platform's own wizard: who has opened it is beyond our
	 * knowledge */
	bool platform;
	time_t now;
};

struct notice_plan {
	enum notice_kind kind; /* NOTICE_NONE: nothing is due unless a fact changes */
	time_t due;	       /* may be past */
};

void notice_decide(const struct notice_facts *facts, struct notice_plan *plan_r);

/* Notes in facts->sent (not NULL) that the planned mail is being sent, so that notice_decide
 * does not plan it again. Returns 0, or -1 out of memory. */
int notice_sent(const struct notice_facts *facts, const struct notice_plan *plan);

/* The mail to send when an operator wants one now: the one that fits the record's status.
 * NOTICE_NONE where a mail makes no sense. */
enum notice_kind notice_order(struct json_object *record, time_t now);

/* Notes in sent that a refusal of the token, at that time, is to be followed by a mail. Nothing
 * when it was noted before. Returns 1 when the notes have changed, 0, or -1 out of memory. */
int notice_want_reinvite(struct json_object *sent, const char *refused_at);

#endif
