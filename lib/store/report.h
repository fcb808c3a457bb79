/*
 * Reporting to the store: what a program has counted and finds of itself (op "report").
 *
 * struct reporter does it for programs on libevent: at start, every 10 s when something has
 * changed, every 30 s at least, and at the end. A store that is away is not waited for.
 *
 * Threads: report_request from any; a reporter's from the thread of its loop.
 */
#ifndef POSTINVITE_STORE_REPORT_H
#define POSTINVITE_STORE_REPORT_H

#include "base/ipc_client.h"
#include "base/metrics.h"
#include "store/protocol.h"

#define REPORT_STEP_S	10
#define REPORT_LEAST_S	30
#define REPORT_GONE_S	60 /* nothing heard of a program for so long: it is gone */
#define REPORT_LIMIT_MS 1000

/* Names this process for the store, one name each time it is started. */
void report_instance(char instance_r[REPORT_INSTANCE_SIZE]);

/* When that process was started, in milliseconds: of two instances the later one is the program
 * now. */
uint64_t report_started(const char *instance);

struct report {
	const char *program, *instance;
	const struct metrics *metrics;
	struct json_object *health; /* findings (base/health.h), borrowed; or NULL */
	bool ended;
};

/* The request (the caller's); NULL out of memory. */
struct json_object *report_request(const struct report *report);

/* What was sent last: who reports by other means than a reporter keeps one, zeroed. */
struct report_pace {
	char *sent;
	uint64_t sent_ms; /* clock_monotonic_ms */
};

/* Is it time to send that one, because it says something else or nothing was sent for long?
 * Then it is remembered. */
bool report_due(struct report_pace *pace, struct json_object *request, uint64_t now_ms);
void report_failed(
	struct report_pace *pace); /* it did not arrive; also frees what is remembered */

struct reporter;
struct reporter_options {
	struct event_base *base;
	struct ipc_async *store;
	const char *program;
	struct metrics *metrics;
	/* Adds findings, and sets gauges, before each report; or NULL. */
	void (*look)(void *context, struct json_object *findings);
	void *context;
};

/* options' pointers are borrowed. The first report goes out at once. NULL out of memory. */
struct reporter *reporter_new(const struct reporter_options *options);
void reporter_free(struct reporter *
		*reporter); /* nothing is said; before ipc_async_free; accepts NULL; nulls */

/* Says that the program ends. `said` is called once, later: when the store knows, or after
 * REPORT_LIMIT_MS. */
void reporter_end(struct reporter *reporter, void (*said)(void *context), void *context);

#endif
