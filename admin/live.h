/*
 * Live pages: a page says which version of the view it shows, and asks to be told when there is
 * another. The browser then fetches the page itself again, and puts what differs in its place
 * (admin.js), so that whatever a page shows is live.
 *
 *	GET /live?since=VERSION[&id=ID]		{"version": "N", "changed": bool, "pause": S}
 *
 * It is answered when something, or that invitation, has changed, and after LIVE_WAIT_S at the
 * latest; at once, when LIVE_MAX wait already. "pause" is how many seconds to wait before
 * asking again, the more the more pages are open, so that showing them all anew, again and
 * again, leaves time for other things.
 *
 * Threads: the event loop's.
 */
#ifndef POSTINVITE_ADMIN_LIVE_H
#define POSTINVITE_ADMIN_LIVE_H

#include "values.h"
#include "visit.h"

#include "web/route.h"

#define LIVE_MAX     250
#define LIVE_WAIT_S  25
#define LIVE_TOUR_MS 300 /* changes within it are told in one go */

#define LIVE_PAGES_A_SECOND 8

struct live;

struct live *live_new(struct admin *admin); /* NULL: out of memory */
void live_free(struct live **live);	    /* after the server; accepts NULL; nulls */

/* As invitations_changed_fn; the context is a struct live. */
void live_changed(void *live);

web_handler_fn get_live;

/* Makes the page of these values live: it shows that invitation, or (NULL) anything, as it was
 * when the visit began or later. */
void live_put(const struct visit *visit, struct values *values, const char *id);

#endif
