/*
 * postinvite-admin: what its parts share. One thread, one event loop.
 */
#ifndef POSTINVITE_ADMIN_ADMIN_H
#define POSTINVITE_ADMIN_ADMIN_H

#include "base/secret.h"
#include "web/service.h"

struct invitations;
struct live;
struct monitor;

struct admin {
	struct web_service web;
	struct invitations *invitations; /* the view of all of them */
	struct live *live;		 /* pages that wait for something to happen */
	unsigned exports;		 /* under way */
	struct monitor *monitor;	 /* /healthz and /metrics */
	struct secret *key;		 /* of the marks in forms; made at each start */
};

#endif
