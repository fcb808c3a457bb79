/*
 * What a sign-in under way does next: the device flow's polling (RFC 8628 section 3.5), and the
 * steps that follow it, given what came back. Pure: facts in, a plan out; who carries it out is
 * tokend/.
 *
 * Threads: pure functions.
 */
#ifndef POSTINVITE_TOKEN_FLOW_H
#define POSTINVITE_TOKEN_FLOW_H

#include "token/http.h"
#include "token/refusal.h"

#include <stdint.h>
#include <time.h>

#define FLOW_SLOW_DOWN 5 /* seconds that each slow_down adds for good */
/* seconds behind a code's end in which Microsoft is still asked */
#define FLOW_GRACE	 10
#define FLOW_BACKOFF_MAX 60   /* seconds between tries while Microsoft fails */
#define FLOW_MIN_WAIT_MS 1000 /* between any two requests for one invitation */

/* What is remembered from one answer to the next. */
struct flow_progress {
	int interval;	   /* seconds between polls */
	unsigned failures; /* in a row */
	bool uncertain;	   /* a request went out whose answer was lost, and none came since */
	char reported[64]; /* code of the passing fault that was told last */
};

struct flow_facts {
	const struct refusal *refusal; /* what came back instead of success */
	/* of a poll: a code is out, and its end bounds how long it is tried */
	bool polling;
	bool uncertain;	 /* the refusal stands for an answer that was lost */
	uint32_t random; /* any number, for jitter */
};

enum flow_action {
	FLOW_AGAIN, /* the same request after wait_ms */
	FLOW_END,   /* nothing is left to try: the customer starts again */
};

enum flow_tell {
	FLOW_TELL_NOTHING,
	/* event sign_in_error: a passing fault, told once until the fault is another */
	FLOW_TELL_ERROR,
	FLOW_TELL_FAILED, /* event sign_in_failed */
};

struct flow_plan {
	enum flow_action action;
	int wait_ms; /* of FLOW_AGAIN, at least FLOW_MIN_WAIT_MS */
	enum flow_tell tell;
	/* of FLOW_TELL_FAILED: an operator has to change something first */
	bool final;
	struct refusal refusal; /* whose code and text are told */
};

/* Decides, and brings progress up to date. */
void flow_decide(struct flow_progress *progress, const struct flow_facts *facts,
	struct flow_plan *plan_r);

/* The refusal that an HTTP outcome other than HTTP_ANSWERED stands for. Always
 * OUTCOME_TEMPORARY. */
void flow_fault(const struct http_answer *answer, struct refusal *refusal_r);

/* Is the code so old that asking is no use any more? Then the refusal that says so. expires_at
 * 0: it has no end. */
bool flow_over(time_t expires_at, time_t now, struct refusal *refusal_r);

#endif
