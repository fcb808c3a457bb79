/*
 * What a sign-in under way does next, and whose account may end it.
 */
#include "support.h"

#include "token/flow.h"
#include "token/flow_account.h"

#include <stdio.h>
#include <string.h>

static struct refusal refusal_of(enum outcome outcome, const char *code, int retry_after)
{
	struct refusal refusal;

	refusal_set(&refusal, outcome, code, "text of %s", code);
	refusal.retry_after = retry_after;
	return refusal;
}

static void test_decide(void **state)
{
	static const struct {
		const char *label;
		struct flow_progress before;
		enum outcome outcome;
		const char *code;
		int retry_after;
		bool uncertain;
		/* want */
		enum flow_action action;
		int wait_ms;
		enum flow_tell tell;
		bool final;
		int interval;
		unsigned failures;
		bool uncertain_after;
		const char *told;
		bool no_poll;
	} rows[] = {
		{"pending", {.interval = 5}, OUTCOME_PENDING, "authorization_pending", 0, false,
			FLOW_AGAIN, 5000, FLOW_TELL_NOTHING, false, 5, 0, false,
			"authorization_pending"},
		{"pending ends the failures", {5, 4, true, "http_503"}, OUTCOME_PENDING,
			"authorization_pending", 0, false, FLOW_AGAIN, 5000, FLOW_TELL_NOTHING,
			false, 5, 0, false, "authorization_pending"},
		{"never twice in a second", {.interval = 0}, OUTCOME_PENDING,
			"authorization_pending", 0, false, FLOW_AGAIN, 1000, FLOW_TELL_NOTHING,
			false, 0, 0, false, "authorization_pending"},
		{"slow down", {.interval = 5}, OUTCOME_SLOW_DOWN, "slow_down", 0, false,
			FLOW_AGAIN, 10000, FLOW_TELL_NOTHING, false, 10, 0, false, "slow_down"},
		{"slow down once more", {.interval = 10}, OUTCOME_SLOW_DOWN, "slow_down", 0,
			false, FLOW_AGAIN, 15000, FLOW_TELL_NOTHING, false, 15, 0, false,
			"slow_down"},
		{"first fault", {.interval = 5}, OUTCOME_TEMPORARY, "http_503", 0, false,
			FLOW_AGAIN, 5000, FLOW_TELL_ERROR, false, 5, 1, false, "http_503"},
		{"same fault", {5, 1, false, "http_503"}, OUTCOME_TEMPORARY, "http_503", 0,
			false, FLOW_AGAIN, 10000, FLOW_TELL_NOTHING, false, 5, 2, false,
			"http_503"},
		{"third", {5, 2, false, "http_503"}, OUTCOME_TEMPORARY, "http_503", 0, false,
			FLOW_AGAIN, 20000, FLOW_TELL_NOTHING, false, 5, 3, false, "http_503"},
		{"another fault", {5, 2, false, "http_503"}, OUTCOME_TEMPORARY, "timeout", 0,
			true, FLOW_AGAIN, 20000, FLOW_TELL_ERROR, false, 5, 3, true, "timeout"},
		{"bounded", {5, 1000000, false, "http_503"}, OUTCOME_TEMPORARY, "http_503", 0,
			false, FLOW_AGAIN, 60000, FLOW_TELL_NOTHING, false, 5, 1000001, false,
			"http_503"},
		{"Retry-After", {.interval = 5}, OUTCOME_TEMPORARY, "http_429", 77, false,
			FLOW_AGAIN, 77000, FLOW_TELL_ERROR, false, 5, 1, false, "http_429"},
		{"longest Retry-After", {.interval = 5}, OUTCOME_TEMPORARY, "http_429",
			RETRY_AFTER_MAX, false, FLOW_AGAIN, 3600000, FLOW_TELL_ERROR, false, 5,
			1, false, "http_429"},
		{"short Retry-After", {.interval = 5}, OUTCOME_TEMPORARY, "http_429", 1, false,
			FLOW_AGAIN, 5000, FLOW_TELL_ERROR, false, 5, 1, false, "http_429"},
		{"lost, then away", {5, 1, true, "timeout"}, OUTCOME_TEMPORARY, "unreachable",
			0, false, FLOW_AGAIN, 10000, FLOW_TELL_ERROR, false, 5, 2, true,
			"unreachable"},
		{"lost, then used up", {5, 1, true, "timeout"}, OUTCOME_BAD_CODE,
			"invalid_grant", 0, false, FLOW_END, 0, FLOW_TELL_FAILED, false, 5, 0,
			false, "answer_lost"},
		{"lost, then dead", {5, 1, true, "timeout"}, OUTCOME_NEEDS_SIGN_IN,
			"invalid_grant", 0, false, FLOW_END, 0, FLOW_TELL_FAILED, false, 5, 0,
			false, "answer_lost"},
		{"lost, then declined", {5, 1, true, "timeout"}, OUTCOME_DECLINED,
			"access_denied", 0, false, FLOW_END, 0, FLOW_TELL_FAILED, false, 5, 0,
			false, "access_denied"},
		{"lost, then expired", {5, 1, true, "timeout"}, OUTCOME_EXPIRED,
			"expired_token", 0, false, FLOW_END, 0, FLOW_TELL_FAILED, false, 5, 0,
			false, "expired_token"},
		{"used up", {.interval = 5}, OUTCOME_BAD_CODE, "invalid_grant", 0, false,
			FLOW_END, 0, FLOW_TELL_FAILED, false, 5, 0, false, "invalid_grant"},
		{"declined", {.interval = 5}, OUTCOME_DECLINED, "authorization_declined", 0,
			false, FLOW_END, 0, FLOW_TELL_FAILED, false, 5, 0, false,
			"authorization_declined"},
		{"expired", {.interval = 5}, OUTCOME_EXPIRED, "expired_token", 0, false,
			FLOW_END, 0, FLOW_TELL_FAILED, false, 5, 0, false, "expired_token"},
		{"consent", {.interval = 5}, OUTCOME_CONSENT_REQUIRED, "invalid_grant", 0,
			false, FLOW_AGAIN, 5000, FLOW_TELL_ERROR, false, 5, 0, false,
			"invalid_grant"},
		{"consent, known", {5, 0, false, "invalid_grant"}, OUTCOME_CONSENT_REQUIRED,
			"invalid_grant", 0, false, FLOW_AGAIN, 5000, FLOW_TELL_NOTHING, false,
			5, 0, false, "invalid_grant"},
		{"consent, no poll", {.interval = 1}, OUTCOME_CONSENT_REQUIRED, "invalid_grant",
			0, false, FLOW_END, 0, FLOW_TELL_FAILED, false, 1, 0, false,
			"invalid_grant", true},
		{"pending, no poll", {1, 1, false, ""}, OUTCOME_PENDING,
			"authorization_pending", 0, false, FLOW_AGAIN, 2000, FLOW_TELL_ERROR,
			false, 1, 2, false, "authorization_pending", true},
		{"slow down, no poll", {1, 1, false, ""}, OUTCOME_SLOW_DOWN, "slow_down", 0,
			false, FLOW_AGAIN, 2000, FLOW_TELL_ERROR, false, 1, 2, false,
			"slow_down", true},
		{"configuration", {.interval = 5}, OUTCOME_CONFIGURATION, "invalid_client", 0,
			false, FLOW_END, 0, FLOW_TELL_FAILED, true, 5, 0, false,
			"invalid_client"},
		{"unknown", {.interval = 5}, OUTCOME_TERMINAL, "moon_phase", 0, false, FLOW_END,
			0, FLOW_TELL_FAILED, true, 5, 0, false, "moon_phase"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *label = rows[i].label;
		struct flow_progress progress = rows[i].before;
		struct refusal refusal =
			refusal_of(rows[i].outcome, rows[i].code, rows[i].retry_after);
		/* 20 in the middle of the jitter: 100 per cent */
		struct flow_facts facts = {&refusal, !rows[i].no_poll, rows[i].uncertain, 20};
		struct flow_plan plan;

		flow_decide(&progress, &facts, &plan);
		assert_number(label, plan.action, rows[i].action);
		assert_number(label, plan.wait_ms, rows[i].wait_ms);
		assert_number(label, plan.tell, rows[i].tell);
		assert_number(label, plan.final, rows[i].final);
		assert_text(label, plan.refusal.code, rows[i].told);
		assert_number(label, progress.interval, rows[i].interval);
		assert_number(label, progress.failures, rows[i].failures);
		assert_number(label, progress.uncertain, rows[i].uncertain_after);
	}
}

static void test_jitter(void **state)
{
	static const uint32_t randoms[] = {0, 1, 20, 40, 41, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(randoms); i++)
		for (unsigned failures = 0; failures < 10; failures++) {
			struct flow_progress progress = {.interval = 1, .failures = failures};
			struct refusal refusal = refusal_of(OUTCOME_TEMPORARY, "http_503", 0);
			struct flow_facts facts = {&refusal, true, false, randoms[i]};
			struct flow_plan plan;

			flow_decide(&progress, &facts, &plan);
			assert_true(plan.wait_ms >= FLOW_MIN_WAIT_MS);
			assert_true(plan.wait_ms <= FLOW_BACKOFF_MAX * 1200);
		}
}

static void test_fault(void **state)
{
	struct http_answer answer = {.outcome = HTTP_UNCERTAIN, .fault = "timeout"};
	struct refusal refusal;

	(void)state;
	error_set(&answer.error, ERROR_UNCERTAIN, "login.example: it took too long");
	flow_fault(&answer, &refusal);
	assert_number("outcome", refusal.outcome, OUTCOME_TEMPORARY);
	assert_text("code", refusal.code, "timeout");
	assert_non_null(strstr(refusal.text, "login.example: it took too long"));
}

static void test_over(void **state)
{
	static const struct {
		const char *label;
		time_t expires_at, now;
		bool over;
	} rows[] = {
		{"young", 1000, 900, false},
		{"just over, asked once more", 1000, 1000, false},
		{"in the grace", 1000, 1000 + FLOW_GRACE - 1, false},
		{"over", 1000, 1000 + FLOW_GRACE, true},
		{"no end", 0, 1000000, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct refusal refusal = {.code = ""};

		assert_number(rows[i].label,
			flow_over(rows[i].expires_at, rows[i].now, &refusal), rows[i].over);
		assert_text(rows[i].label, refusal.code, rows[i].over ? "expired_token" : "");
	}
}

#define TENANT "aaaaaaaa-0000-4000-8000-000000000001"
#define OTHER  "bbbbbbbb-0000-4000-8000-000000000002"
#define OID    "cccccccc-0000-4000-8000-000000000001"
#define OID2   "cccccccc-0000-4000-8000-000000000002"

static void test_account(void **state)
{
	static const struct flow_account ada = {
		TENANT, OID, "ada@customer.test", "Ada@customer.test"};
	static const struct flow_account before_graph = {
		TENANT, OID, NULL, "ada@customer.test"};
	static const struct flow_account eve = {OTHER, OID2, "eve@other.test", ""};
	static const struct flow_account renamed = {
		TENANT, OID, "new@customer.test", "ada@customer.test"};
	static const struct flow_account nameless = {OTHER, OID2, NULL, ""};
	static const struct {
		const char *label;
		struct flow_account_rule rule;
		const struct flow_account *account;
		const char *expected; /* in the words; NULL: fits */
	} rows[] = {
		{"any", {0}, &eve, NULL},
		{"empty is none", {"", "", "", "", "", ""}, &eve, NULL},
		{"tenant", {.tenant_id = TENANT}, &ada, NULL},
		{"tenant without case", {.tenant_id = "AAAAAAAA-0000-4000-8000-000000000001"},
			&ada, NULL},
		{"other tenant", {.tenant_id = TENANT, .tenant = "customer.test"}, &eve,
			"eve@other.test signed in, but an account of customer.test is "
			"expected"},
		{"other tenant, nameless", {.tenant_id = TENANT}, &nameless,
			OID2 " signed in, but an account of " TENANT " is expected"},
		{"other tenant, administrator known",
			{.tenant_id = TENANT,
				.tenant = "customer.test",
				.admin_email = "ada@customer.test"},
			&eve, "but ada@customer.test is expected"},
		{"administrator", {.tenant_id = TENANT, .admin_email = "ADA@customer.test"},
			&ada, NULL},
		{"administrator, by the id_token's name only",
			{.admin_email = "ada@customer.test"}, &renamed,
			"new@customer.test signed in, but ada@customer.test is expected"},
		{"administrator, before Graph", {.admin_email = "bob@customer.test"},
			&before_graph, NULL},
		{"other administrator",
			{.tenant_id = TENANT, .admin_email = "bob@customer.test"}, &ada,
			"ada@customer.test signed in, but bob@customer.test is expected"},
		{"bound",
			{TENANT, OID, "ada@customer.test", OTHER, "other.test",
				"bob@customer.test"},
			&ada, NULL},
		{"bound, renamed", {TENANT, OID, "ada@customer.test"}, &renamed, NULL},
		{"bound to another object", {TENANT, OID2, "bob@customer.test"}, &ada,
			"but bob@customer.test is expected"},
		{"bound to another tenant", {OTHER, OID, NULL}, &ada,
			"but " OID " is expected"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct refusal refusal = {.outcome = OUTCOME_PENDING};
		int result = flow_account_check(&rows[i].rule, rows[i].account, &refusal);

		assert_number(rows[i].label, result, rows[i].expected == NULL ? 0 : -1);
		if (rows[i].expected == NULL)
			continue;
		assert_number(rows[i].label, refusal.outcome, OUTCOME_DECLINED);
		assert_text(rows[i].label, refusal.code, "wrong_account");
		if (strstr(refusal.text, rows[i].expected) == NULL)
			assert_text(rows[i].label, refusal.text, rows[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decide),
		cmocka_unit_test(test_jitter),
		cmocka_unit_test(test_fault),
		cmocka_unit_test(test_over),
		cmocka_unit_test(test_account),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
