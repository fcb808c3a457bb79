/*
 * When a token is refreshed, what follows from what came back, and how long an access token is
 * given out. Pure: who carries it out is tokend/.
 *
 * Threads: pure functions.
 */
#ifndef POSTINVITE_TOKEN_REFRESH_H
#define POSTINVITE_TOKEN_REFRESH_H

#include "token/refusal.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define REFRESH_BACKOFF	    10 /* seconds, doubled with each failure in a row */
#define REFRESH_BACKOFF_MAX 3600
/* seconds until something is tried again that somebody has to mend first */
#define REFRESH_FAULT_WAIT 3600
/* seconds before its end from which on an access token is not given out any more */
#define ACCESS_EARLY 300

/* When a token that was refreshed now is refreshed next: between 80 and 100 per cent of the
 * interval from now. */
time_t refresh_due(time_t now, time_t interval, uint32_t random);

/* The latest time that a token is put off to, for whatever reason. What is due later was put off by
 * a clock that was ahead, or under a longer interval: refresh_soon. */
time_t refresh_latest(time_t now, time_t interval);

/* Between now and 20 per cent of the interval from now, for they may be many. */
time_t refresh_soon(time_t now, time_t interval, uint32_t random);

/* Until when an access token is given out: not in its last ACCESS_EARLY seconds, or its second
 * half if that is shorter. */
time_t access_until(time_t now, int expires_in);

struct refresh_facts {
	const struct refusal *refusal;
	/* an earlier request with the same refresh token got no answer: Microsoft may have
	 * replaced it */
	bool unsure;
	unsigned failures; /* in a row, before this one */
	uint32_t random;   /* any number, for jitter */
};

struct refresh_plan {
	/* the token is dead, somebody has to sign in; else it is tried again */
	bool refused;
	time_t wait;		/* seconds until then */
	bool passing;		/* nobody has to do anything about it */
	struct refusal refusal; /* in the words for this case */
};

/* The grant itself is refused by invalid_grant and its like alone. What is wrong with the app
 * registration, or is not known here, is wrong for every customer at once: the tokens are kept
 * and tried again every hour. */
void refresh_decide(const struct refresh_facts *facts, struct refresh_plan *plan_r);

/* A refresh has worked, and the store knows of a use at `told`: is it to be told? Once a week,
 * so that a history stays short and a token that is no longer refreshed is noticed long before
 * it ends. */
bool refresh_use_is_news(time_t told, time_t now);

#endif
