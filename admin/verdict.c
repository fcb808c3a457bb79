/*
 * A program says itself that it ends; one that says nothing any more was killed, hangs, or
 * cannot reach the store.
 */
#include "verdict.h"

#include "base/json.h"
#include "base/metrics.h"
#include "store/report.h"

#include <string.h>

/* Whom we listen to; the store itself is heard by its answer. */
static const struct {
	const char *program;
	enum health_part part;
	bool optional; /* some sites do without */
} heard[] = {
	{"milter", HEALTH_MILTER, false},
	{"policy", HEALTH_POLICY, true},
	{"wizard", HEALTH_WIZARD, false},
	{"tokend", HEALTH_TOKEND, false},
};

static void add(struct verdict *verdict, struct json_object *findings)
{
	size_t n = json_object_is_type(findings, json_type_array)
			   ? json_object_array_length(findings)
			   : 0;

	for (size_t i = 0; i < n; i++) {
		struct json_object *finding = json_object_array_get_idx(findings, i);
		const char *text = json_string(finding, "text", "");
		enum health_state state;
		enum health_part part;

		if (!health_part_named(json_string(finding, "part", ""), &part) ||
			!health_state_named(json_string(finding, "state", ""), &state) ||
			(verdict->parts[part].said && verdict->parts[part].state >= state))
			continue;
		verdict->parts[part].said = true;
		verdict->parts[part].state = state;
		strncpy(verdict->parts[part].text, text, HEALTH_TEXT_SIZE - 1);
		if (state > verdict->state)
			verdict->state = state;
	}
}

static bool lives(struct json_object *instance)
{
	return !json_flag(instance, "ended", false) &&
	       json_int(instance, "age", REPORT_GONE_S) < REPORT_GONE_S;
}

static size_t programs_n(struct json_object *programs)
{
	return json_object_is_type(programs, json_type_array)
		       ? json_object_array_length(programs)
		       : 0;
}

/* The program as it is now, or was last; NULL: it was never heard of. One that was killed seems
 * to live for a while. */
static struct json_object *last(struct json_object *programs, const char *program)
{
	struct json_object *found = NULL;
	uint64_t started = 0;

	for (size_t i = 0; i < programs_n(programs); i++) {
		struct json_object *instance = json_object_array_get_idx(programs, i);
		uint64_t at = report_started(json_string(instance, "instance", ""));

		if (strcmp(json_string(instance, "program", ""), program) != 0 ||
			(found != NULL && at <= started))
			continue;
		found = instance;
		started = at;
	}
	return found;
}

static void never_heard(struct json_object *findings, size_t which, int64_t uptime)
{
	const char *program = heard[which].program;

	if (heard[which].optional)
		health_put(findings, heard[which].part, HEALTH_OK,
			"not heard of since the store was started: right where Postfix asks no "
			"policy service, else start postinvite-%s",
			program);
	else if (uptime < REPORT_GONE_S)
		health_put(findings, heard[which].part, HEALTH_WARN,
			"not heard of yet; the store was started %lld s ago",
			(long long)uptime);
	else
		health_put(findings, heard[which].part, HEALTH_FAIL,
			"not heard of since the store was started: start postinvite-%s",
			program);
}

static void listen_for(struct json_object *findings, struct json_object *reports, size_t which)
{
	const char *program = heard[which].program;
	struct json_object *instance = last(json_member(reports, "programs"), program);
	long long age = json_int(instance, "age", 0);

	if (instance == NULL)
		never_heard(findings, which, json_int(reports, "uptime", 0));
	else if (lives(instance))
		health_put(findings, heard[which].part, HEALTH_OK, "heard of %lld s ago", age);
	else if (json_flag(instance, "ended", false))
		health_put(findings, heard[which].part, HEALTH_FAIL,
			"was stopped %lld s ago: start postinvite-%s again", age, program);
	else
		health_put(findings, heard[which].part, HEALTH_FAIL,
			"not heard of for %lld s: see whether postinvite-%s runs and what it logs "
			"(systemctl status postinvite-%s)",
			age, program, program);
}

