/*
 * The view of all invitations, kept as the store has them: filled at the start while the store
 * serves others too, and from then on by its events. Nothing is lost or doubled: events are
 * followed from a sequence number that was taken before the first page of records, and a
 * record, wherever it comes from, is as it is at that moment. A store that was restarted is
 * followed from the last event seen; one that was put back from a backup is read anew.
 *
 * Invitations that the store removes after history_retention tell nobody: they are forgotten
 * here by the same rule, and when the store says of one that it is not there
 * (invitations_gone).
 *
 * Threads: the event loop's.
 */
#ifndef POSTINVITE_ADMIN_INVITATIONS_H
#define POSTINVITE_ADMIN_INVITATIONS_H

#include "admin.h"
#include "view.h"

struct invitations;

/* Told of each change of the view, from within the loop. */
typedef void invitations_changed_fn(void *context);

/* Begins to fill. NULL: out of memory. */
struct invitations *invitations_new(
	struct admin *admin, invitations_changed_fn *changed, void *context);
void invitations_free(struct invitations **invitations); /* accepts NULL; nulls */

const struct view *invitations_view(const struct invitations *invitations);

/* Is the view filled, so that it can be asked? Until then it is so far, 0 to 99. */
bool invitations_ready(const struct invitations *invitations);
int invitations_percent(const struct invitations *invitations);

/* Has the store answered at all? */
bool invitations_begun(const struct invitations *invitations);

/* The store does not have it. */
void invitations_gone(struct invitations *invitations, const char *id);

#endif
