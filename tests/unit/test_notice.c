/*
 * Which mail is due when: the schedule as a function of record, notes and time.
 */
#include "support.h"

#include "base/buf.h"
#include "invite/notice.h"

#include <stdio.h>
#include <string.h>

#define HOUR 3600
#define DAY  (24 * HOUR)
#define T0   1767225600 /* 2026-01-01T00:00:00Z */

#define USUAL                                                                                  \
	"\"expires_at\":\"2026-02-01T00:00:00Z\",\"token_state\":\"none\",\"consent\":"        \
	"\"none\""
#define SENT                                                                                   \
	"{\"email_sent\":true,\"delivery\":\"relayed\",\"email_sent_at\":\"2026-01-01T00:00:"  \
	"00Z\"," USUAL
#define GRANTED                                                                                \
	"{\"expires_at\":\"2026-02-01T00:00:00Z\",\"token_state\":\"none\",\"consent\":"       \
	"\"granted\","                                                                         \
	"\"consent_source\":\"mail\",\"consent_at\":\"2026-01-04T00:00:00Z\""

static const time_t two_and_five[] = {2 * DAY, 5 * DAY, 0};
static const time_t none[] = {0};

static struct json_object *parse(const char *text)
{
	struct json_object *value = NULL;
	struct error error;

	if (text != NULL && json_parse(text, strlen(text), &value, &error) != 0)
		fail_msg("%s: %s", text, error.text);
	return value;
}

