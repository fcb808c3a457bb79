/*
 * What Microsoft said no with, and what that means for us: one table from (error, suberror,
 * code) to an outcome and the words for it.
 *
 * Decisions rest on HTTP status, error and suberror; the AADSTS codes choose better words, and
 * tell a missing consent from another reason where Entra gives no suberror.
 *
 * Threads: pure functions.
 */
#ifndef POSTINVITE_TOKEN_REFUSAL_H
#define POSTINVITE_TOKEN_REFUSAL_H

#include "token/reply.h"

/* Codes that pages know, whatever Entra called it: each has a way on of its own. */
#define REFUSAL_CONSENT "consent_required" /* an administrator has to approve */
/* conditional access; device codes are blocked more often than browsers */
#define REFUSAL_POLICY	"blocked_by_policy"
#define REFUSAL_ACCOUNT "wrong_account" /* somebody else signed in (token/flow_account.h) */

enum outcome {
	/* poll again after the interval */
	OUTCOME_PENDING,
	/* the same, the interval is 5 s longer from now on (RFC 8628 section 3.5) */
	OUTCOME_SLOW_DOWN,
	/* the person said no; a new code may be asked for */
	OUTCOME_DECLINED,
	/* the device code is over; a new one may be asked for */
	OUTCOME_EXPIRED,
	/* the device or authorization code is none; a new one may be asked for */
	OUTCOME_BAD_CODE,
	/* the grant is dead: somebody has to sign in again */
	OUTCOME_NEEDS_SIGN_IN,
	/* an administrator has to approve, then somebody signs in again */
	OUTCOME_CONSENT_REQUIRED,
	/* the app registration or our settings; text says how to mend it */
	OUTCOME_CONFIGURATION,
	/* try again: after retry_after where it is not 0, else with back-off */
	OUTCOME_TEMPORARY,
	/* unknown: do not try again by itself */
	OUTCOME_TERMINAL,
	OUTCOME_COUNT
};

struct refusal {
	enum outcome outcome;
	/* of a record's last_error: the reply's error, "http_503", "malformed", or a name below;
	 * [A-Za-z0-9_.-] only */
	char code[64];
	/* one line: what happened, what to do, and the codes in brackets; no secret */
	char text[512];
	/* so much of it are our words; behind them stands what Microsoft says of whom */
	size_t own;
	int retry_after; /* seconds, 0: none given */
};

/* Fills in an outcome of our own making. The text is cut, control characters are replaced.
 * Returns -1. */
int refusal_set(struct refusal *refusal_r, enum outcome outcome, const char *code,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Reads an answer of the authority's that is no success (of any endpoint: device code, token,
 * OpenID configuration). Whatever the body is, the refusal is filled in. Always returns -1, so
 * that "return refusal_read(...)" reads well. */
int refusal_read(const struct reply *reply, struct refusal *refusal_r);

/* The same for what a browser brought to the redirect URI: the error parameters, description
 * may be NULL. Nothing is tried again by itself here, and the words say so. Always returns
 * -1. */
int refusal_from_callback(
	const char *error, const char *description, struct refusal *refusal_r);

#endif
