/*
 * Reports of others: which of their series are real, added up, and written for Prometheus and
 * for people.
 */
#include "base/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define VALUE_MAX	 30
#define VALUE_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-"

static const char *const type_names[] = {
	[METRIC_COUNTER] = "counter",
	[METRIC_GAUGE] = "gauge",
	[METRIC_HISTOGRAM] = "histogram",
};

static bool skip(const char **at, const char *text)
{
	size_t len = strlen(text);

	if (strncmp(*at, text, len) != 0)
		return false;
	*at += len;
	return true;
}

static bool equals(const char *value, size_t len, const char *text)
{
	return strlen(text) == len && memcmp(value, text, len) == 0;
}

static bool is_value(const struct metric_label *label, const char *value, size_t len)
{
	if (label->values == NULL)
		return len > 0 && len <= VALUE_MAX;
	for (size_t i = 0; label->values[i] != NULL; i++)
		if (equals(value, len, label->values[i]))
			return true;
	return false;
}

static bool is_bound(const struct metric *metric, const char *value, size_t len)
{
	size_t i = 0;

	while (metric->bounds[i].text != NULL && !equals(value, len, metric->bounds[i].text))
		i++;
	return metric->bounds[i].text != NULL || equals(value, len, "+Inf");
}

/* name="value"; returns the value's length, or 0. */
static size_t take_label(const char **at, const char *name, const char **value_r)
{
	size_t len;

	if (!skip(at, name) || !skip(at, "=\""))
		return 0;
	*value_r = *at;
	len = strspn(*at, VALUE_CHARACTERS);
	*at += len;
	return skip(at, "\"") ? len : 0;
}

/* All labels of the metric, and le of a bucket, in their order, and nothing else. */
static bool labels_fit(const struct metric *metric, const char *at, bool bucket)
{
	const char *value, *between = "{";
	size_t len;

	for (size_t i = 0; i < METRIC_LABELS_MAX && metric->labels[i].name != NULL; i++) {
		if (!skip(&at, between))
			return false;
		len = take_label(&at, metric->labels[i].name, &value);
		if (len == 0 || !is_value(&metric->labels[i], value, len))
			return false;
		between = ",";
	}
	if (bucket) {
		if (!skip(&at, between))
			return false;
		len = take_label(&at, "le", &value);
		if (len == 0 || !is_bound(metric, value, len))
			return false;
		between = ",";
	}
	if (*between == ',' && !skip(&at, "}"))
		return false;
	return *at == '\0';
}

static bool series_of(const struct metric *metric, const char *series)
{
	bool bucket = false;

	if (!skip(&series, metric->name))
		return false;
	if (metric->type == METRIC_HISTOGRAM) {
		bucket = skip(&series, "_bucket");
		if (!bucket && !skip(&series, "_sum") && !skip(&series, "_count"))
			return false;
	}
	return labels_fit(metric, series, bucket);
}

const struct metric *metrics_series(const char *series, const char *program)
{
	for (size_t id = 0; id < METRICS; id++) {
		const struct metric *metric = &metrics_table[id];

		if ((program == NULL || strcmp(metric->program, program) == 0) &&
			series_of(metric, series))
			return metric;
	}
	return NULL;
}

int metrics_fold(struct json_object *sum, struct json_object *report, enum metrics_which which)
{
	json_object_object_foreach(report, series, number)
	{
		const struct metric *metric = metrics_series(series, NULL);
		struct json_object *before;

		if (metric == NULL ||
			(which == METRICS_WITHOUT_GAUGES && metric->type == METRIC_GAUGE))
			continue;
		if (json_object_object_get_ex(sum, series, &before)) {
			json_object_int_inc(before, json_object_get_int64(number));
			continue;
		}
		before = json_object_new_int64(json_object_get_int64(number));
		if (before == NULL || json_object_object_add(sum, series, before) != 0) {
			json_object_put(before);
			return -1;
		}
	}
	return 0;
}

int metrics_put(struct json_object *sum, enum metric_id id, const char *value, int64_t number)
{
	const struct metric *metric = &metrics_table[id];
	struct json_object *made = json_object_new_int64(number);
	char series[128];

	snprintf(series, sizeof(series), "%s{%s=\"%s\"}", metric->name, metric->labels[0].name,
		value);
	if (made != NULL && json_object_object_add(sum, series, made) == 0)
		return 0;
	json_object_put(made);
	return -1;
}

static bool is_sum(const struct metric *metric, const char *series)
{
	return metric->type == METRIC_HISTOGRAM &&
	       strncmp(series + strlen(metric->name), "_sum", 4) == 0;
}

static void put_metric(const struct metric *metric, struct json_object *sum, struct buf *out)
{
	bool first = true;

	json_object_object_foreach(sum, series, value)
	{
		int64_t number = json_object_get_int64(value);

		if (!series_of(metric, series))
			continue;
		if (first)
			buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name,
				metric->meaning, metric->name, type_names[metric->type]);
		first = false;
		if (is_sum(metric, series))
			buf_printf(out, "%s %.6f\n", series, (double)number / 1e6);
		else
			buf_printf(out, "%s %" PRId64 "\n", series, number);
	}
}

void metrics_text(struct json_object *sum, struct buf *out)
{
	for (size_t id = 0; id < METRICS; id++)
		put_metric(&metrics_table[id], sum, out);
}

static void manual_label(const struct metric_label *label, struct buf *out)
{
	buf_printf(out, "Label\n.Cm %s :\n", label->name);
	for (size_t i = 0; label->values != NULL && label->values[i] != NULL; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "", label->values[i]);
	if (label->values != NULL)
		buf_string(out, ".\n");
	if (label->meaning != NULL)
		buf_printf(out, "%s.\n", label->meaning);
}

void metrics_print_manual(struct buf *out)
{
	buf_string(out, ".Bl -tag -width Ds\n");
	for (size_t id = 0; id < METRICS; id++) {
		const struct metric *metric = &metrics_table[id];

		buf_printf(out, ".It Cm %s Pq %s\n%s.\n", metric->name,
			type_names[metric->type], metric->meaning);
		for (size_t i = 0; i < METRIC_LABELS_MAX; i++)
			if (metric->labels[i].name != NULL)
				manual_label(&metric->labels[i], out);
	}
	buf_string(out, ".El\n");
}
