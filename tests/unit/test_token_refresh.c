/*
 * When a token is refreshed, and what follows from a refusal.
 */
#include "support.h"

#include "token/refresh.h"

#include <string.h>

#define NOW 1700000000

static void test_due(void **state)
{
	static const struct {
		const char *label;
		time_t interval;
		uint32_t random;
		time_t want;
	} rows[] = {
		{"no jitter", 86400, 0, 86400},
		{"all of it", 86400, 200, 69120},
		{"a number beyond", 86400, 201, 86400},
		{"half", 86400, 100, 77760},
		{"shortest", 60, 200, 48},
		{"longest", 5184000, 4294967295u, 5184000 - 99 * 5184},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_number(rows[i].label,
			refresh_due(NOW, rows[i].interval, rows[i].random) - NOW, rows[i].want);
}

static void test_put_off_too_far(void **state)
{
	(void)state;
	assert_number("long", refresh_latest(NOW, 86400) - NOW, 86400);
	assert_number("short", refresh_latest(NOW, 60) - NOW, 2 * REFRESH_FAULT_WAIT);
	assert_number("at once", refresh_soon(NOW, 86400, 0) - NOW, 0);
	assert_number("as late as can be", refresh_soon(NOW, 86400, 200) - NOW, 17280);
	assert_number("longest", refresh_soon(NOW, 5184000, 4294967295u) - NOW, 99 * 5184);
}

static void test_access_until(void **state)
{
	static const struct {
		int expires_in, want;
	} rows[] = {
		{4823, 4523}, {3600, 3300}, {600, 300}, {599, 300}, {60, 30}, {4, 2}, {1, 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_number(
			"until", access_until(NOW, rows[i].expires_in) - NOW, rows[i].want);
}

static void test_decide(void **state)
{
	static const struct {
		const char *label;
		enum outcome outcome;
		unsigned failures;
		int retry_after;
		bool unsure;
		uint32_t random; /* 20: no jitter, 0: -20 %, 40: +20 % */
		bool refused, passing;
		time_t wait;
		const char *code;
	} rows[] = {
		{"first fault", OUTCOME_TEMPORARY, 0, 0, false, 20, false, true, 10, "c"},
		{"earlier", OUTCOME_TEMPORARY, 0, 0, false, 0, false, true, 8, "c"},
		{"later", OUTCOME_TEMPORARY, 0, 0, false, 40, false, true, 12, "c"},
		{"second", OUTCOME_TEMPORARY, 1, 0, false, 20, false, true, 20, "c"},
		{"ninth", OUTCOME_TEMPORARY, 8, 0, false, 20, false, true, 2560, "c"},
		{"many", OUTCOME_TEMPORARY, 4000000000u, 0, false, 20, false, true, 3600, "c"},
		{"asked to wait", OUTCOME_TEMPORARY, 0, 120, false, 20, false, true, 120, "c"},
		{"asked for less", OUTCOME_TEMPORARY, 3, 5, false, 20, false, true, 80, "c"},
		{"uncertain still", OUTCOME_TEMPORARY, 1, 0, true, 20, false, true, 20, "c"},
		{"no answer to this", OUTCOME_PENDING, 0, 0, false, 20, false, true, 10, "c"},
		{"nor this", OUTCOME_SLOW_DOWN, 0, 0, false, 20, false, true, 10, "c"},
		{"app registration", OUTCOME_CONFIGURATION, 0, 0, false, 20, false, false, 3600,
			"c"},
		{"unknown", OUTCOME_TERMINAL, 9, 0, false, 20, false, false, 3600, "c"},
		{"dead", OUTCOME_NEEDS_SIGN_IN, 0, 0, false, 20, true, false, 0, "c"},
		{"dead behind a lost answer", OUTCOME_NEEDS_SIGN_IN, 0, 0, true, 20, true,
			false, 0, "answer_lost"},
		{"used", OUTCOME_BAD_CODE, 0, 0, false, 20, true, false, 0, "c"},
		{"no consent", OUTCOME_CONSENT_REQUIRED, 0, 0, true, 20, true, false, 0, "c"},
		{"declined", OUTCOME_DECLINED, 0, 0, false, 20, true, false, 0, "c"},
		{"expired", OUTCOME_EXPIRED, 0, 0, false, 20, true, false, 0, "c"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct refusal refusal;
		struct refresh_facts facts = {.refusal = &refusal,
			.unsure = rows[i].unsure,
			.failures = rows[i].failures,
			.random = rows[i].random};
		struct refresh_plan plan;

		refusal_set(&refusal, rows[i].outcome, "c", "words");
		refusal.retry_after = rows[i].retry_after;
		refresh_decide(&facts, &plan);
		assert_number(rows[i].label, plan.refused, rows[i].refused);
		assert_number(rows[i].label, plan.passing, rows[i].passing);
		assert_number(rows[i].label, plan.wait, rows[i].wait);
		assert_text(rows[i].label, plan.refusal.code, rows[i].code);
		assert_number(rows[i].label, plan.refusal.outcome, rows[i].outcome);
	}
}

static void test_uses(void **state)
{
	const time_t day = 24 * 3600, told = 1800000000;

	(void)state;
	assert_false(refresh_use_is_news(told, told + 7 * day - 1));
	assert_true(refresh_use_is_news(told, told + 7 * day));
	assert_true(refresh_use_is_news(0, told));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_due),
		cmocka_unit_test(test_put_off_too_far),
		cmocka_unit_test(test_access_until),
		cmocka_unit_test(test_decide),
		cmocka_unit_test(test_uses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