static void without_store(struct json_object *findings, const struct error *error)
{
	health_put(findings, HEALTH_STORE, HEALTH_FAIL,
		"does not answer (%.300s): start postinvite-store, or read in its log why it "
		"does not; until then Welcome mail and sign-ins are put off",
		error->text);
	for (size_t i = 0; i < sizeof(heard) / sizeof(heard[0]); i++)
		health_put(findings, heard[i].part, HEALTH_WARN,
			"not known while the store does not answer");
}

void verdict_find(struct json_object *reports, const struct error *error,
	struct json_object *own, struct verdict *verdict_r)
{
	struct json_object *findings = json_object_new_array();

	*verdict_r = (struct verdict){.programs = json_member(reports, "programs")};
	if (findings != NULL && reports == NULL)
		without_store(findings, error);
	for (size_t i = 0;
		findings != NULL && reports != NULL && i < sizeof(heard) / sizeof(heard[0]);
		i++)
		listen_for(findings, reports, i);
	add(verdict_r, findings);
	add(verdict_r, own);
	for (size_t i = 0; health_programs[i] != NULL; i++) {
		struct json_object *instance = last(verdict_r->programs, health_programs[i]);

		/* Our own are fresher. */
		if (instance != NULL && lives(instance) &&
			strcmp(health_programs[i], "admin") != 0)
			add(verdict_r, json_member(instance, "health"));
	}
	json_object_put(findings);
}

void verdict_text(const struct verdict *verdict, struct buf *out)
{
	buf_printf(out, "%s\n", health_state_name(verdict->state));
	for (int state = HEALTH_FAIL; state >= HEALTH_OK; state--)
		for (size_t i = 0; i < HEALTH_PARTS; i++)
			if (verdict->parts[i].said && (int)verdict->parts[i].state == state)
				buf_printf(out, "%-4s %s: %s\n",
					health_state_name(verdict->parts[i].state),
					health_names[i], verdict->parts[i].text);
}

void verdict_json(const struct verdict *verdict, struct buf *out)
{
	struct json_object *object = json_object_new_object();
	struct json_object *parts = json_object_new_array();

	for (unsigned i = 0; parts != NULL && i < HEALTH_PARTS; i++)
		if (verdict->parts[i].said)
			health_put(parts, (enum health_part)i, verdict->parts[i].state, "%s",
				verdict->parts[i].text);
	if (object != NULL && parts != NULL &&
		json_set_string(object, "state", health_state_name(verdict->state)) == 0 &&
		json_object_object_add(object, "parts", parts) == 0) {
		parts = NULL;
		buf_printf(out, "%s\n", json_text(object));
	} else {
		out->failed = true;
	}
	json_object_put(parts);
	json_object_put(object);
}

int verdict_metrics(const struct verdict *verdict, struct json_object *sum)
{
	int result = 0;

	for (size_t i = 0; health_programs[i] != NULL; i++) {
		const char *program = health_programs[i];
		struct json_object *instance = last(verdict->programs, program);
		bool up =
			strcmp(program, "admin") == 0 || (instance != NULL && lives(instance));

		/* Without the store it is not known. */
		if (verdict->programs == NULL && !up && strcmp(program, "store") != 0)
			continue;
		result |= metrics_put(sum, METRIC_UP, program, up);
		if (instance != NULL)
			result |= metrics_put(sum, METRIC_HEARD_SECONDS, program,
				json_int(instance, "age", 0));
	}
	for (size_t i = 0; i < HEALTH_PARTS; i++)
		if (verdict->parts[i].said)
			result |= metrics_put(sum, METRIC_HEALTH, health_names[i],
				(int64_t)verdict->parts[i].state);
	return result;
}
