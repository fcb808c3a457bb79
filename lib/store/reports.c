/*
 * A list of instances, the one heard of last in front.
 */
#include "store/reports.h"

#include "base/health.h"
#include "base/json.h"
#include "base/metrics.h"
#include "store/report.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

struct instance {
	TAILQ_ENTRY(instance) entry;
	const char *program; /* of health_programs */
	char name[REPORT_INSTANCE_SIZE];
	uint64_t heard_ms;
	bool ended;
	struct json_object *metrics;
	struct json_object *health;
};

struct reports {
	TAILQ_HEAD(instances, instance) instances;
	struct json_object *base; /* what forgotten instances have counted */
};

struct reports *reports_new(void)
{
	struct reports *reports = calloc(1, sizeof(*reports));

	if (reports == NULL)
		return NULL;
	TAILQ_INIT(&reports->instances);
	reports->base = json_object_new_object();
	if (reports->base == NULL)
		reports_free(&reports);
	return reports;
}

static void instance_free(struct reports *reports, struct instance *instance)
{
	TAILQ_REMOVE(&reports->instances, instance, entry);
	json_object_put(instance->metrics);
	json_object_put(instance->health);
	free(instance);
}

void reports_free(struct reports **reports)
{
	if (*reports == NULL)
		return;
	while (!TAILQ_EMPTY(&(*reports)->instances))
		instance_free(*reports, TAILQ_FIRST(&(*reports)->instances));
	json_object_put((*reports)->base);
	free(*reports);
	*reports = NULL;
}

static struct json_object *clean_metrics(struct json_object *said, const char *program)
{
	struct json_object *clean = json_object_new_object();
	int n = 0;

	if (clean == NULL || !json_object_is_type(said, json_type_object))
		return clean;
	json_object_object_foreach(said, series, number)
	{
		const struct metric *metric = metrics_series(series, program);
		int64_t value = json_int(said, series, -1);

		if (metric == NULL || !json_object_is_type(number, json_type_int) ||
			(metric->type != METRIC_GAUGE && value < 0) || n++ >= REPORTS_SERIES)
			continue;
		if (json_set_int(clean, series, value) != 0) {
			json_object_put(clean);
			return NULL;
		}
	}
	return clean;
}

static struct json_object *clean_health(struct json_object *said)
{
	struct json_object *clean = json_object_new_array();
	size_t n =
		json_object_is_type(said, json_type_array) ? json_object_array_length(said) : 0;

	for (size_t i = 0; clean != NULL && i < n && i < REPORTS_FINDINGS; i++) {
		struct json_object *finding = json_object_array_get_idx(said, i);
		enum health_part part;
		enum health_state state;

		if (health_part_named(json_string(finding, "part", ""), &part) &&
			health_state_named(json_string(finding, "state", ""), &state))
			health_put(clean, part, state, "%s", json_string(finding, "text", ""));
	}
	return clean;
}

static const char *program_named(const char *name)
{
	for (size_t i = 0; health_programs[i] != NULL; i++)
		if (strcmp(health_programs[i], name) == 0)
			return health_programs[i];
	return NULL;
}

static bool instance_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < REPORT_INSTANCE_SIZE && strspn(name, "0123456789-") == len;
}

/* What it counted stays. */
static int forget(struct reports *reports, struct instance *instance, struct error *error)
{
	if (metrics_fold(reports->base, instance->metrics, METRICS_WITHOUT_GAUGES) != 0)
		return error_memory(error);
	instance_free(reports, instance);
	return 0;
}

/* Room for one more instance of that program. */
static int make_room(
	struct reports *reports, const char *program, uint64_t now_ms, struct error *error)
{
	struct instance *instance, *next;
	int n = 0;

	for (instance = TAILQ_FIRST(&reports->instances); instance != NULL; instance = next) {
		next = TAILQ_NEXT(instance, entry);
		n += instance->program == program;
		if ((now_ms - instance->heard_ms > REPORTS_DAY_MS ||
			    (instance->program == program && n >= REPORTS_INSTANCES)) &&
			forget(reports, instance, error) != 0)
			return -1;
	}
	return 0;
}