static const struct {
	const char *label, *record, *sent;
	const time_t *intervals;
	time_t now, code_until; /* seconds from T0; 0: no code */
	enum notice_kind kind;
	time_t due;
} cases[] = {
	{"first reminder", SENT "}", NULL, two_and_five, HOUR, 0, NOTICE_REMINDER, 2 * DAY},
	{"overdue", SENT "}", NULL, two_and_five, 3 * DAY, 0, NOTICE_REMINDER, 2 * DAY},
	{"link opened only", SENT ",\"link_opened_at\":\"2026-01-01T01:00:00Z\"}", NULL,
		two_and_five, HOUR, 0, NOTICE_REMINDER, 2 * DAY},
	{"second", SENT "}", "{\"reminders_for\":\"2026-01-01T00:00:00Z\",\"reminders\":1}",
		two_and_five, 3 * DAY, 0, NOTICE_REMINDER, 5 * DAY},
	{"all done", SENT "}", "{\"reminders_for\":\"2026-01-01T00:00:00Z\",\"reminders\":2}",
		two_and_five, 6 * DAY, 0, NOTICE_NONE, 0},
	{"new Welcome mail", SENT "}",
		"{\"reminders_for\":\"2025-12-01T00:00:00Z\",\"reminders\":2}", two_and_five,
		HOUR, 0, NOTICE_REMINDER, 2 * DAY},
	{"too late for the first", SENT "}", NULL, two_and_five, 5 * DAY + 1, 0,
		NOTICE_REMINDER, 5 * DAY},
	{"too late for both", SENT "}", NULL, two_and_five, 9 * DAY, 0, NOTICE_NONE, 0},
	{"reminders off", SENT "}", NULL, none, HOUR, 0, NOTICE_NONE, 0},
	{"bounced",
		"{\"email_sent\":true,\"delivery\":\"failed\",\"email_sent_at\":\"2026-01-"
		"01T00:00:00Z\"," USUAL "}",
		NULL, two_and_five, HOUR, 0, NOTICE_NONE, 0},
	{"no mail", "{" USUAL "}", NULL, two_and_five, HOUR, 0, NOTICE_NONE, 0},
	{"sign-in begun", SENT ",\"sign_in_started_at\":\"2026-01-01T02:00:00Z\"}", NULL,
		two_and_five, DAY, 0, NOTICE_NONE, 0},
	{"revoked", SENT ",\"revoked_at\":\"2026-01-01T02:00:00Z\"}", NULL, two_and_five, DAY,
		0, NOTICE_NONE, 0},
	{"expired before it is due",
		"{\"email_sent\":true,\"email_sent_at\":\"2026-01-01T00:00:00Z\",\"token_"
		"state\":\"none\","
		"\"expires_at\":\"2026-01-02T00:00:00Z\"}",
		NULL, two_and_five, HOUR, 0, NOTICE_NONE, 0},
	{"expired", SENT "}", NULL, two_and_five, 40 * DAY, 0, NOTICE_NONE, 0},

	{"approved", GRANTED "}", NULL, two_and_five, 3 * DAY, 0, NOTICE_CONTINUE, 3 * DAY},
	{"approved, code alive", GRANTED "}", NULL, two_and_five, 3 * DAY, 3 * DAY + 900,
		NOTICE_CONTINUE, 3 * DAY + 900 + NOTICE_GRACE},
	{"approved and told", GRANTED "}",
		"{\"continue_at\":1767484800,\"continue_for\":\"2026-01-04T00:00:00Z\"}",
		two_and_five, 9 * DAY, 0, NOTICE_NONE, 0},
	{"approved again the same day", GRANTED "}",
		"{\"continue_at\":1767484000,\"continue_for\":\"2026-01-03T23:00:00Z\"}",
		two_and_five, 3 * DAY, 0, NOTICE_CONTINUE, 4 * DAY - 800},
	{"approved and signed in",
		GRANTED ",\"token_state\":\"valid\",\"device_authenticated\":true}", NULL,
		two_and_five, 3 * DAY, 0, NOTICE_NONE, 0},
	{"denied", SENT ",\"consent\":\"denied\",\"consent_at\":\"2026-01-04T00:00:00Z\"}",
		NULL, two_and_five, 3 * DAY, 0, NOTICE_NONE, 0},
	{"requested",
		SENT ",\"consent\":\"requested\",\"consent_at\":\"2026-01-02T00:00:00Z\"}",
		NULL, two_and_five, DAY, 0, NOTICE_NONE, 0},

	{"needs a sign-in", "{\"token_state\":\"needs_sign_in\"}", NULL, two_and_five, 0, 0,
		NOTICE_NONE, 0},
	{"and is wanted", "{\"token_state\":\"needs_sign_in\"}",
		"{\"reinvite_wanted\":\"2026-01-01T00:01:40Z\"}", two_and_five, 200, 0,
		NOTICE_REINVITE, 100},
	{"and was sent today", "{\"token_state\":\"needs_sign_in\"}",
		"{\"reinvite_wanted\":\"2026-01-01T00:01:40Z\",\"reinvite_at\":1767225600}",
		two_and_five, 200, 0, NOTICE_REINVITE, DAY},
	{"wanted, but valid again", "{\"token_state\":\"valid\",\"device_authenticated\":true}",
		"{\"reinvite_wanted\":\"2026-01-01T00:01:40Z\"}", two_and_five, 200, 0,
		NOTICE_NONE, 0},
};

static void plans(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct notice_facts facts = {.record = parse(cases[i].record),
			.sent = parse(cases[i].sent),
			.intervals = cases[i].intervals,
			.code_until = cases[i].code_until != 0 ? T0 + cases[i].code_until : 0,
			.now = T0 + cases[i].now};
		struct notice_plan plan;

		notice_decide(&facts, &plan);
		assert_text(cases[i].label, notice_name(plan.kind), notice_name(cases[i].kind));
		if (plan.kind != NOTICE_NONE)
			assert_number(cases[i].label, plan.due - T0, cases[i].due);
		json_object_put(facts.record);
		json_object_put(facts.sent);
	}
}

/* Sends whatever is due, hour by hour, and writes down when. */
static void walk(const char *record, const time_t *intervals, time_t from, struct buf *log)
{
	struct notice_facts facts = {.record = parse(record),
		.sent = json_object_new_object(),
		.intervals = intervals};
	struct notice_plan plan;

	for (time_t hour = from; hour < 40 * 24; hour++) {
		facts.now = T0 + hour * HOUR;
		notice_decide(&facts, &plan);
		if (plan.kind == NOTICE_NONE || plan.due > facts.now)
			continue;
		assert_int_equal(notice_sent(&facts, &plan), 0);
		buf_printf(log, "%s@%ld ", notice_name(plan.kind), (long)hour);
	}
	json_object_put(facts.record);
	json_object_put(facts.sent);
}

