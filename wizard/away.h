/*
 * Routes that send the browser elsewhere, and the one that it comes back to.
 */
#ifndef POSTINVITE_WIZARD_AWAY_H
#define POSTINVITE_WIZARD_AWAY_H

#include "web/route.h"

web_handler_fn post_code, post_approve, post_confirm, post_go, get_callback;

#endif
