/*
 * What was sent is noted as what it answered: the approval (consent_at) and the Welcome mail
 * (email_sent_at) by their times in the record, so that a repeated event plans nothing, and a
 * new one does.
 */
#include "invite/notice.h"

#include "base/clock.h"
#include "invite/record.h"

#include <string.h>

const char *notice_name(enum notice_kind kind)
{
	static const char *const names[] = {[NOTICE_NONE] = "none",
		[NOTICE_CONTINUE] = "continue",
		[NOTICE_REMINDER] = "reminder",
		[NOTICE_REINVITE] = "reinvite",
		[NOTICE_INVITATION] = "invitation"};

	return names[kind];
}

static bool noted(const struct notice_facts *facts, const char *note, const char *fact)
{
	const char *value = json_string(facts->record, fact, "");

	return strcmp(json_string(facts->sent, note, ""), value) == 0 && value[0] != '\0';
}

static void later(time_t *when, time_t other)
{
	if (*when < other)
		*when = other;
}

static void decide_continue(const struct notice_facts *facts, struct notice_plan *plan)
{
	time_t due = 0, before = (time_t)json_int(facts->sent, "continue_at", 0);

	if (noted(facts, "continue_for", "consent_at") ||
		clock_parse(json_string(facts->record, "consent_at", NULL), &due) != 0)
		return;
	if (before != 0)
		later(&due, before + NOTICE_PAUSE);
	if (facts->code_until != 0)
		later(&due, facts->code_until + NOTICE_GRACE);
	*plan = (struct notice_plan){NOTICE_CONTINUE, due};
}

static void decide_reinvite(const struct notice_facts *facts, struct notice_plan *plan)
{
	time_t before = (time_t)json_int(facts->sent, "reinvite_at", 0), due;

	if (clock_parse(json_string(facts->sent, "reinvite_wanted", NULL), &due) != 0)
		return;
	if (before != 0)
		later(&due, before + NOTICE_PAUSE);
	*plan = (struct notice_plan){NOTICE_REINVITE, due};
}

/* How many of this Welcome mail's intervals are dealt with. */
static int64_t slots_done(const struct notice_facts *facts)
{
	return noted(facts, "reminders_for", "email_sent_at")
		       ? json_int(facts->sent, "reminders", 0)
		       : 0;
}

static void decide_reminder(const struct notice_facts *facts, struct notice_plan *plan)
{
	int64_t done = slots_done(facts);
	time_t sent;

	if (clock_parse(json_string(facts->record, "email_sent_at", NULL), &sent) != 0)
		return;
	for (int64_t i = 0; facts->intervals[i] != 0; i++) {
		time_t due = sent + facts->intervals[i];

		if (i < done || due + NOTICE_LATE < facts->now)
			continue;
		if (plan->kind == NOTICE_NONE || due < plan->due)
			*plan = (struct notice_plan){NOTICE_REMINDER, due};
	}
}

void notice_decide(const struct notice_facts *facts, struct notice_plan *plan)
{
	*plan = (struct notice_plan){NOTICE_NONE, 0};
	switch (record_status(facts->record, facts->now)) {
	case STATUS_NEEDS_SIGN_IN:
		/* The link outlives the invitation's expiry in this state. */
		decide_reinvite(facts, plan);
		return;
	case STATUS_CONSENT_GRANTED:
		decide_continue(facts, plan);
		break;
	case STATUS_LINK_OPENED:
		if (!facts->platform)
			decide_reminder(facts, plan);
		break;
	case STATUS_EMAIL_SENT:
		decide_reminder(facts, plan);
		break;
	default:
		break;
	}
	if (plan->kind != NOTICE_NONE && plan->due > record_expires_at(facts->record))
		plan->kind = NOTICE_NONE;
}

/* Every interval that is over by now is dealt with by the one mail. */
static int note_reminder(const struct notice_facts *facts)
{
	const char *welcome = json_string(facts->record, "email_sent_at", "");
	int64_t done = 0;
	time_t sent = 0;

	clock_parse(welcome, &sent);
	while (facts->intervals[done] != 0 && sent + facts->intervals[done] <= facts->now)
		done++;
	return json_set_string(facts->sent, "reminders_for", welcome) == 0 &&
			       json_set_int(facts->sent, "reminders", done) == 0
		       ? 0
		       : -1;
}

static int note_continue(const struct notice_facts *facts)
{
	return json_set_int(facts->sent, "continue_at", facts->now) == 0 &&
			       json_set_string(facts->sent, "continue_for",
				       json_string(facts->record, "consent_at", "")) == 0
		       ? 0
		       : -1;
}

static int note_reinvite(const struct notice_facts *facts)
{
	if (json_set_string(facts->sent, "reinvite_for",
		    json_string(facts->sent, "reinvite_wanted", "")) != 0)
		return -1;
	json_object_object_del(facts->sent, "reinvite_wanted");
	return json_set_int(facts->sent, "reinvite_at", facts->now);
}

int notice_sent(const struct notice_facts *facts, const struct notice_plan *plan)
{
	switch (plan->kind) {
	case NOTICE_CONTINUE:
		return note_continue(facts);
	case NOTICE_REMINDER:
		return note_reminder(facts);
	case NOTICE_REINVITE:
		return note_reinvite(facts);
	case NOTICE_INVITATION:
	case NOTICE_NONE:
		break;
	}
	return 0;
}

enum notice_kind notice_order(struct json_object *record, time_t now)
{
	switch (record_status(record, now)) {
	case STATUS_REVOKED:
	case STATUS_EXPIRED:
	case STATUS_AUTHENTICATION_COMPLETE:
		return NOTICE_NONE;
	case STATUS_NEEDS_SIGN_IN:
		return NOTICE_REINVITE;
	case STATUS_CONSENT_GRANTED:
		return NOTICE_CONTINUE;
	default:
		return NOTICE_INVITATION;
	}
}

int notice_want_reinvite(struct json_object *sent, const char *refused_at)
{
	static const char *const notes[] = {"reinvite_for", "reinvite_wanted"};

	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
		if (strcmp(json_string(sent, notes[i], ""), refused_at) == 0)
			return 0;
	return json_set_string(sent, "reinvite_wanted", refused_at) == 0 ? 1 : -1;
}
