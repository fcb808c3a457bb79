/*
 * What the programs report of themselves, kept in memory: the last report of each instance (a
 * process), and the sum of what earlier ones counted, so that counters never go down while the
 * store lives.
 *
 * Nothing in a report is believed but what its program may count (base/metrics.h) and say
 * (base/health.h). An instance is forgotten when another one reports for the first time and it
 * was not heard of for a day, or REPORTS_INSTANCES of its program were heard of since; what it
 * counted stays.
 *
 * Threads: one at a time. Times are clock_monotonic_ms.
 */
#ifndef POSTINVITE_STORE_REPORTS_H
#define POSTINVITE_STORE_REPORTS_H

#include "base/error.h"

#include <json-c/json.h>
#include <stdint.h>

#define REPORTS_INSTANCES 8
#define REPORTS_SERIES	  1024 /* of a report; more are not read */
#define REPORTS_FINDINGS  32
#define REPORTS_DAY_MS	  ((uint64_t)24 * 3600 * 1000)

struct reports;

struct reports *reports_new(void);	     /* NULL out of memory */
void reports_free(struct reports **reports); /* accepts NULL; nulls */

/* Takes the report in (request: op "report" of store/protocol.h; borrowed). Returns 0, or -1:
 * no such program, no instance's name, out of memory. */
int reports_put(struct reports *reports, struct json_object *request, uint64_t now_ms,
	struct error *error);

/* {programs, metrics} as op "reports" answers (the caller's). NULL out of memory. */
struct json_object *reports_sum(struct reports *reports, uint64_t now_ms);

#endif
