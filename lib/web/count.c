/*
 * What waited for news is no measure of our speed.
 */
#include "web/count.h"

#include <string.h>

void web_names(const struct web_route *routes, const char *names_r[WEB_NAMES_MAX + 2])
{
	size_t n = 0;

	names_r[0] = NULL;
	for (; routes->name != NULL && n < WEB_NAMES_MAX; routes++) {
		size_t i = 0;

		while (i < n && strcmp(names_r[i], routes->name) != 0)
			i++;
		if (i == n)
			names_r[n++] = routes->name;
	}
	names_r[n] = "other";
	names_r[n + 1] = NULL;
}

static enum count_status status_class(unsigned status)
{
	return status >= 500   ? COUNT_STATUS_5XX
	       : status >= 400 ? COUNT_STATUS_4XX
	       : status >= 300 ? COUNT_STATUS_3XX
			       : COUNT_STATUS_2XX;
}

void web_count(const struct web_metrics *metrics, const struct web_answered *answered)
{
	const char *name = answered->route != NULL ? answered->route->name : "other";

	metrics_count(metrics->metrics, metrics->requests, metrics_place(metrics->names, name),
		status_class(answered->status));
	if (!answered->idle)
		metrics_observe(metrics->metrics, metrics->seconds, (struct metric_at){0},
			answered->us);
}
