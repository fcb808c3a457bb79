/*
 * Counting, the report, what of a report is believed, and the text for Prometheus.
 */
#include "support.h"

#include "base/json.h"
#include "base/metrics.h"

#include <stdio.h>
#include <string.h>

static const char *const routes[] = {"start", "done", "other", NULL};

static int64_t number(struct json_object *report, const char *series)
{
	return json_int(report, series, -1);
}

static bool is_name(const char *text, const char *more)
{
	return *text != '\0' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz_0123456789") + strspn(text, more) >=
		       strlen(text);
}

static void test_table(void **state)
{
	(void)state;
	for (size_t id = 0; id < METRICS; id++) {
		const struct metric *metric = &metrics_table[id];

		assert_non_null(metric->name);
		assert_number(metric->name, strncmp(metric->name, "postinvite_", 11), 0);
		assert_number(metric->name, is_name(metric->name, ""), 1);
		/* Help text and label values are written as they are. */
		assert_number(metric->name, strpbrk(metric->meaning, "\\\n") == NULL, 1);
		assert_number(metric->name,
			(metric->type == METRIC_COUNTER) ==
				(strstr(metric->name, "_total") != NULL),
			1);
		assert_number(metric->name,
			(metric->type == METRIC_HISTOGRAM) == (metric->bounds != NULL), 1);
		for (size_t i = 0; i < METRIC_LABELS_MAX; i++)
			for (const char *const *value = metric->labels[i].values;
				value != NULL && *value != NULL; value++)
				assert_number(metric->name, is_name(*value, ""), 1);
		for (size_t i = 0; metric->bounds != NULL && metric->bounds[i + 1].text != NULL;
			i++)
			assert_number(metric->name,
				metric->bounds[i].us < metric->bounds[i + 1].us, 1);
	}
}

static void test_counts(void **state)
{
	struct metrics *metrics = metrics_new("milter", NULL);
	struct json_object *report;

	(void)state;
	metrics_count(metrics, METRIC_MILTER_MAILS, COUNT_MAIL_REPORT);
	metrics_count(metrics, METRIC_MILTER_MAILS, COUNT_MAIL_REPORT);
	metrics_count(metrics, METRIC_MILTER_MAILS, COUNT_MAIL_CONSENT_UNKNOWN);
	/* None of these is there. */
	metrics_count(metrics, METRIC_MILTER_MAILS, COUNT_MAIL_CONSENT_UNKNOWN + 1);
	metrics_count(metrics, METRIC_MILTER_MAILS, COUNT_MAIL_REPORT, 1);
	metrics_count(metrics, METRIC_TOKEND_REFRESHES, COUNT_REFRESH_DONE);
	metrics_observe(metrics, METRIC_MILTER_STORE_AWAY, (struct metric_at){0}, 1);
	metrics_count(NULL, METRIC_MILTER_MAILS, 0);
	report = metrics_report(metrics);
	assert_number(
		"report", number(report, "postinvite_milter_mails_total{kind=\"report\"}"), 2);
	assert_number("last",
		number(report, "postinvite_milter_mails_total{kind=\"consent_unknown\"}"), 1);
	assert_number(
		"none", number(report, "postinvite_milter_mails_total{kind=\"unrelated\"}"), 0);
	assert_number(
		"no labels", number(report, "postinvite_milter_store_unavailable_total"), 0);
	json_object_object_foreach(report, series, value)
	{
		(void)value;
		assert_number(series, metrics_series(series, "milter") != NULL, 1);
		assert_number(series, metrics_series(series, "wizard") == NULL, 1);
	}
	json_object_put(report);
	metrics_free(&metrics);
	metrics_free(&metrics);
}

