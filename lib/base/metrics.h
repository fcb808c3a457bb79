/*
 * What the programs count. One table (metrics_table.c) names every metric once: name, type,
 * labels and their values, what it means; counting, the report to the store, /metrics and the
 * manual page derive from it.
 *
 * A program holds one struct metrics, made once, and counts in it. A report of it is a JSON
 * object from series to number, a series being written as Prometheus writes it:
 *
 *	{"postinvite_milter_mails_total{kind=\"unrelated\"}": 4711,
 *	 "postinvite_milter_welcome_seconds_bucket{le=\"0.01\"}": 12, ...
 *	 "postinvite_milter_welcome_seconds_sum": 31337 (microseconds), ..._count}
 *
 * so that what several instances report is added up by name. Nothing in a series needs to be
 * escaped: label values are [A-Za-z0-9_.+-], and what is reported otherwise is not believed.
 *
 * Threads: counting and reporting from any thread, without waiting (atomics); the rest is pure.
 */
#ifndef POSTINVITE_BASE_METRICS_H
#define POSTINVITE_BASE_METRICS_H

#include "base/buf.h"
#include "base/metrics_table.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

struct metrics;

/* program: "milter". names (borrowed, NULL-terminated, or NULL): the values of its labels that
 * have none in the table. NULL out of memory. */
struct metrics *metrics_new(const char *program, const char *const *names);
void metrics_free(struct metrics **metrics); /* accepts NULL; nulls */

/* Which values of the metric's labels, by their places; 0 where there is no such label. */
struct metric_at {
	unsigned first, second;
};

/* NULL metrics, a metric of another program and a place that is not there count nothing. */
void metrics_add(struct metrics *metrics, enum metric_id id, struct metric_at at, int64_t n);
void metrics_set(
	struct metrics *metrics, enum metric_id id, struct metric_at at, int64_t value);
void metrics_observe(
	struct metrics *metrics, enum metric_id id, struct metric_at at, uint64_t us);

/* One more: metrics_count(metrics, METRIC_X, place of the first label's value, of the second's). */
#define metrics_count(metrics, id, ...)                                                        \
	metrics_add((metrics), (id), (struct metric_at){__VA_ARGS__}, 1)

/* The place of a name in a list, its last one where it is not there (so that one of them can
 * be "other"). */
unsigned metrics_place(const char *const *names, const char *name);

/* Every series of the program with its number (the caller's). NULL out of memory. */
struct json_object *metrics_report(const struct metrics *metrics);

/* The metric that a series belongs to, or NULL: that program (NULL: any) counts no such thing,
 * or it is not written as above. */
const struct metric *metrics_series(const char *series, const char *program);

/* Adds the numbers of a report to those of `sum`, an object. Returns 0, or -1 out of memory. */
enum metrics_which { METRICS_ALL, METRICS_WITHOUT_GAUGES };
int metrics_fold(struct json_object *sum, struct json_object *report, enum metrics_which which);

/* Puts the number of a gauge without program into `sum`; value: its label's. Returns 0 or -1. */
int metrics_put(struct json_object *sum, enum metric_id id, const char *value, int64_t number);

/* What /metrics answers (Prometheus text format 0.0.4), in the table's order. */
#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"
void metrics_text(struct json_object *sum, struct buf *out);

/* The mdoc list of all metrics, made from the table. */
void metrics_print_manual(struct buf *out);

#endif
