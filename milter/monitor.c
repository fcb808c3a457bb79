/*
 * Each report goes to the store of the settings in force then.
 */
#include "monitor.h"

#include "config.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/report.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define STOP_S 2

static struct {
	struct daemon *daemon;
	pthread_t thread;
	sem_t woken;
	atomic_bool stopping;
	bool runs;
	char instance[REPORT_INSTANCE_SIZE];
	struct report_pace pace;
} monitor;

static void report(bool last)
{
	const struct daemon_generation *generation = daemon_generation(monitor.daemon);
	const struct config *config = generation->derived;
	struct report facts = {.program = "milter",
		.instance = monitor.instance,
		.metrics = daemon_data(monitor.daemon),
		.health = json_object_new_array(),
		.ended = last};
	struct json_object *request, *reply = NULL;
	struct error error;

	if (config->certificate.not_after != 0)
		health_certificate(facts.health, &config->certificate, time(NULL));
	request = report_request(&facts);
	if (request != NULL && report_due(&monitor.pace, request, clock_monotonic_ms()) &&
		ipc_call(config->store, request, &reply, &error) != 0) {
		log_debug("report reason=\"%s\"", error.text);
		report_failed(&monitor.pace);
	}
	json_object_put(facts.health);
	json_object_put(request);
	json_object_put(reply);
	daemon_generation_release(&generation);
}

static void *run(void *unused)
{
	struct timespec next;

	(void)unused;
	while (!atomic_load(&monitor.stopping)) {
		report(false);
		clock_gettime(CLOCK_MONOTONIC, &next);
		next.tv_sec += REPORT_STEP_S;
		while (!atomic_load(&monitor.stopping) &&
			sem_clockwait(&monitor.woken, CLOCK_MONOTONIC, &next) != 0 &&
			errno == EINTR)
			continue;
	}
	report(true);
	return NULL;
}

void monitor_start(struct daemon *daemon)
{
	int result;

	monitor.daemon = daemon;
	report_instance(monitor.instance);
	result = sem_init(&monitor.woken, 0, 0) == 0
			 ? pthread_create(&monitor.thread, NULL, run, NULL)
			 : errno;
	monitor.runs = result == 0;
	if (!monitor.runs)
		log_error("nothing will be reported to /metrics: %s", strerror(result));
}

void monitor_stop(void)
{
	struct timespec until;

	if (!monitor.runs)
		return;
	atomic_store(&monitor.stopping, true);
	sem_post(&monitor.woken);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += STOP_S;
	pthread_clockjoin_np(monitor.thread, NULL, CLOCK_MONOTONIC, &until);
}
