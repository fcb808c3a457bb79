/*
 * What webhook.c, lane.c and dead_letter.c share; nobody else includes this.
 */
#ifndef POSTINVITE_TOKEND_WEBHOOK_INTERNAL_H
#define POSTINVITE_TOKEND_WEBHOOK_INTERNAL_H

#include "webhook.h"

#include "token/webhook.h"

#include <time.h>

#define KIND_LANE	 "lane"	       /* an invitation that is behind; id: the invitation's */
#define KIND_DEAD_LETTER "dead_letter" /* an event that was given up; id: the event's */

struct lane;
LIST_HEAD(lane_list, lane);

struct webhooks {
	/* its own: a slow platform must not keep Microsoft's requests waiting */
	struct http *http;
	void *lanes; /* tsearch(3) tree, by name */
	struct lane_list list;
	size_t dead; /* dead letters in the vault */
};

/* The events of one invitation that are not told yet, one under way at most; or one dead
 * letter's. */
struct lane {
	LIST_ENTRY(lane) entry;
	struct tokend *tokend;
	char name[WEBHOOK_ID_SIZE]; /* the invitation's id, or the dead letter's */
	char invitation[WEBHOOK_ID_SIZE];
	bool dead_letter;
	/* of a dead letter: for an earlier one of the invitation; once more */
	bool waiting, refused;
	int64_t after; /* what is told, or given up */
	bool more;     /* there may be events behind the one under way */
	int failures;  /* in a row */
	time_t failing_since;
	bool dirty, stored;	  /* differs from the vault; is in the vault */
	struct json_object *told; /* the history's entry that is under way, or NULL */
	struct ipc_async_call *ask;
	struct http_call *call;
	struct event *timer;
};

struct lane *lane_find(struct tokend *tokend, const char *name);
/* NULL out of memory */
struct lane *lane_new(struct tokend *tokend, const char *name, int64_t after);
void lane_free(struct lane *lane); /* the vault stays as it is */

/* Goes on after ms. */
void lane_later(struct lane *lane, int ms);

/* Tells that entry now; record is the invitation. */
void lane_tell(struct lane *lane, struct json_object *entry, struct json_object *record);

/* Keeps the event that is under way as given up. Returns 0, or -1 with error set. */
int dead_letter_put(struct lane *lane, const char *reason, struct error *error);
void dead_letter_delete(struct lane *lane); /* it was told after all */
/* the next one's turn */
void dead_letter_ended(struct tokend *tokend, const char *invitation, bool refused);
int dead_letters_count(struct tokend *tokend, struct error *error);

#endif
