/*
 * The checks, in the order in which they count: what the request alone says comes before the
 * store is asked, what nobody can mend by waiting before what time mends.
 *
 * A request without recipient at a later stage (several recipients) passes when sender and
 * submitter fit: the milter refuses a Welcome mail that has more than one recipient, so that
 * none goes out unpaced.
 */
#include "decide.h"

#include <stdio.h>
#include <string.h>

#define DAY 86400

/* A time that is still to come is of a clock that was put back, and would hold mail up until
 * then. Mails that were recorded since stand in front of it. */
#define CLOCK_SLACK 60

/* Checks: each says whether it stops the mail. */

static bool too_early(const struct facts *facts, time_t *wait)
{
	(void)wait;
	return facts->too_early;
}

static bool somebody_elses(const struct facts *facts, time_t *wait)
{
	(void)wait;
	return !facts->welcome_sender;
}

static bool stranger(const struct facts *facts, time_t *wait)
{
	(void)wait;
	return !facts->submitter;
}

static bool no_tls(const struct facts *facts, time_t *wait)
{
	(void)wait;
	return facts->require_tls && !facts->encrypted;
}

static bool no_recipient(const struct facts *facts, time_t *wait)
{
	(void)wait;
	return !facts->recipient;
}

static bool not_asked(const struct facts *facts, time_t *wait)
{
	(void)wait;
	return facts->store == STORE_NOT_ASKED;
}

static bool away(const struct facts *facts, time_t *wait)
{
	(void)wait;
	return facts->store == STORE_AWAY;
}

static bool revoked(const struct facts *facts, time_t *wait)
{
	(void)wait;
	return facts->revoked;
}

static bool unknown(const struct facts *facts, time_t *wait)
{
	(void)wait;
	return facts->require_known && !facts->known;
}

/* Is the n-th mail from the newest less than so many seconds old? */
static bool within(const struct facts *facts, size_t n, time_t seconds, time_t *wait)
{
	size_t counted = 0;

	for (size_t i = 0; i < facts->sent_n && counted < n; i++) {
		if (facts->sent[i] > facts->now + CLOCK_SLACK)
			continue;
		counted++;
		*wait = facts->sent[i] + seconds - facts->now;
	}
	return n > 0 && counted == n && seconds > 0 && *wait > 0;
}

static bool daily_limit(const struct facts *facts, time_t *wait)
{
	return within(facts, facts->daily_limit, DAY, wait);
}

static bool resent(const struct facts *facts, time_t *wait)
{
	return within(facts, 1, facts->resend_interval, wait);
}

static const struct {
	bool (*stops)(const struct facts *facts, time_t *wait);
	enum verdict verdict;
} checks[] = {
	{too_early, VERDICT_TOO_EARLY},
	{somebody_elses, VERDICT_PASS},
	{stranger, VERDICT_STRANGER},
	{no_tls, VERDICT_NO_TLS},
	{no_recipient, VERDICT_PASS},
	{not_asked, VERDICT_ASK},
	{away, VERDICT_AWAY},
	{revoked, VERDICT_REVOKED},
	{unknown, VERDICT_UNKNOWN},
	{daily_limit, VERDICT_DAILY_LIMIT},
	{resent, VERDICT_RESEND},
};

enum verdict decide(const struct facts *facts, time_t *wait_r)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		*wait_r = 0;
		if (checks[i].stops(facts, wait_r))
			return checks[i].verdict;
	}
	*wait_r = 0;
	return VERDICT_PASS;
}

/* One line each, under 200 characters, says what to do. */
static const struct {
	const char *name;
	const char *action;
	bool timed; /* and the time to wait stands behind it */
} answers[] = {
	[VERDICT_PASS] = {"passed", "DUNNO"},
	[VERDICT_ASK] = {"asked", "DUNNO"},
	[VERDICT_TOO_EARLY] = {"too_early", "DUNNO"},
	[VERDICT_STRANGER] = {"stranger",
		"550 5.7.1 this sender address is the invitation platform's: send with its login or "
		"from its host, or use another sender address"},
	[VERDICT_NO_TLS] = {"no_tls",
		"530 5.7.0 mail of this sender address is taken over TLS only: issue STARTTLS first"},
	[VERDICT_AWAY] = {"store_away",
		"DEFER_IF_PERMIT 4.3.0 the invitation store is away for now and nothing was taken: "
		"send again in a minute"},
	[VERDICT_REVOKED] = {"revoked",
		"550 5.7.1 the invitation of this customer was revoked: put the customer into the "
		"customers table again (postinvite -i), then send again"},
	[VERDICT_UNKNOWN] = {"unknown_customer",
		"550 5.7.1 this mailbox is not in the customers table: put its customer there "
		"(postinvite -i), then send again"},
	[VERDICT_DAILY_LIMIT] = {"daily_limit",
		"DEFER_IF_PERMIT 4.7.1 this mailbox has got as many Welcome mails as a day allows: "
		"send again in",
		true},
	[VERDICT_RESEND] = {"resend_interval",
		"DEFER_IF_PERMIT 4.7.1 this mailbox has just got a Welcome mail: send again in",
		true},
};

const char *verdict_name(enum verdict verdict)
{
	return answers[verdict].name;
}

bool verdict_refuses(enum verdict verdict)
{
	return verdict >= VERDICT_STRANGER;
}

/* Writes the time to wait; returns the end. */
static char *put_wait(char *at, size_t size, time_t wait)
{
	long minutes = (long)(wait + 59) / 60;

	if (wait < 120)
		return at + snprintf(at, size, " %ld s", (long)wait);
	if (minutes < 120)
		return at + snprintf(at, size, " %ld min", minutes);
	return at + snprintf(at, size, " %ld h %ld min", minutes / 60, minutes % 60);
}

size_t verdict_answer(enum verdict verdict, time_t wait, char text_r[ANSWER_SIZE])
{
	char *end = stpcpy(stpcpy(text_r, "action="), answers[verdict].action);

	if (answers[verdict].timed)
		end = put_wait(end, (size_t)(text_r + ANSWER_SIZE - end), wait);
	return (size_t)(stpcpy(end, "\n\n") - text_r);
}
