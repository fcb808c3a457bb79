/*
 * Counting. A program's numbers lie in one array; each metric's cells begin at its place, one a
 * series, for a histogram one a bucket and the sum. Buckets are counted apart and added up for
 * the report.
 */
#include "base/metrics.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERIES_SIZE 192
#define LABEL_SIZE  96

typedef atomic_int_least64_t cell;

struct metrics {
	const char *program;
	const char *const *names;
	struct {
		size_t at; /* of its first cell */
		unsigned counts
			[METRIC_LABELS_MAX]; /* of its labels' values; 0 for a metric of others */
	} places[METRICS];
	cell *cells;
};

static size_t length(const char *const *names)
{
	size_t n = 0;

	while (names != NULL && names[n] != NULL)
		n++;
	return n;
}

static size_t buckets(const struct metric *metric)
{
	size_t n = 0;

	while (metric->bounds[n].text != NULL)
		n++;
	return n + 1;
}

/* Cells of one series. */
static size_t width(const struct metric *metric)
{
	return metric->type == METRIC_HISTOGRAM ? buckets(metric) + 1 : 1;
}

static const char *const *values(
	const struct metrics *metrics, const struct metric_label *label)
{
	return label->values != NULL ? label->values : metrics->names;
}

/* Gives each metric of the program its place. Returns the number of cells. */
static size_t assign(struct metrics *metrics)
{
	size_t at = 0;

	for (size_t id = 0; id < METRICS; id++) {
		const struct metric *metric = &metrics_table[id];
		size_t n = width(metric);

		if (strcmp(metric->program, metrics->program) != 0)
			continue;
		metrics->places[id].at = at;
		for (size_t i = 0; i < METRIC_LABELS_MAX; i++) {
			const struct metric_label *label = &metric->labels[i];

			metrics->places[id].counts[i] =
				label->name != NULL ? (unsigned)length(values(metrics, label))
						    : 1;
			n *= metrics->places[id].counts[i];
		}
		at += n;
	}
	return at;
}

struct metrics *metrics_new(const char *program, const char *const *names)
{
	struct metrics *metrics = calloc(1, sizeof(*metrics));

	if (metrics == NULL)
		return NULL;
	metrics->program = program;
	metrics->names = names;
	metrics->cells = calloc(assign(metrics) + 1, sizeof(*metrics->cells));
	if (metrics->cells == NULL)
		metrics_free(&metrics);
	return metrics;
}

void metrics_free(struct metrics **metrics)
{
	if (*metrics == NULL)
		return;
	free((*metrics)->cells);
	free(*metrics);
	*metrics = NULL;
}

/* The series' first cell, or NULL. */
static cell *find(const struct metrics *metrics, enum metric_id id, struct metric_at at)
{
	const unsigned *counts;

	if (metrics == NULL)
		return NULL;
	counts = metrics->places[id].counts;
	if (at.first >= counts[0] || at.second >= counts[1])
		return NULL;
	return metrics->cells + metrics->places[id].at +
	       (size_t)(at.first * counts[1] + at.second) * width(&metrics_table[id]);
}

void metrics_add(struct metrics *metrics, enum metric_id id, struct metric_at at, int64_t n)
{
	cell *number = find(metrics, id, at);

	if (number != NULL)
		atomic_fetch_add_explicit(number, n, memory_order_relaxed);
}

void metrics_set(struct metrics *metrics, enum metric_id id, struct metric_at at, int64_t value)
{
	cell *number = find(metrics, id, at);

	if (number != NULL)
		atomic_store_explicit(number, value, memory_order_relaxed);
}

void metrics_observe(
	struct metrics *metrics, enum metric_id id, struct metric_at at, uint64_t us)
{
	const struct metric *metric = &metrics_table[id];
	cell *numbers = find(metrics, id, at);
	size_t bucket = 0;

	if (numbers == NULL || metric->type != METRIC_HISTOGRAM)
		return;
	while (metric->bounds[bucket].text != NULL && us > metric->bounds[bucket].us)
		bucket++;
	atomic_fetch_add_explicit(numbers + bucket, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(numbers + buckets(metric), (int64_t)us, memory_order_relaxed);
}

unsigned metrics_place(const char *const *names, const char *name)
{
	unsigned place = 0;

	while (names[place] != NULL && strcmp(names[place], name) != 0 &&
		names[place + 1] != NULL)
		place++;
	return place;
}

/* One series under way: what its name is made of, where its number lies. */
struct series {
	const struct metric *metric;
	char labels[LABEL_SIZE]; /* a="x",b="y" */
	const cell *numbers;
};

static int put(struct json_object *report, const struct series *series, const char *suffix,
	const char *bound, int64_t number)
{
	bool both = bound != NULL && series->labels[0] != '\0';
	bool any = bound != NULL || series->labels[0] != '\0';
	char name[SERIES_SIZE];
	struct json_object *value = json_object_new_int64(number);

	snprintf(name, sizeof(name), "%s%s%s%s%s%s%s%s%s", series->metric->name, suffix,
		any ? "{" : "", series->labels, both ? "," : "", bound != NULL ? "le=\"" : "",
		bound != NULL ? bound : "", bound != NULL ? "\"" : "", any ? "}" : "");
	if (value == NULL || json_object_object_add(report, name, value) != 0) {
		json_object_put(value);
		return -1;
	}
	return 0;
}

static int put_histogram(struct json_object *report, const struct series *series)
{
	const struct metric_bound *bounds = series->metric->bounds;
	size_t n = buckets(series->metric);
	int64_t count = 0;
	int result = 0;

	for (size_t i = 0; i < n; i++) {
		count += atomic_load_explicit(series->numbers + i, memory_order_relaxed);
		result |= put(report, series, "_bucket",
			bounds[i].text != NULL ? bounds[i].text : "+Inf", count);
	}
	result |= put(report, series, "_sum", NULL,
		atomic_load_explicit(series->numbers + n, memory_order_relaxed));
	return result | put(report, series, "_count", NULL, count);
}

static int put_series(struct json_object *report, const struct metrics *metrics,
	enum metric_id id, struct metric_at at)
{
	struct series series = {.metric = &metrics_table[id], .numbers = find(metrics, id, at)};
	const unsigned places[METRIC_LABELS_MAX] = {at.first, at.second};
	int used = 0;

	for (size_t i = 0; i < METRIC_LABELS_MAX && series.metric->labels[i].name != NULL;
		i++) {
		const struct metric_label *label = &series.metric->labels[i];

		used += snprintf(series.labels + used, sizeof(series.labels) - (size_t)used,
			"%s%s=\"%.30s\"", i > 0 ? "," : "", label->name,
			values(metrics, label)[places[i]]);
	}
	if (series.metric->type == METRIC_HISTOGRAM)
		return put_histogram(report, &series);
	return put(report, &series, "", NULL,
		atomic_load_explicit(series.numbers, memory_order_relaxed));
}

struct json_object *metrics_report(const struct metrics *metrics)
{
	struct json_object *report = json_object_new_object();
	int result = 0;

	if (report == NULL)
		return NULL;
	for (size_t id = 0; id < METRICS; id++) {
		const unsigned *counts = metrics->places[id].counts;

		for (unsigned i = 0; i < counts[0]; i++)
			for (unsigned j = 0; j < counts[1]; j++)
				result |= put_series(report, metrics, (enum metric_id)id,
					(struct metric_at){i, j});
	}
	if (result == 0)
		return report;
	json_object_put(report);
	return NULL;
}