static struct instance *find(struct reports *reports, const char *program, const char *name)
{
	struct instance *instance;

	TAILQ_FOREACH (instance, &reports->instances, entry)
		if (instance->program == program && strcmp(instance->name, name) == 0)
			return instance;
	return NULL;
}

static struct instance *add(struct reports *reports, const char *program, const char *name)
{
	struct instance *instance = calloc(1, sizeof(*instance));

	if (instance == NULL)
		return NULL;
	instance->program = program;
	strcpy(instance->name, name);
	TAILQ_INSERT_HEAD(&reports->instances, instance, entry);
	return instance;
}

int reports_put(struct reports *reports, struct json_object *request, uint64_t now_ms,
	struct error *error)
{
	const char *program = program_named(json_string(request, "program", ""));
	const char *name = json_string(request, "instance", "");
	struct json_object *metrics, *health;
	struct instance *instance;

	if (program == NULL || !instance_valid(name))
		return error_set(error, ERROR_PERMANENT,
			"a report needs the program's name and its instance");
	metrics = clean_metrics(json_member(request, "metrics"), program);
	health = clean_health(json_member(request, "health"));
	instance = find(reports, program, name);
	if (metrics != NULL && health != NULL && instance == NULL &&
		make_room(reports, program, now_ms, error) == 0)
		instance = add(reports, program, name);
	if (metrics == NULL || health == NULL || instance == NULL) {
		json_object_put(metrics);
		json_object_put(health);
		return error_memory(error);
	}
	json_object_put(instance->metrics);
	json_object_put(instance->health);
	instance->metrics = metrics;
	instance->health = health;
	instance->heard_ms = now_ms;
	instance->ended = json_flag(request, "ended", false);
	TAILQ_REMOVE(&reports->instances, instance, entry);
	TAILQ_INSERT_HEAD(&reports->instances, instance, entry);
	return 0;
}

static struct json_object *describe(const struct instance *instance, uint64_t now_ms)
{
	struct json_object *object = json_object_new_object();

	if (object != NULL && json_set_string(object, "program", instance->program) == 0 &&
		json_set_string(object, "instance", instance->name) == 0 &&
		json_set_int(object, "age", (int64_t)(now_ms - instance->heard_ms) / 1000) ==
			0 &&
		json_set_flag(object, "ended", instance->ended) == 0 &&
		json_object_object_add(object, "health", json_object_get(instance->health)) ==
			0)
		return object;
	json_object_put(object);
	return NULL;
}

/* Gauges say what is now: those of each program's instance that was started last count, while
 * it runs. */
static bool is_last(const struct reports *reports, const struct instance *instance)
{
	const struct instance *other;

	TAILQ_FOREACH (other, &reports->instances, entry)
		if (other->program == instance->program &&
			report_started(other->name) > report_started(instance->name))
			return false;
	return !instance->ended;
}

static int sum_up(struct reports *reports, uint64_t now_ms, struct json_object *programs,
	struct json_object *metrics)
{
	const struct instance *instance;

	if (metrics_fold(metrics, reports->base, METRICS_ALL) != 0)
		return -1;
	TAILQ_FOREACH (instance, &reports->instances, entry) {
		struct json_object *described = describe(instance, now_ms);

		if (described == NULL || json_object_array_add(programs, described) != 0) {
			json_object_put(described);
			return -1;
		}
		if (metrics_fold(metrics, instance->metrics,
			    is_last(reports, instance) ? METRICS_ALL
						       : METRICS_WITHOUT_GAUGES) != 0)
			return -1;
	}
	return 0;
}

struct json_object *reports_sum(struct reports *reports, uint64_t now_ms)
{
	struct json_object *sum = json_object_new_object();
	struct json_object *programs = json_object_new_array();
	struct json_object *metrics = json_object_new_object();

	if (sum != NULL && programs != NULL && metrics != NULL &&
		sum_up(reports, now_ms, programs, metrics) == 0 &&
		json_object_object_add(sum, "programs", programs) == 0) {
		programs = NULL;
		if (json_object_object_add(sum, "metrics", metrics) == 0)
			return sum;
	}
	json_object_put(programs);
	json_object_put(metrics);
	json_object_put(sum);
	return NULL;
}
