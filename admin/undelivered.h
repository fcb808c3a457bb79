/*
 * Dead letters: events that the platform's webhook did not take.
 */
#ifndef POSTINVITE_ADMIN_UNDELIVERED_H
#define POSTINVITE_ADMIN_UNDELIVERED_H

#include "web/route.h"

web_handler_fn get_undelivered, post_undelivered;

#endif
