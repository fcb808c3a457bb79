/*
 * Which invitation does a consent mail mean? It names a mailbox and an application, no
 * invitation; and a mailbox may have been invited for several customers. The invitation has to
 * fit in time: it was there when the mail was written and waits for something. Of those that
 * do, one in which a sign-in had begun by then is meant rather than one that nobody had
 * touched, since it is the sign-in that asks for consent. Of several of one customer the newest
 * is meant; several customers that fit alike are ambiguous, and then none is.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_INVITE_FIT_H
#define POSTINVITE_INVITE_FIT_H

#include "base/json.h"
#include "invite/link.h"

#include <stdbool.h>
#include <time.h>

#define FIT_SKEW 300 /* clocks may differ by so many seconds */

struct fit {
	time_t when; /* of the mail; set by the caller, the rest begins with zeros */
	char invitation[INVITATION_ID_LEN + 1]; /* "" while none fits */
	char customer_id[1025];
	time_t created; /* that invitation's */
	int degree;
	bool ambiguous;
};

/* Takes an invitation (a record with its status) into account, in any order. */
void fit_consider(struct fit *fit, struct json_object *invitation);

#endif
