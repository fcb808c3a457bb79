/*
 * What /healthz and /metrics say of the programs, from what the store answered or did not answer.
 */
#include "support.h"

#include "../../admin/verdict.c"

#include <stdio.h>

#define ONE(program, name, age, more)                                                          \
	"{\"program\":\"" program "\",\"instance\":\"" name "\",\"age\":" #age more "}"
#define LIVES(program) ONE(program, "1-5", 59, "")
#define STORE	       ONE("store", "1-5", 0, "")
#define ENDED	       ",\"ended\":true"
#define FOUND(part, state, text)                                                               \
	",\"health\":[{\"part\":\"" part "\",\"state\":\"" state "\",\"text\":\"" text "\"}]"
#define TWO LIVES("milter") "," LIVES("wizard")
#define ALL TWO "," LIVES("tokend")

/* The verdict's text on `reports` (JSON; NULL: the store is away) and our own findings. */
static void check(const char *label, const char *reports, const char *own, const char *want)
{
	const struct error away = {ERROR_TEMPORARY, "nobody there"};
	struct json_object *said = reports != NULL ? json_tokener_parse(reports) : NULL;
	struct json_object *ours = json_tokener_parse(own);
	struct verdict verdict;
	struct buf out;

	buf_init(&out, 65536);
	if (reports != NULL)
		assert_non_null(said);
	verdict_find(said, &away, ours, &verdict);
	verdict_text(&verdict, &out);
	if (strncmp(out.data, want, strlen(want)) != 0)
		assert_text(label, out.data, want);
	buf_free(&out);
	json_object_put(said);
	json_object_put(ours);
}

