/*
 * How often a client may ask, and how often a link's buttons may be pressed. GETs are cheap,
 * and a customer may sit behind a mail scanner or with a whole company behind one address: they
 * have room for a hundred pages at once. What a press may cost, at Microsoft too, is bounded
 * more tightly. Who is refused knows when to try again. Nobody holds the connections that all
 * share.
 */
#ifndef POSTINVITE_WIZARD_LIMITS_H
#define POSTINVITE_WIZARD_LIMITS_H

#include "visit.h"

/* The seconds until the request may be made again; 0: it may be made now. The shape that
 * web/server.h wants. */
unsigned limits_admit(void *wizard, struct web_request *request);

/* How many connections a client may have at once; 0: any number. Likewise. */
unsigned limits_connections(void *wizard, const struct in6_addr *peer);

#endif
