/*
 * What programs report: who may, what is kept, and that counters never go down.
 */
#include "support_store.h"

#include "base/metrics.h"
#include "store/report.h"
#include "store/reports.h"

#include <stdio.h>
#include <string.h>

#define MAILS "postinvite_milter_mails_total{kind=\"report\"}"
#define DEAD  "postinvite_tokend_dead_letters"

static void put(struct reports *reports, uint64_t now, const char *text)
{
	struct json_object *request = json_tokener_parse(text);
	struct error error;

	assert_non_null(request);
	assert_int_equal(reports_put(reports, request, now, &error), 0);
	json_object_put(request);
}

static void put_mails(struct reports *reports, uint64_t now, const char *instance, int n)
{
	char text[512];

	snprintf(text, sizeof(text),
		"{\"program\":\"milter\",\"instance\":\"%s\",\"metrics\":{"
		"\"postinvite_milter_mails_total{kind=\\\"report\\\"}\":%d}}",
		instance, n);
	put(reports, now, text);
}

static int64_t sum(struct reports *reports, uint64_t now, const char *series)
{
	struct json_object *all = reports_sum(reports, now);
	int64_t number = json_int(json_member(all, "metrics"), series, -1);

	json_object_put(all);
	return number;
}

/* "milter 1-1 5 ended, wizard 7-7 0" */
static void check_programs(
	const char *label, struct reports *reports, uint64_t now, const char *want)
{
	struct json_object *all = reports_sum(reports, now);
	struct json_object *programs = json_member(all, "programs");
	char got[1024] = "";
	size_t len = 0;

	for (size_t i = 0; i < json_object_array_length(programs); i++) {
		struct json_object *one = json_object_array_get_idx(programs, i);

		len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%s %s %d%s",
			i > 0 ? ", " : "", json_string(one, "program", ""),
			json_string(one, "instance", ""), (int)json_int(one, "age", -1),
			json_flag(one, "ended", false) ? " ended" : "");
	}
	assert_text(label, got, want);
	json_object_put(all);
}

static void test_counters_stay(void **state)
{
	struct reports *reports = reports_new();
	char name[32];

	(void)state;
	put_mails(reports, 1000, "1-1", 5);
	put_mails(reports, 2000, "1-1", 7);
	assert_number("the same instance", sum(reports, 2000, MAILS), 7);
	put_mails(reports, 3000, "2-2", 1);
	assert_number("another one", sum(reports, 3000, MAILS), 8);
	put(reports, 4000,
		"{\"program\":\"milter\",\"instance\":\"2-2\",\"ended\":true,\"metrics\":{"
		"\"postinvite_milter_mails_total{kind=\\\"report\\\"}\":4}}");
	assert_number("ended", sum(reports, 4000, MAILS), 11);
	check_programs("programs", reports, 5000, "milter 2-2 1 ended, milter 1-1 3");
	for (int i = 0; i < 3 * REPORTS_INSTANCES; i++) {
		snprintf(name, sizeof(name), "9-%d", i);
		put_mails(reports, 6000, name, 1);
		assert_number(name, sum(reports, 6000, MAILS), 12 + i);
	}
	put_mails(reports, 6000 + 2 * REPORTS_DAY_MS, "3-3", 0);
	check_programs("a day later", reports, 6000 + 2 * REPORTS_DAY_MS, "milter 3-3 0");
	assert_number("and nothing lost", sum(reports, 6000 + 2 * REPORTS_DAY_MS, MAILS),
		11 + 3 * REPORTS_INSTANCES);
	reports_free(&reports);
	reports_free(&reports);
}

/* What is now says who was heard of last and has not ended. */
static void test_gauges(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
	} steps[] = {
		{"{\"program\":\"tokend\",\"instance\":\"1-100\",\"metrics\":{"
		 "\"postinvite_tokend_dead_letters\":5}}",
			5},
		{"{\"program\":\"tokend\",\"instance\":\"2-200\",\"metrics\":{"
		 "\"postinvite_tokend_dead_letters\":2}}",
			2},
		{"{\"program\":\"tokend\",\"instance\":\"1-100\",\"ended\":true,\"metrics\":{"
		 "\"postinvite_tokend_dead_letters\":9}}",
			2},
		{"{\"program\":\"tokend\",\"instance\":\"2-200\",\"ended\":true,\"metrics\":{"
		 "\"postinvite_tokend_dead_letters\":9}}",
			-1},
	};
	struct reports *reports = reports_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		put(reports, 1000 * i, steps[i].text);
		assert_number(steps[i].text, sum(reports, 9000, DEAD), steps[i].want);
	}
	reports_free(&reports);
}

