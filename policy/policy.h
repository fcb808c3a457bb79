/*
 * The program's state, and its two services.
 */
#ifndef POSTINVITE_POLICY_POLICY_H
#define POSTINVITE_POLICY_POLICY_H

#include "base/daemon.h"
#include "base/ipc_client.h"
#include "base/metrics.h"
#include "serve.h"

#include <stdbool.h>

struct policy {
	struct daemon *daemon;
	const struct daemon_generation *generation; /* derived: struct config */
	struct event_base *base;
	struct server *server;
	struct ipc_async *store;
	struct metrics *metrics;   /* NULL with -s: nobody counts */
	struct reporter *reporter; /* likewise */
	bool complained;	   /* of the list it stands in, since the last reload */
	char *listens[2]; /* policy_listen and lookup_listen as they are served; NULL: not */
	bool removed;	  /* their sockets: any that are there now are a successor's */
	char *store_listen;
};

extern const struct service policy_service; /* policy_listen, and -s */
extern const struct service lookup_service; /* lookup_listen */

#endif
