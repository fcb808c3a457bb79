/*
 * A table from outcome to what follows, and two rules beside it: waiting (Retry-After, else
 * exponential back-off with jitter while Microsoft fails, else the interval) and the lost
 * answer. When the answer to a poll was lost and the next one says that the code is used up,
 * the lost one held the token: nobody else can get it, and the customer has to start again,
 * which the words must say.
 *
 * A poll that hears "consent required" goes on: whether an approval revives the code is
 * Microsoft's business, and a code costs nothing while it lives. To anything but a poll,
 * "pending" is no answer at all.
 */
#include "token/flow.h"

#include <stdio.h>
#include <string.h>

static const struct {
	enum flow_action action;
	enum flow_tell tell;
	bool final;
} rows[OUTCOME_COUNT] = {
	[OUTCOME_PENDING] = {FLOW_AGAIN, FLOW_TELL_NOTHING},
	[OUTCOME_SLOW_DOWN] = {FLOW_AGAIN, FLOW_TELL_NOTHING},
	[OUTCOME_TEMPORARY] = {FLOW_AGAIN, FLOW_TELL_ERROR},
	[OUTCOME_CONSENT_REQUIRED] = {FLOW_AGAIN, FLOW_TELL_ERROR},
	[OUTCOME_DECLINED] = {FLOW_END, FLOW_TELL_FAILED},
	[OUTCOME_EXPIRED] = {FLOW_END, FLOW_TELL_FAILED},
	[OUTCOME_BAD_CODE] = {FLOW_END, FLOW_TELL_FAILED},
	[OUTCOME_NEEDS_SIGN_IN] = {FLOW_END, FLOW_TELL_FAILED},
	[OUTCOME_CONFIGURATION] = {FLOW_END, FLOW_TELL_FAILED, true},
	[OUTCOME_TERMINAL] = {FLOW_END, FLOW_TELL_FAILED, true},
};

/* Between 80 and 120 per cent, so that flows that failed together do not come back together. */
static int jitter(int ms, uint32_t random)
{
	return (int)((int64_t)ms * (80 + random % 41) / 100);
}

static int backoff_ms(const struct flow_progress *progress, uint32_t random)
{
	int seconds = progress->interval;

	for (unsigned i = 1; i < progress->failures && seconds < FLOW_BACKOFF_MAX; i++)
		seconds *= 2;
	if (seconds > FLOW_BACKOFF_MAX)
		seconds = FLOW_BACKOFF_MAX;
	return jitter(seconds * 1000, random);
}

static int wait_ms(const struct flow_progress *progress, const struct flow_facts *facts)
{
	int ms = progress->interval * 1000;

	if (progress->failures > 0)
		ms = backoff_ms(progress, facts->random);
	if (facts->refusal->retry_after * 1000 > ms)
		ms = facts->refusal->retry_after * 1000;
	return ms > FLOW_MIN_WAIT_MS ? ms : FLOW_MIN_WAIT_MS;
}

static bool used_up(enum outcome outcome)
{
	return outcome == OUTCOME_BAD_CODE || outcome == OUTCOME_NEEDS_SIGN_IN;
}

/* Is it another passing fault than the one told last? */
static bool is_news(struct flow_progress *progress, const char *code)
{
	if (strcmp(progress->reported, code) == 0)
		return false;
	snprintf(progress->reported, sizeof(progress->reported), "%s", code);
	return true;
}

/* What the answer means where it was given. */
static enum outcome outcome_of(const struct flow_facts *facts)
{
	enum outcome outcome = facts->refusal->outcome;

	if (facts->polling)
		return outcome;
	if (outcome == OUTCOME_CONSENT_REQUIRED)
		return OUTCOME_DECLINED;
	return outcome == OUTCOME_PENDING || outcome == OUTCOME_SLOW_DOWN ? OUTCOME_TEMPORARY
									  : outcome;
}

void flow_decide(struct flow_progress *progress, const struct flow_facts *facts,
	struct flow_plan *plan_r)
{
	enum outcome outcome = outcome_of(facts);

	*plan_r = (struct flow_plan){.action = rows[outcome].action,
		.tell = rows[outcome].tell,
		.final = rows[outcome].final,
		.refusal = *facts->refusal};
	if (used_up(outcome) && progress->uncertain)
		refusal_set(&plan_r->refusal, outcome, "answer_lost",
			"Microsoft's answer with the token was lost on its way here, and a code "
			"answers once only; nothing was kept, please start again");
	if (outcome == OUTCOME_SLOW_DOWN)
		progress->interval += FLOW_SLOW_DOWN;
	progress->failures = outcome == OUTCOME_TEMPORARY ? progress->failures + 1 : 0;
	progress->uncertain =
		facts->uncertain || (progress->uncertain && outcome == OUTCOME_TEMPORARY);
	if (plan_r->action == FLOW_AGAIN)
		plan_r->wait_ms = wait_ms(progress, facts);
	if (plan_r->tell == FLOW_TELL_ERROR && !is_news(progress, facts->refusal->code))
		plan_r->tell = FLOW_TELL_NOTHING;
}

void flow_fault(const struct http_answer *answer, struct refusal *refusal_r)
{
	refusal_set(refusal_r, OUTCOME_TEMPORARY, answer->fault,
		"Microsoft gave no usable answer (%s); it is tried again", answer->error.text);
}

bool flow_over(time_t expires_at, time_t now, struct refusal *refusal_r)
{
	if (expires_at == 0 || now < expires_at + FLOW_GRACE)
		return false;
	refusal_set(refusal_r, OUTCOME_EXPIRED, "expired_token",
		"the code has expired; start again for a new one");
	return true;
}