static void test_heard(void **state)
{
	static const struct {
		const char *label, *reports, *want;
	} cases[] = {
		{"all", "{\"uptime\":100,\"programs\":[" STORE "," ALL "]}",
			"ok\nok   milter: heard of 59 s ago\nok   policy: not heard of since the "
			"store was started: right where Postfix asks no policy service, else "
			"start postinvite-policy\nok   wizard: heard of 59 s ago\n"},
		{"just started", "{\"uptime\":59,\"programs\":[" STORE "]}",
			"warn\nwarn milter: not heard of yet; the store was started 59 s ago\n"},
		{"never", "{\"uptime\":60,\"programs\":[" STORE "," LIVES("milter") "]}",
			"fail\nfail wizard: not heard of since the store was started: start "
			"postinvite-wizard\nfail tokend: "},
		{"gone",
			"{\"uptime\":600,\"programs\":[" ALL
			"," ONE("policy", "1-1", 60, "") "]}",
			"fail\nfail policy: not heard of for 60 s: see whether postinvite-policy "
			"runs and what it logs (systemctl status postinvite-policy)\n"},
		{"stopped",
			"{\"uptime\":600,\"programs\":[" TWO
			"," ONE("tokend", "1-1", 2, ENDED) "]}",
			"fail\nfail tokend: was stopped 2 s ago: start postinvite-tokend again\n"},
		{"started again",
			"{\"uptime\":600,\"programs\":[" TWO
			"," ONE("tokend", "1-1", 2, ENDED) "," ONE("tokend", "1-2", 9, "") "]}",
			"ok\n"},
		{"killed, started again and stopped",
			"{\"uptime\":600,\"programs\":[" TWO
			"," ONE("tokend", "1-2", 2, ENDED) "," ONE("tokend", "1-1", 9, "") "]}",
			"fail\nfail tokend: was stopped 2 s ago"},
		{"no sense", "{\"programs\":7}", "warn\n"},
		{"away", NULL,
			"fail\nfail store: does not answer (nobody there): start "
			"postinvite-store, or read in its log why it does not; until then "
			"Welcome mail and sign-ins are put off\nwarn milter: not known while the "
			"store does not answer\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(cases[i].label, cases[i].reports, "[]", cases[i].want);
}

static void test_found(void **state)
{
	static const char own[] =
		"[{\"part\":\"admin_certificate\",\"state\":\"warn\",\"text\":\"soon\"}]";
	static const struct {
		const char *label, *more, *want;
	} cases[] = {
		{"own", ONE("admin", "1-5", 1, FOUND("admin_certificate", "fail", "old news")),
			"warn\nwarn admin_certificate: soon\nok   milter: "},
		{"worst of two",
			ONE("store", "2-6", 0, FOUND("clock", "warn", "a")) "," ONE("tokend",
				"2-6", 0, FOUND("clock", "fail", "b")) "," ONE("wizard", "2-6",
				0, FOUND("clock", "warn", "c")),
			"fail\nfail clock: b\nwarn admin_certificate: soon\n"},
		{"of a process that was", ONE("tokend", "1-4", 0, FOUND("clock", "fail", "b")),
			"warn\nwarn admin_certificate: soon\nok   milter: "},
		{"of a program that is gone",
			ONE("policy", "1-5", 60, FOUND("clock", "fail", "b")),
			"fail\nfail policy: not heard of for 60 s"},
		{"no part", ONE("tokend", "2-6", 0, FOUND("moon", "fail", "b")), "warn\n"},
		{"no state", ONE("tokend", "2-6", 0, FOUND("clock", "worse", "b")), "warn\n"},
	};
	char reports[4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(reports, sizeof(reports), "{\"uptime\":600,\"programs\":[" ALL ",%s]}",
			cases[i].more);
		check(cases[i].label, reports, own, cases[i].want);
	}
}

static void test_json(void **state)
{
	struct json_object *reports =
		json_tokener_parse("{\"uptime\":600,\"programs\":[" ALL "]}");
	struct json_object *own = json_tokener_parse(
		"[{\"part\":\"disk\",\"state\":\"warn\",\"text\":\"a \\\"b\\\"\"}]");
	struct json_object *sum = json_object_new_object();
	struct verdict verdict;
	struct buf out;

	(void)state;
	buf_init(&out, 65536);
	verdict_find(reports, NULL, own, &verdict);
	verdict_json(&verdict, &out);
	assert_number("beginning",
		strncmp(out.data,
			"{\"state\":\"warn\",\"parts\":[{\"part\":\"disk\",\"state\":\"warn\","
			"\"text\":\"a \\\"b\\\"\"},{\"part\":\"milter\",\"state\":\"ok\",",
			80),
		0);
	assert_int_equal(verdict_metrics(&verdict, sum), 0);
	assert_number("up", json_int(sum, "postinvite_up{program=\"wizard\"}", -1), 1);
	assert_number("not up", json_int(sum, "postinvite_up{program=\"policy\"}", -1), 0);
	assert_number(
		"heard", json_int(sum, "postinvite_heard_seconds{program=\"wizard\"}", -1), 59);
	assert_number(
		"never", json_int(sum, "postinvite_heard_seconds{program=\"policy\"}", -1), -1);
	assert_number("health", json_int(sum, "postinvite_health{part=\"disk\"}", -1), 1);
	json_object_put(sum);
	json_object_put(own);
	json_object_put(reports);
	buf_free(&out);
}

/* Nothing is claimed of those whom only the store knows. */
static void test_metrics_without_store(void **state)
{
	const struct error away = {ERROR_TEMPORARY, "nobody there"};
	struct json_object *own = json_object_new_array();
	struct json_object *sum = json_object_new_object();
	struct verdict verdict;

	(void)state;
	verdict_find(NULL, &away, own, &verdict);
	assert_int_equal(verdict_metrics(&verdict, sum), 0);
	assert_number("store", json_int(sum, "postinvite_up{program=\"store\"}", -1), 0);
	assert_number("admin", json_int(sum, "postinvite_up{program=\"admin\"}", -1), 1);
	assert_number("milter", json_int(sum, "postinvite_up{program=\"milter\"}", -1), -1);
	json_object_put(sum);
	json_object_put(own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heard),
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_metrics_without_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
