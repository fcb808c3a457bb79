/*
 * What the wizard counts and finds of itself, and reports to the store.
 */
#ifndef POSTINVITE_WIZARD_MONITOR_H
#define POSTINVITE_WIZARD_MONITOR_H

struct monitor;
struct web_answered;
struct wizard;

/* wizard's base, store and daemon are there. NULL out of memory. */
struct monitor *monitor_new(struct wizard *wizard);
void monitor_free(
	struct monitor **monitor); /* before the store's client; accepts NULL; nulls */

/* For web_server_options; context is the wizard. */
void monitor_answered(void *context, const struct web_answered *answered);

/* As reporter_end. */
void monitor_end(struct monitor *monitor, void (*said)(void *context), void *context);

#endif
