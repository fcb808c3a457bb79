/*
 * Counting what a server answers: two metrics, requests by route and class of status, and their
 * time.
 *
 * Threads: pure but for the counting, which any thread may do.
 */
#ifndef POSTINVITE_WEB_COUNT_H
#define POSTINVITE_WEB_COUNT_H

#include "base/metrics.h"
#include "web/server.h"

#define WEB_NAMES_MAX 64

/* The routes' names, each once, "other" behind them, then NULL: for metrics_new. */
void web_names(const struct web_route *routes, const char *names_r[WEB_NAMES_MAX + 2]);

struct web_metrics {
	struct metrics *metrics;
	const char *const *names;
	enum metric_id requests, seconds;
};
void web_count(const struct web_metrics *metrics, const struct web_answered *answered);

#endif
