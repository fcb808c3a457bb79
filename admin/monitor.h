/*
 * What the operator's pages count of themselves, and what monitors read: /healthz and /metrics,
 * on admin_listen and, alone, on metrics_listen. Both are for whoever asks: they hold no secret
 * and no customer.
 */
#ifndef POSTINVITE_ADMIN_MONITOR_H
#define POSTINVITE_ADMIN_MONITOR_H

#include "admin.h"

#include "base/settings.h"
#include "web/route.h"

struct monitor;
struct web_answered;

/* Still privileged: binds metrics_listen, where it is set. NULL: error. */
struct monitor *monitor_new(
	struct admin *admin, const struct settings *settings, struct error *error);

/* admin's base and store are there. Returns 0, or -1 with error set. */
int monitor_start(struct monitor *monitor, struct error *error);
void monitor_free(
	struct monitor **monitor); /* before the store's client; accepts NULL; nulls */

/* Is that what metrics_listen says it is bound to? */
bool monitor_listens(const struct monitor *monitor, const struct settings *settings);

/* For web_server_options; context is the admin. */
void monitor_answered(void *context, const struct web_answered *answered);

/* Says that the program ends; as reporter_end. */
void monitor_end(struct monitor *monitor, void (*said)(void *context), void *context);

web_handler_fn get_health, get_metrics;

#endif
