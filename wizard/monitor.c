/*
 * One reporter, whose look is the certificate.
 */
#include "monitor.h"

#include "routes.h"
#include "visit.h"

#include "store/report.h"
#include "web/count.h"

#include <stdlib.h>

struct monitor {
	const char *names[WEB_NAMES_MAX + 2];
	struct web_metrics counted;
	struct reporter *reporter;
};

static void look(void *context, struct json_object *findings)
{
	struct wizard *wizard = context;
	const struct daemon_generation *generation = daemon_generation(wizard->web.daemon);
	const struct site *site = generation->derived;

	if (site->tls.certificate.not_after != 0)
		health_certificate(findings, &site->tls.certificate, time(NULL));
	daemon_generation_release(&generation);
}

struct monitor *monitor_new(struct wizard *wizard)
{
	struct monitor *monitor = calloc(1, sizeof(*monitor));
	struct reporter_options options = {.base = wizard->web.base,
		.store = wizard->web.store,
		.program = "wizard",
		.look = look,
		.context = wizard};

	if (monitor == NULL)
		return NULL;
	web_names(wizard_routes, monitor->names);
	options.metrics = metrics_new("wizard", monitor->names);
	monitor->counted = (struct web_metrics){
		options.metrics, monitor->names, METRIC_WIZARD_REQUESTS, METRIC_WIZARD_SECONDS};
	if (options.metrics != NULL)
		monitor->reporter = reporter_new(&options);
	if (monitor->reporter == NULL)
		monitor_free(&monitor);
	return monitor;
}

void monitor_free(struct monitor **monitor)
{
	if (*monitor == NULL)
		return;
	reporter_free(&(*monitor)->reporter);
	metrics_free(&(*monitor)->counted.metrics);
	free(*monitor);
	*monitor = NULL;
}

void monitor_answered(void *context, const struct web_answered *answered)
{
	const struct wizard *wizard = context;

	web_count(&wizard->monitor->counted, answered);
}

void monitor_end(struct monitor *monitor, void (*said)(void *context), void *context)
{
	reporter_end(monitor->reporter, said, context);
}
