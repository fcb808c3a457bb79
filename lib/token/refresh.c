/*
 * One row an outcome. Entra keeps a refresh token valid after its use, so one whose answer was
 * lost is sent once more; an authority that ends the whole grant then is told apart in words.
 */
#include "token/refresh.h"

static const struct {
	bool refused;
	bool passing;
} rows[OUTCOME_COUNT] = {
	[OUTCOME_PENDING] = {false, true},
	[OUTCOME_SLOW_DOWN] = {false, true},
	[OUTCOME_TEMPORARY] = {false, true},
	[OUTCOME_CONFIGURATION] = {false, false},
	[OUTCOME_TERMINAL] = {false, false},
	[OUTCOME_DECLINED] = {true, false},
	[OUTCOME_EXPIRED] = {true, false},
	[OUTCOME_BAD_CODE] = {true, false},
	[OUTCOME_NEEDS_SIGN_IN] = {true, false},
	[OUTCOME_CONSENT_REQUIRED] = {true, false},
};

time_t refresh_due(time_t now, time_t interval, uint32_t random)
{
	return now + interval - (time_t)((uint64_t)interval * (random % 201) / 1000);
}

time_t refresh_latest(time_t now, time_t interval)
{
	/* Above what jitter makes of it. */
	time_t wait = 2 * REFRESH_FAULT_WAIT;

	return now + (interval > wait ? interval : wait);
}

time_t refresh_soon(time_t now, time_t interval, uint32_t random)
{
	return now + (time_t)((uint64_t)interval * (random % 201) / 1000);
}

time_t access_until(time_t now, int expires_in)
{
	int early = expires_in / 2 < ACCESS_EARLY ? expires_in / 2 : ACCESS_EARLY;

	return now + expires_in - early;
}

/* Between 80 and 120 per cent. */
static time_t jitter(time_t seconds, uint32_t random)
{
	return (time_t)((uint64_t)seconds * (80 + random % 41) / 100);
}

static time_t backoff(const struct refresh_facts *facts)
{
	time_t wait = REFRESH_BACKOFF;

	for (unsigned i = 0; i < facts->failures && wait < REFRESH_BACKOFF_MAX; i++)
		wait *= 2;
	return wait < REFRESH_BACKOFF_MAX ? wait : REFRESH_BACKOFF_MAX;
}

void refresh_decide(const struct refresh_facts *facts, struct refresh_plan *plan_r)
{
	enum outcome outcome = facts->refusal->outcome;
	time_t wait = rows[outcome].passing ? backoff(facts) : REFRESH_FAULT_WAIT;

	*plan_r = (struct refresh_plan){.refused = rows[outcome].refused,
		.passing = rows[outcome].passing,
		.refusal = *facts->refusal};
	if (plan_r->refused && facts->unsure && outcome == OUTCOME_NEEDS_SIGN_IN)
		refusal_set(&plan_r->refusal, outcome, "answer_lost",
			"Microsoft's answer with the new token was lost on its way here, and "
			"the old one is not accepted any more; sign in again (%s)",
			facts->refusal->code);
	if (plan_r->refused)
		return;
	plan_r->wait = jitter(wait, facts->random);
	if (facts->refusal->retry_after > plan_r->wait)
		plan_r->wait = facts->refusal->retry_after;
}

bool refresh_use_is_news(time_t told, time_t now)
{
	return now - told >= 7 * 24 * 3600;
}
