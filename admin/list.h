/*
 * Customer Invitations: the list.
 */
#ifndef POSTINVITE_ADMIN_LIST_H
#define POSTINVITE_ADMIN_LIST_H

#include "web/route.h"

web_handler_fn get_list;

#endif
