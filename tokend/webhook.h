/*
 * Telling the platform: every event of the store's goes to webhook_url (token/webhook.h), at
 * least once, in order for each invitation, while another invitation's events do not wait for
 * it.
 *
 * The store's history is the outbox. What the vault keeps is where each invitation that is
 * behind stands ("lane"), and what was given up ("dead_letter"). An event is given up when its
 * invitation has been failing for webhook_lifetime and this event failed, too; the next one has
 * its turn then.
 */
#ifndef POSTINVITE_TOKEND_WEBHOOK_H
#define POSTINVITE_TOKEND_WEBHOOK_H

#include "tokend.h"

struct webhooks;
struct request;

/* Reads what the vault holds. Returns 0, or -1 with error set. */
int webhooks_start(struct tokend *tokend, struct error *error);
void webhooks_free(struct tokend *tokend);

/* An event of the store's, as "subscribe" gives it. */
void webhooks_event(struct tokend *tokend, struct json_object *event);

/* The store was put back from a backup: what follows tokend->sequence is news. */
void webhooks_behind(struct tokend *tokend);

/* To be called before the cursor is kept: what is behind is on disk then. Returns 0, or -1 with
 * error set. */
int webhooks_save(struct tokend *tokend, struct error *error);

/* Requests under way. */
size_t webhooks_pending(const struct tokend *tokend);

/* For reports: how many are behind, how many were given up, and since when the oldest is
 * refused (0: none). */
struct webhooks_look {
	size_t behind, dead_letters;
	time_t failing_since;
};
void webhooks_look(const struct tokend *tokend, struct webhooks_look *look_r);

/* op dead_letters */
void dead_letters_request(struct request *request);

#endif
