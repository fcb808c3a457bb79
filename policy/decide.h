/*
 * What becomes of a request: facts in, verdict out, and what Postfix is told. Pure; all texts
 * that a sender can see are here, in one table.
 */
#ifndef POSTINVITE_POLICY_DECIDE_H
#define POSTINVITE_POLICY_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum store_says {
	STORE_NOT_ASKED,
	STORE_AWAY,
	STORE_ANSWERED,
};

struct facts {
	/* of the request */
	/* no recipient can be known at this stage: the restriction list is the wrong one */
	bool too_early;
	bool welcome_sender; /* its sender is listed in full in welcome_senders */
	bool submitter;	     /* and comes from one of welcome_submitters */
	bool encrypted;
	/* one recipient is named: at DATA and END-OF-MESSAGE there is none when there are
	 * several */
	bool recipient;

	/* of the settings */
	bool require_tls;
	bool require_known;
	time_t resend_interval; /* 0: none */
	size_t daily_limit;	/* 0: none */

	/* of the store (op pacing), about that recipient */
	enum store_says store;
	bool known;
	bool revoked;
	const time_t *sent; /* when mails were recorded, newest first */
	size_t sent_n;
	time_t now;
};

enum verdict {
	VERDICT_PASS,
	VERDICT_ASK, /* the store, and decide again */
	VERDICT_TOO_EARLY,
	VERDICT_STRANGER,
	VERDICT_NO_TLS,
	VERDICT_AWAY,
	VERDICT_REVOKED,
	VERDICT_UNKNOWN,
	VERDICT_DAILY_LIMIT,
	VERDICT_RESEND,
};

/* *wait_r: seconds until it would pass, for the verdicts that time mends; else 0. */
enum verdict decide(const struct facts *facts, time_t *wait_r);

/* As log lines call it: "passed", "stranger". */
const char *verdict_name(enum verdict verdict);
bool verdict_refuses(enum verdict verdict);

/* The answer, "action=..." and an empty line. Returns its length. Not for VERDICT_ASK. */
#define ANSWER_SIZE 256
size_t verdict_answer(enum verdict verdict, time_t wait, char text_r[ANSWER_SIZE]);

#endif
