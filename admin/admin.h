/*
 * postinvite-admin: what its parts share. One thread, one event loop.
 */
#ifndef POSTINVITE_ADMIN_ADMIN_H
#define POSTINVITE_ADMIN_ADMIN_H

#include "base/daemon.h"
#include "base/ipc_client.h"
#include "base/secret.h"

struct web_server;

struct admin {
	struct event_base *base;
	struct daemon *daemon;
	struct ipc_async *store;
	struct ipc_async *tokend;
	struct web_server *server;
	struct secret *key; /* of the marks in forms; made at each start */
};

#endif
