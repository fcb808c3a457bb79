/*
 * The records of a page's ids, from the store.
 */
#ifndef POSTINVITE_ADMIN_ROWS_H
#define POSTINVITE_ADMIN_ROWS_H

#include "visit.h"

#include "invite/link.h"

#define ROWS_MAX 500 /* in one question */

/* Asks for the records of n ids (at most ROWS_MAX; copied) and goes on with `next`, whose reply
 * has them in "invitations", in that order. One that the store does not have is null there, and
 * has been taken out of the view. */
void rows_ask(struct visit *visit, const char (*ids)[INVITATION_ID_LEN + 1], size_t n,
	visit_next_fn *next);

#endif