static void test_two_labels(void **state)
{
	struct metrics *metrics = metrics_new("wizard", routes);
	struct json_object *report;

	(void)state;
	metrics_count(metrics, METRIC_WIZARD_REQUESTS, metrics_place(routes, "done"),
		COUNT_STATUS_4XX);
	metrics_count(metrics, METRIC_WIZARD_REQUESTS, metrics_place(routes, "new one"),
		COUNT_STATUS_5XX);
	report = metrics_report(metrics);
	assert_number("done",
		number(report,
			"postinvite_wizard_requests_total{route=\"done\",status=\"4xx\"}"),
		1);
	assert_number("unknown name",
		number(report,
			"postinvite_wizard_requests_total{route=\"other\",status=\"5xx\"}"),
		1);
	assert_number("first",
		number(report,
			"postinvite_wizard_requests_total{route=\"start\",status=\"2xx\"}"),
		0);
	json_object_put(report);
	metrics_free(&metrics);
}

static void test_histogram(void **state)
{
	static const struct {
		uint64_t us;
		const char *bound, *below;
	} cases[] = {
		{0, "0.0005", NULL},
		{500, "0.0005", NULL},
		{501, "0.001", "0.0005"},
		{5000000, "5", "2.5"},
		{5000001, "+Inf", "5"},
		{UINT32_MAX, "+Inf", "5"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct metrics *metrics = metrics_new("milter", NULL);
		struct json_object *report;
		char series[128];

		metrics_observe(metrics, METRIC_MILTER_WELCOME_SECONDS, (struct metric_at){0},
			cases[i].us);
		report = metrics_report(metrics);
		snprintf(series, sizeof(series),
			"postinvite_milter_welcome_seconds_bucket{le=\"%s\"}", cases[i].bound);
		assert_number(series, number(report, series), 1);
		if (cases[i].below != NULL) {
			snprintf(series, sizeof(series),
				"postinvite_milter_welcome_seconds_bucket{le=\"%s\"}",
				cases[i].below);
			assert_number(series, number(report, series), 0);
		}
		assert_number("all",
			number(report, "postinvite_milter_welcome_seconds_bucket{le=\"+Inf\"}"),
			1);
		assert_number(
			"count", number(report, "postinvite_milter_welcome_seconds_count"), 1);
		assert_number("sum", number(report, "postinvite_milter_welcome_seconds_sum"),
			(long long)cases[i].us);
		json_object_put(report);
		metrics_free(&metrics);
	}
}

static void test_series(void **state)
{
	static const struct {
		const char *series, *program;
		bool real;
	} cases[] = {
		{"postinvite_milter_mails_total{kind=\"report\"}", "milter", true},
		{"postinvite_milter_mails_total{kind=\"report\"}", "tokend", false},
		{"postinvite_milter_mails_total{kind=\"reports\"}", "milter", false},
		{"postinvite_milter_mails_total{kind=\"\"}", "milter", false},
		{"postinvite_milter_mails_total{sort=\"report\"}", "milter", false},
		{"postinvite_milter_mails_total", "milter", false},
		{"postinvite_milter_mails_total{kind=\"report\"", "milter", false},
		{"postinvite_milter_mails_total{kind=\"report\"} 1\nx", "milter", false},
		{"postinvite_milter_mails_total{kind=\"report\",le=\"5\"}", "milter", false},
		{"postinvite_milter_mails_total_sum{kind=\"report\"}", "milter", false},
		{"postinvite_milter_store_unavailable_total", "milter", true},
		{"postinvite_milter_store_unavailable_total{}", "milter", false},
		{"postinvite_milter_store_unavailable_totals", "milter", false},
		{"postinvite_milter_welcome_seconds", "milter", false},
		{"postinvite_milter_welcome_seconds_sum", "milter", true},
		{"postinvite_milter_welcome_seconds_count", "milter", true},
		{"postinvite_milter_welcome_seconds_count{le=\"5\"}", "milter", false},
		{"postinvite_milter_welcome_seconds_bucket", "milter", false},
		{"postinvite_milter_welcome_seconds_bucket{le=\"5\"}", "milter", true},
		{"postinvite_milter_welcome_seconds_bucket{le=\"6\"}", "milter", false},
		{"postinvite_milter_welcome_seconds_bucket{le=\"+Inf\"}", "milter", true},
		{"postinvite_tokend_microsoft_request_seconds_bucket{endpoint=\"poll\",le=\"5\"}",
			"tokend", true},
		{"postinvite_tokend_microsoft_request_seconds_bucket{le=\"5\",endpoint=\"poll\"}",
			"tokend", false},
		{"postinvite_wizard_requests_total{route=\"any-name.1\",status=\"2xx\"}",
			"wizard", true},
		{"postinvite_wizard_requests_total{route=\"a\\\"b\",status=\"2xx\"}", "wizard",
			false},
		{"postinvite_wizard_requests_total{route=\"a\nb\",status=\"2xx\"}", "wizard",
			false},
		{"postinvite_wizard_requests_total{route=\"\xc3\xa9\",status=\"2xx\"}",
			"wizard", false},
		{"postinvite_wizard_requests_total{route=\"a234567890123456789012345678901\","
		 "status=\"2xx\"}",
			"wizard", false},
		{"postinvite_wizard_requests_total{route=\"a\"}", "wizard", false},
		{"postinvite_up{program=\"store\"}", "milter", false},
		{"postinvite_up{program=\"store\"}", NULL, true},
		{"", "milter", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_number(cases[i].series,
			metrics_series(cases[i].series, cases[i].program) != NULL,
			cases[i].real);
}

static void test_fold(void **state)
{
	struct json_object
		*sum = json_object_new_object(),
		*one = json_tokener_parse(
			"{\"postinvite_tokend_refreshes_total{outcome=\\\"again\\\"}\":3,"
			"\"postinvite_tokend_dead_letters\":5,\"rubbish\":1}");
	static const struct {
		enum metrics_which which;
		int64_t again, dead;
	} steps[] = {
		{METRICS_WITHOUT_GAUGES, 3, -1},
		{METRICS_ALL, 6, 5},
		{METRICS_WITHOUT_GAUGES, 9, 5},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		assert_int_equal(metrics_fold(sum, one, steps[i].which), 0);
		assert_number("counter",
			number(sum, "postinvite_tokend_refreshes_total{outcome=\"again\"}"),
			steps[i].again);
		assert_number(
			"gauge", number(sum, "postinvite_tokend_dead_letters"), steps[i].dead);
		assert_number("rubbish", number(sum, "rubbish"), -1);
	}
	json_object_put(one);
	json_object_put(sum);
}

static void test_text(void **state)
{
	static const char want[] =
		"# HELP postinvite_up 1 while the program is heard of, else 0\n"
		"# TYPE postinvite_up gauge\n"
		"postinvite_up{program=\"store\"} 1\n"
		"postinvite_up{program=\"wizard\"} 0\n"
		"# HELP postinvite_store_commit_seconds Time that making changes durable took; "
		"changes that wait share one commit\n"
		"# TYPE postinvite_store_commit_seconds histogram\n"
		"postinvite_store_commit_seconds_bucket{le=\"0.01\"} 1\n"
		"postinvite_store_commit_seconds_sum 1.500001\n"
		"postinvite_store_commit_seconds_count 2\n";
	struct json_object *sum = json_tokener_parse(
		"{\"postinvite_store_commit_seconds_bucket{le=\\\"0.01\\\"}\":1,"
		"\"postinvite_store_commit_seconds_sum\":1500001,"
		"\"postinvite_store_commit_seconds_count\":2,\"x\\ny\":3}");
	struct buf out;

	(void)state;
	buf_init(&out, 65536);
	assert_int_equal(metrics_put(sum, METRIC_UP, "store", 1), 0);
	assert_int_equal(metrics_put(sum, METRIC_UP, "wizard", 0), 0);
	metrics_text(sum, &out);
	assert_text("text", out.data, want);
	buf_free(&out);
	json_object_put(sum);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_two_labels),
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_series),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
