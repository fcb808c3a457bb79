/*
 * postinvite-admin: what its parts share. One thread, one event loop.
 */
#ifndef POSTINVITE_ADMIN_ADMIN_H
#define POSTINVITE_ADMIN_ADMIN_H

#include "base/daemon.h"
#include "base/ipc_client.h"
#include "base/secret.h"

struct invitations;
struct live;
struct monitor;
struct web_server;

struct admin {
	struct event_base *base;
	struct daemon *daemon;
	struct ipc_async *store;
	struct ipc_async *tokend;
	struct invitations *invitations; /* the view of all of them */
	struct live *live;		 /* pages that wait for something to happen */
	unsigned exports;		 /* under way */
	struct monitor *monitor;	 /* /healthz and /metrics */
	struct web_server *server;
	struct secret *key; /* of the marks in forms; made at each start */
};

#endif
