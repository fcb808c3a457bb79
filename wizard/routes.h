/*
 * The customer's routes.
 */
#ifndef POSTINVITE_WIZARD_ROUTES_H
#define POSTINVITE_WIZARD_ROUTES_H

#include "web/request.h"

extern const struct web_route wizard_routes[]; /* their context is the struct wizard */

/* The page for what no route answers. */
void wizard_problem(void *wizard, struct web_request *request, unsigned status);

#endif
