/*
 * Pages that show something of the view, while it is still being filled.
 */
#ifndef POSTINVITE_ADMIN_FILLING_H
#define POSTINVITE_ADMIN_FILLING_H

#include "invitations.h"
#include "visit.h"

/* The view, to be asked. NULL: it is being filled, and the visit has been answered with a page
 * that says so, how far it is, and that comes again by itself. */
const struct view *filling_view(struct visit **visit);

#endif
