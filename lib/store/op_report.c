/*
 * What programs report of themselves: report, reports.
 */
#include "store/engine_internal.h"

#include "base/clock.h"

void engine_report_own(struct engine *engine, engine_report_fn *report, void *context)
{
	engine->report_own = report;
	engine->report_context = context;
}

int op_report(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	const char *program = json_string(ask->request, "program", "");

	if (!role_reports(ask->caller->role, program))
		return error_set(error, ERROR_POLICY, "%s may not report for \"%.20s\"",
			role_name(ask->caller->role), program);
	if (reports_put(ask->engine->reports, ask->request, clock_monotonic_ms(), error) != 0)
		return -1;
	buf_string(&reply->text, "{}");
	return 0;
}

int op_reports(struct ask *ask, struct engine_reply *reply, struct error *error)
{
	struct engine *engine = ask->engine;
	struct json_object *own =
		engine->report_own != NULL ? engine->report_own(engine->report_context) : NULL;
	struct json_object *sum = NULL;
	int result = 0;

	if (own != NULL)
		result = reports_put(engine->reports, own, clock_monotonic_ms(), error);
	if (result == 0)
		sum = reports_sum(engine->reports, clock_monotonic_ms());
	json_object_put(own);
	if (result == 0 && sum == NULL)
		result = error_memory(error);
	if (result == 0 &&
		json_set_int(sum, "uptime",
			(int64_t)(clock_monotonic_ms() - engine->started_ms) / 1000) != 0)
		result = error_memory(error);
	if (result == 0)
		buf_string(&reply->text, json_text(sum));
	json_object_put(sum);
	return result;
}
