/*
 * Authentication Status: the tenants and their tokens, those somebody has to do something about
 * first.
 */
#ifndef POSTINVITE_ADMIN_AUTHENTICATION_H
#define POSTINVITE_ADMIN_AUTHENTICATION_H

#include "web/route.h"

web_handler_fn get_authentication;

#endif
