/*
 * What an event does to a record, member by member. Each step notes whether it changed anything:
 * an event that says nothing new leaves the record as it is, its revision, too.
 *
 * Threads: pure functions on objects of the caller's.
 */
#ifndef POSTINVITE_INVITE_CHANGE_H
#define POSTINVITE_INVITE_CHANGE_H

#include "base/json.h"

struct change {
	struct json_object *record; /* borrowed; changed */
	struct json_object *event;  /* borrowed */
	bool changed;
	bool failed; /* out of memory: the record may be half changed */
};

/* The event's member, a string; NULL where it has none. */
const char *change_said(const struct change *change, const char *name);

/* Is the record's member, "none" where it has none, that? */
bool change_has(const struct change *change, const char *name, const char *value);

/* Put a member into the record; a NULL string removes it. */
void change_put(struct change *change, const char *name, const char *value);
void change_put_flag(struct change *change, const char *name, bool value);
void change_put_int(struct change *change, const char *name, int64_t value);

/* The event's time, unless the member is there. */
void change_put_first(struct change *change, const char *name);

/* last_error: the event's code, text and time. */
void change_put_last_error(struct change *change);

/* Takes the event's member into the record, when the event has it. */
void change_take(struct change *change, const char *name);

/* One more. A count that damage left at its end begins anew. */
void change_count(struct change *change, const char *name);

void change_drop(struct change *change, const char *name);

#endif
