/*
 * What is the same as last time is not sent again, until it is time to be heard of.
 */
#include "store/report.h"

#include "base/clock.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The step before would be too late. */
#define LEAST_MS ((REPORT_LEAST_S - REPORT_STEP_S / 2) * 1000)

static const struct timeval step = {REPORT_STEP_S, 0};

struct reporter {
	struct reporter_options options;
	char instance[REPORT_INSTANCE_SIZE];
	struct event *timer;
	struct ipc_async_call *call; /* one at a time */
	struct report_pace pace;
	bool ending;
	void (*said)(void *context);
	void *said_context;
};

void report_instance(char instance_r[REPORT_INSTANCE_SIZE])
{
	snprintf(instance_r, REPORT_INSTANCE_SIZE, "%ld-%" PRIu64, (long)getpid(),
		clock_real_ms());
}

uint64_t report_started(const char *instance)
{
	const char *dash = strchr(instance, '-');

	return dash != NULL ? strtoull(dash + 1, NULL, 10) : 0;
}

struct json_object *report_request(const struct report *report)
{
	struct json_object *request = store_request("report");
	struct json_object *metrics = metrics_report(report->metrics);

	if (request != NULL && metrics != NULL &&
		json_object_object_add(request, "metrics", metrics) == 0) {
		metrics = NULL;
		if (json_set_string(request, "program", report->program) == 0 &&
			json_set_string(request, "instance", report->instance) == 0 &&
			json_set_flag(request, "ended", report->ended) == 0 &&
			json_object_object_add(
				request, "health", json_object_get(report->health)) == 0)
			return request;
	}
	json_object_put(metrics);
	json_object_put(request);
	return NULL;
}

bool report_due(struct report_pace *pace, struct json_object *request, uint64_t now_ms)
{
	const char *text = json_text(request);

	if (pace->sent != NULL && strcmp(pace->sent, text) == 0 &&
		now_ms - pace->sent_ms < LEAST_MS)
		return false;
	free(pace->sent);
	pace->sent = strdup(text);
	pace->sent_ms = now_ms;
	return true;
}

void report_failed(struct report_pace *pace)
{
	free(pace->sent);
	pace->sent = NULL;
}

static void end(struct reporter *reporter)
{
	void (*said)(void *) = reporter->said;

	reporter->said = NULL;
	if (said != NULL)
		said(reporter->said_context);
}

/* What did not arrive is sent at the next step. */
static void on_reply(void *context, struct json_object *reply, const struct error *error)
{
	struct reporter *reporter = context;

	(void)reply;
	reporter->call = NULL;
	if (error != NULL)
		report_failed(&reporter->pace);
	if (reporter->ending)
		end(reporter);
}

static struct json_object *look(struct reporter *reporter)
{
	const struct reporter_options *options = &reporter->options;
	struct report report = {.program = options->program,
		.instance = reporter->instance,
		.metrics = options->metrics,
		.health = json_object_new_array(),
		.ended = reporter->ending};
	struct json_object *request;

	if (options->look != NULL && report.health != NULL)
		options->look(options->context, report.health);
	request = report_request(&report);
	json_object_put(report.health);
	return request;
}

static void tell(struct reporter *reporter)
{
	struct json_object *request = look(reporter);

	if (request != NULL && report_due(&reporter->pace, request, clock_monotonic_ms()))
		reporter->call = ipc_async_call(
			reporter->options.store, request, REPORT_LIMIT_MS, on_reply, reporter);
	json_object_put(request);
}

static void on_timer(evutil_socket_t unused, short what, void *context)
{
	struct reporter *reporter = context;

	(void)unused;
	(void)what;
	if (reporter->ending) {
		end(reporter);
		return;
	}
	if (reporter->call == NULL)
		tell(reporter);
	event_add(reporter->timer, &step);
}

struct reporter *reporter_new(const struct reporter_options *options)
{
	static const struct timeval now;
	struct reporter *reporter = calloc(1, sizeof(*reporter));

	if (reporter == NULL)
		return NULL;
	reporter->options = *options;
	report_instance(reporter->instance);
	reporter->timer = evtimer_new(options->base, on_timer, reporter);
	if (reporter->timer == NULL || event_add(reporter->timer, &now) != 0)
		reporter_free(&reporter);
	return reporter;
}

void reporter_end(struct reporter *reporter, void (*said)(void *context), void *context)
{
	static const struct timeval now, last = {2 * REPORT_LIMIT_MS / 1000, 0};

	if (reporter->ending)
		return;
	reporter->ending = true;
	reporter->said = said;
	reporter->said_context = context;
	if (reporter->call != NULL)
		ipc_async_cancel(&reporter->call);
	tell(reporter);
	/* Nothing that could be sent: said is still called later. */
	event_add(reporter->timer, reporter->call == NULL ? &now : &last);
}

void reporter_free(struct reporter **reporter)
{
	if (*reporter == NULL)
		return;
	if ((*reporter)->call != NULL)
		ipc_async_cancel(&(*reporter)->call);
	if ((*reporter)->timer != NULL)
		event_free((*reporter)->timer);
	report_failed(&(*reporter)->pace);
	free(*reporter);
	*reporter = NULL;
}
