/*
 * Verdicts: facts in, action out.
 */
#include "support.h"

#include "../../policy/decide.c"

#include <stdio.h>
#include <string.h>

#define NOW 1800000000

/* A Welcome mail that may pass; rows change it. */
#define MAIL(says, interval, limit)                                                            \
	.welcome_sender = true, .submitter = true, .recipient = true,                          \
	.resend_interval = (interval), .daily_limit = (limit), .store = (says), .now = NOW
#define GOOD MAIL(STORE_ANSWERED, 60, 3)

#define SENT(...)                                                                              \
	.sent = (const time_t[]){__VA_ARGS__},                                                 \
	.sent_n = sizeof((const time_t[]){__VA_ARGS__}) / sizeof(time_t)

static const struct {
	const char *label;
	struct facts facts;
	enum verdict verdict;
	long wait;
} rows[] = {
	{"nothing known", {0}, VERDICT_PASS},
	{"somebody else's", {.recipient = true, .require_tls = true}, VERDICT_PASS},
	{"too early", {GOOD, .too_early = true}, VERDICT_TOO_EARLY},
	{"too early for others", {.too_early = true}, VERDICT_TOO_EARLY},
	{"stranger", {.welcome_sender = true}, VERDICT_STRANGER},
	{"stranger without TLS", {.welcome_sender = true, .require_tls = true},
		VERDICT_STRANGER},
	{"no TLS", {GOOD, .require_tls = true}, VERDICT_NO_TLS},
	{"TLS", {GOOD, .require_tls = true, .encrypted = true}, VERDICT_PASS},
	{"several recipients", {.welcome_sender = true, .submitter = true}, VERDICT_PASS},
	{"no TLS, several", {.welcome_sender = true, .submitter = true, .require_tls = true},
		VERDICT_NO_TLS},
	{"asked", {.welcome_sender = true, .submitter = true, .recipient = true}, VERDICT_ASK},
	{"away", {MAIL(STORE_AWAY, 60, 3)}, VERDICT_AWAY},
	{"good", {GOOD}, VERDICT_PASS},
	{"revoked", {GOOD, .revoked = true}, VERDICT_REVOKED},
	{"revoked and unknown", {GOOD, .revoked = true, .require_known = true},
		VERDICT_REVOKED},
	{"unknown", {GOOD, .require_known = true}, VERDICT_UNKNOWN},
	{"known", {GOOD, .require_known = true, .known = true}, VERDICT_PASS},
	{"just sent", {GOOD, SENT(NOW)}, VERDICT_RESEND, 60},
	{"sent lately", {GOOD, SENT(NOW - 59)}, VERDICT_RESEND, 1},
	{"sent before", {GOOD, SENT(NOW - 60)}, VERDICT_PASS},
	{"not paced", {MAIL(STORE_ANSWERED, 0, 3), SENT(NOW)}, VERDICT_PASS},
	{"below the limit", {GOOD, SENT(NOW - 100, NOW - 200)}, VERDICT_PASS},
	{"at the limit", {GOOD, SENT(NOW - 100, NOW - 200, NOW - 300)}, VERDICT_DAILY_LIMIT,
		DAY - 300},
	{"above it", {GOOD, SENT(NOW - 100, NOW - 200, NOW - 300, NOW - 400)},
		VERDICT_DAILY_LIMIT, DAY - 300},
	{"limit and interval", {GOOD, SENT(NOW, NOW - 200, NOW - 300)}, VERDICT_DAILY_LIMIT,
		DAY - 300},
	{"a day ago", {GOOD, SENT(NOW - 100, NOW - 200, NOW - DAY)}, VERDICT_PASS},
	{"no limit", {MAIL(STORE_ANSWERED, 60, 0), SENT(NOW - 100, NOW - 200, NOW - 300)},
		VERDICT_PASS},
	{"clock was put back", {GOOD, SENT(NOW + DAY, NOW + DAY, NOW + DAY)}, VERDICT_PASS},
	{"a little", {GOOD, SENT(NOW + 1)}, VERDICT_RESEND, 61},
	{"a little, not paced", {MAIL(STORE_ANSWERED, 0, 3), SENT(NOW + 5)}, VERDICT_PASS},
	{"and sent before", {GOOD, SENT(NOW + DAY, NOW - 10)}, VERDICT_RESEND, 50},
	{"and sent since", {GOOD, SENT(NOW - 100, NOW + DAY, NOW + DAY)}, VERDICT_PASS},
	{"and sent since, to the limit",
		{GOOD, SENT(NOW - 100, NOW - 200, NOW + DAY, NOW + DAY, NOW - 300)},
		VERDICT_DAILY_LIMIT, DAY - 300},
};

static void test_verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		time_t wait = -1;

		assert_text(rows[i].label, verdict_name(decide(&rows[i].facts, &wait)),
			verdict_name(rows[i].verdict));
		assert_number(rows[i].label, (long long)wait, rows[i].wait);
	}
}

/* One line of under 200 characters, with what to do in it. */
static void test_answers(void **state)
{
	static const struct {
		enum verdict verdict;
		time_t wait;
		const char *head, *tail;
	} answer_rows[] = {
		{VERDICT_PASS, 0, "action=DUNNO", "DUNNO"},
		{VERDICT_TOO_EARLY, 0, "action=DUNNO", "DUNNO"},
		{VERDICT_STRANGER, 0, "action=550 5.7.1 ", "use another sender address"},
		{VERDICT_NO_TLS, 0, "action=530 5.7.0 ", "issue STARTTLS first"},
		{VERDICT_AWAY, 0, "action=DEFER_IF_PERMIT 4.3.0 ", "send again in a minute"},
		{VERDICT_REVOKED, 0, "action=550 5.7.1 ", "then send again"},
		{VERDICT_UNKNOWN, 0, "action=550 5.7.1 ", "then send again"},
		{VERDICT_DAILY_LIMIT, DAY, "action=DEFER_IF_PERMIT 4.7.1 ", "in 24 h 0 min"},
		{VERDICT_DAILY_LIMIT, 7201, "action=DEFER_IF_PERMIT 4.7.1 ", "in 2 h 1 min"},
		{VERDICT_RESEND, 1, "action=DEFER_IF_PERMIT 4.7.1 ", "send again in 1 s"},
		{VERDICT_RESEND, 119, "action=DEFER_IF_PERMIT 4.7.1 ", "send again in 119 s"},
		{VERDICT_RESEND, 3541, "action=DEFER_IF_PERMIT 4.7.1 ", "send again in 60 min"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answer_rows); i++) {
		const char *tail = answer_rows[i].tail;
		char text[ANSWER_SIZE];
		size_t len = verdict_answer(answer_rows[i].verdict, answer_rows[i].wait, text);

		assert_in_range(len, 1, 199);
		assert_number("length", (long long)strlen(text), (long long)len);
		assert_memory_equal(text, answer_rows[i].head, strlen(answer_rows[i].head));
		assert_ptr_equal(strchr(text, '\n'), text + len - 2);
		assert_text("end", text + len - 2, "\n\n");
		text[len - 2] = '\0';
		assert_text("what to do", text + len - 2 - strlen(tail), tail);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_answers),
	};

	return cmocka_run_group_tests_name("policy decisions", tests, NULL, NULL);
}
