/*
 * Overview: how many invitations there are of each status, and what happened on each of the
 * last 30 days.
 */
#ifndef POSTINVITE_ADMIN_OVERVIEW_H
#define POSTINVITE_ADMIN_OVERVIEW_H

#include "web/route.h"

web_handler_fn get_overview;

#endif