static void platform_ends_it_at_the_click(void **state)
{
	struct notice_facts facts = {.record = parse(SENT "}"),
		.intervals = two_and_five,
		.platform = true,
		.now = T0 + HOUR};
	struct notice_plan plan;

	(void)state;
	notice_decide(&facts, &plan);
	assert_text("not opened", notice_name(plan.kind), "reminder");
	json_set_string(facts.record, "link_opened_at", "2026-01-01T00:30:00Z");
	notice_decide(&facts, &plan);
	assert_text("opened", notice_name(plan.kind), "none");
	json_object_put(facts.record);
}

static void once_for_each_slot(void **state)
{
	static const time_t three[] = {DAY, 2 * DAY, 3 * DAY, 0};
	static const struct {
		const char *label, *record;
		const time_t *intervals;
		time_t from;
		const char *want;
	} walks[] = {
		{"reminders", SENT "}", two_and_five, 0, "reminder@48 reminder@120 "},
		{"away from the first to the third", SENT "}", three, 73, "reminder@73 "},
		{"away for long", SENT "}", three, 200, ""},
		{"continue", GRANTED "}", two_and_five, 72, "continue@72 "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(walks); i++) {
		struct buf log;

		buf_init(&log, 4096);
		walk(walks[i].record, walks[i].intervals, walks[i].from, &log);
		assert_text(walks[i].label, log.data, walks[i].want);
		buf_free(&log);
	}
}

static void one_mail_for_a_refusal(void **state)
{
	static const char refused[] = "2026-01-01T00:00:00Z", again[] = "2026-01-01T01:00:00Z";
	struct notice_facts facts = {.record = parse("{\"token_state\":\"needs_sign_in\"}"),
		.sent = json_object_new_object(),
		.intervals = none,
		.now = T0 + HOUR};
	struct notice_plan plan;

	(void)state;
	assert_number("wanted", notice_want_reinvite(facts.sent, refused), 1);
	assert_number("heard twice", notice_want_reinvite(facts.sent, refused), 0);
	notice_decide(&facts, &plan);
	assert_number("due", plan.due, T0);
	assert_int_equal(notice_sent(&facts, &plan), 0);
	notice_decide(&facts, &plan);
	assert_text("sent", notice_name(plan.kind), "none");
	assert_number("heard again", notice_want_reinvite(facts.sent, refused), 0);
	assert_number("refused again", notice_want_reinvite(facts.sent, again), 1);
	notice_decide(&facts, &plan);
	assert_number("the next day", plan.due, T0 + HOUR + DAY);
	json_object_put(facts.record);
	json_object_put(facts.sent);
}

static void what_an_operator_sends(void **state)
{
	static const struct {
		const char *label, *record, *want;
	} rows[] = {
		{"not sent yet", "{}", "invitation"},
		{"bounced", "{\"email_sent\":true,\"delivery\":\"failed\"}", "invitation"},
		{"under way", "{\"sign_in_started_at\":\"2026-01-01T00:00:00Z\"}",
			"invitation"},
		{"approved", "{\"consent\":\"granted\"}", "continue"},
		{"token dead", "{\"token_state\":\"needs_sign_in\"}", "reinvite"},
		{"complete",
			"{\"authentication_complete_at\":\"2026-01-01T00:00:00Z\",\"token_state\":\"valid\"}",
			"none"},
		{"revoked", "{\"revoked_at\":\"2026-01-01T00:00:00Z\"}", "none"},
		{"expired", "{\"expires_at\":\"2025-01-01T00:00:00Z\"}", "none"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json_object *record = parse(rows[i].record);

		assert_text(rows[i].label, notice_name(notice_order(record, T0)), rows[i].want);
		json_object_put(record);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans),
		cmocka_unit_test(platform_ends_it_at_the_click),
		cmocka_unit_test(once_for_each_slot),
		cmocka_unit_test(one_mail_for_a_refusal),
		cmocka_unit_test(what_an_operator_sends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