static void test_rubbish(void **state)
{
	static const struct {
		const char *text;
		int good;
	} cases[] = {
		{"{}", -1},
		{"{\"program\":\"milter\"}", -1},
		{"{\"program\":\"moon\",\"instance\":\"1\"}", -1},
		{"{\"program\":\"milter\",\"instance\":\"\"}", -1},
		{"{\"program\":\"milter\",\"instance\":\"a\"}", -1},
		{"{\"program\":\"milter\",\"instance\":"
		 "\"123456789012345678901234567890123456789012345678\"}",
			-1},
		{"{\"program\":\"milter\",\"instance\":\"1\",\"metrics\":7,\"health\":{}}", 0},
		{"{\"program\":\"milter\",\"instance\":\"1\",\"metrics\":{\"x\":1,"
		 "\"postinvite_tokend_dead_letters\":1,"
		 "\"postinvite_milter_store_unavailable_total\":-1,"
		 "\"postinvite_milter_welcome_seconds_count\":\"1\"},"
		 "\"health\":[1,{\"part\":\"moon\",\"state\":\"ok\"},"
		 "{\"part\":\"clock\",\"state\":\"good\"},"
		 "{\"part\":\"clock\",\"state\":\"warn\",\"text\":\"a\\nb\"}]}",
			0},
	};
	struct reports *reports = reports_new();
	struct json_object *all, *one;
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *request = json_tokener_parse(cases[i].text);

		assert_number(
			cases[i].text, reports_put(reports, request, 1, &error), cases[i].good);
		json_object_put(request);
	}
	all = reports_sum(reports, 1);
	assert_text("metrics", json_text(json_member(all, "metrics")), "{}");
	one = json_object_array_get_idx(json_member(all, "programs"), 0);
	assert_text("health", json_text(json_member(one, "health")),
		"[{\"part\":\"clock\",\"state\":\"warn\",\"text\":\"a b\"}]");
	json_object_put(all);
	reports_free(&reports);
}

/* A report is as the store takes it. */
static void test_request(void **state)
{
	struct metrics *metrics = metrics_new("milter", NULL);
	struct reports *reports = reports_new();
	struct report report = {.program = "milter", .metrics = metrics};
	char instance[REPORT_INSTANCE_SIZE];
	struct json_object *request;
	struct error error;

	(void)state;
	report_instance(instance);
	report.instance = instance;
	metrics_count(metrics, METRIC_MILTER_MAILS, COUNT_MAIL_REPORT);
	request = report_request(&report);
	assert_int_equal(reports_put(reports, request, 1, &error), 0);
	assert_number("counted", sum(reports, 1, MAILS), 1);
	json_object_put(request);
	reports_free(&reports);
	metrics_free(&metrics);
}

static struct json_object *own(void *context)
{
	return json_tokener_parse(context);
}

static void test_roles(void **state)
{
	static const struct {
		enum store_role role;
		const char *program;
		enum error_kind want;
	} cases[] = {
		{STORE_ROLE_MILTER, "milter", ERROR_NONE},
		{STORE_ROLE_MILTER, "tokend", ERROR_POLICY},
		{STORE_ROLE_WIZARD, "wizard", ERROR_NONE},
		{STORE_ROLE_WIZARD, "store", ERROR_POLICY},
		{STORE_ROLE_TOKEND, "tokend", ERROR_NONE},
		{STORE_ROLE_POLICY, "policy", ERROR_NONE},
		{STORE_ROLE_ADMIN, "admin", ERROR_NONE},
		{STORE_ROLE_ADMIN, "operator", ERROR_POLICY},
		{STORE_ROLE_NONE, "milter", ERROR_POLICY},
		{STORE_ROLE_OWNER, "tokend", ERROR_NONE},
		{STORE_ROLE_OWNER, "store", ERROR_POLICY},
		{STORE_ROLE_OWNER, "moon", ERROR_PERMANENT},
	};
	struct store_site *site = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *reply = store_ask(site, cases[i].role,
			"{\"op\":\"report\",\"program\":\"%s\",\"instance\":\"1\"}",
			cases[i].program);

		if (cases[i].want == ERROR_NONE)
			assert_non_null(reply);
		else
			store_fails(cases[i].program, reply, site, cases[i].want);
		json_object_put(cases[i].want == ERROR_NONE ? reply : NULL);
	}
	store_fails("reports", store_ask(site, STORE_ROLE_WIZARD, "{\"op\":\"reports\"}"), site,
		ERROR_POLICY);
}

static void test_own_report(void **state)
{
	static char text[] = "{\"program\":\"store\",\"instance\":\"5\",\"metrics\":{"
			     "\"postinvite_store_sequence\":12}}";
	struct store_site *site = *state;
	struct json_object *reply;

	engine_report_own(site->engine, own, text);
	reply = store_ask(site, STORE_ROLE_ADMIN, "{\"op\":\"reports\"}");
	assert_non_null(reply);
	assert_number("sequence",
		json_int(json_member(reply, "metrics"), "postinvite_store_sequence", -1), 12);
	assert_number("programs", (long long)store_length(reply, "programs"), 1);
	json_object_put(reply);
	for (size_t i = 0; engine_op_name(i) != NULL; i++)
		assert_true(strlen(engine_op_name(i)) <= 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counters_stay),
		cmocka_unit_test(test_gauges),
		cmocka_unit_test(test_rubbish),
		cmocka_unit_test(test_request),
		cmocka_unit_test_setup_teardown(
			test_roles, store_site_memory, store_site_remove),
		cmocka_unit_test_setup_teardown(
			test_own_report, store_site_memory, store_site_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
