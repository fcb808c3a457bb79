/*
 * What /healthz says: who was heard of, and what the programs found of themselves
 * (base/health.h), each part once with its worst state.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_ADMIN_VERDICT_H
#define POSTINVITE_ADMIN_VERDICT_H

#include "base/buf.h"
#include "base/health.h"

#define VERDICT_JSON "application/json"
#define VERDICT_TEXT "text/plain; charset=utf-8"

struct verdict {
	enum health_state state; /* the worst */
	struct {
		bool said;
		enum health_state state;
		char text[HEALTH_TEXT_SIZE];
	} parts[HEALTH_PARTS];
	struct json_object *programs; /* of the reports; borrowed, or NULL */
};

/* reports: the store's answer to op "reports", or NULL with the error; borrowed, and needed as
 * long as the verdict is. own: this program's findings. */
void verdict_find(struct json_object *reports, const struct error *error,
	struct json_object *own, struct verdict *verdict_r);

/* "fail", a line for each part, the worst first. */
void verdict_text(const struct verdict *verdict, struct buf *out);

/* {"state": "fail", "parts": [{"part", "state", "text"}, ...]} */
void verdict_json(const struct verdict *verdict, struct buf *out);

/* postinvite_up, postinvite_heard_seconds and postinvite_health into `sum` (base/metrics.h).
 * Returns 0 or -1. */
int verdict_metrics(const struct verdict *verdict, struct json_object *sum);

#endif
