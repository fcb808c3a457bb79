/*
 * Reports what the milter counts to the store, by a thread of its own: no mail waits for that.
 */
#ifndef POSTINVITE_MILTER_MONITOR_H
#define POSTINVITE_MILTER_MONITOR_H

#include "base/daemon.h"

/* The thread inherits the caller's signal mask: SIGHUP, SIGTERM and SIGINT must be blocked.
 * Where no thread can be had, nothing is reported. */
void monitor_start(struct daemon *daemon);

/* Says that the milter ends, and waits a little for that to arrive. */
void monitor_stop(void);

#endif
