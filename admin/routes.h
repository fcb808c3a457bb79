/*
 * The operator's routes.
 */
#ifndef POSTINVITE_ADMIN_ROUTES_H
#define POSTINVITE_ADMIN_ROUTES_H

#include "web/request.h"

extern const struct web_route admin_routes[]; /* their context is the struct admin */

/* The page for what no route answers. */
void admin_problem(void *admin, struct web_request *request, unsigned status);

#endif
