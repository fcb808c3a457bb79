/*
 * All invitations as the operator's pages look for them, in the memory of postinvite-admin:
 * found, sorted and counted within 100 ms among 1,000,000, on one core (make bench-scale).
 * Records go in, ids come out; what a page shows of an invitation it asks the store for, with
 * one `get` of many ids. A record that the store no longer has (it answers null) is taken out
 * by view_remove.
 *
 * An invitation takes some 240 bytes (view_memory; measured by make bench-scale): 64 of facts,
 * 4 for looking it up by id, 24 for five sorted texts, and its texts, folded for the search
 * (view_fold). Putting a record is a look-up and a comparison; a new one is put into five
 * orders (microseconds).
 *
 * Nothing is stored of the time that passes: statuses are those of the `now` that is asked with.
 *
 * Threads: one view belongs to one thread at a time. A view knows neither the store nor HTTP.
 */
#ifndef POSTINVITE_ADMIN_VIEW_H
#define POSTINVITE_ADMIN_VIEW_H

#include "base/json.h"
#include "invite/link.h"
#include "invite/record.h"

#include <stdbool.h>
#include <stdint.h>

struct view;

struct view *view_new(void);	    /* NULL: out of memory */
void view_free(struct view **view); /* accepts NULL; nulls */

/* A new view is being filled: it is not sorted, and cannot be asked. Once it is filled,
 * view_sort takes one of five steps (0.4 s each for a million): 1 when there are more, 0 when
 * the view is ready, -1: out of memory, and that step is still to be taken. Records may come in
 * between. view_clear begins again, with an empty one. */
void view_clear(struct view *view);
int view_sort(struct view *view);
bool view_ready(const struct view *view);

/* Takes a record as it is now, in place of what was known of that invitation. Returns 0, or -1:
 * out of memory, and the invitation is not there. A record without an id is passed over. */
int view_put(struct view *view, struct json_object *record);

/* Takes an invitation out. Returns whether it was there. */
bool view_remove(struct view *view, const char *id);

/* Takes out those that the store has removed by now, or is about to: revoked or expired before
 * `limit`, which is now - history_retention. Returns how many. */
size_t view_forget(struct view *view, time_t limit, time_t now);

size_t view_size(const struct view *view);   /* invitations */
size_t view_memory(const struct view *view); /* bytes in use */

/* Grows with everything that a page may show differently; what a later process says is greater,
 * too. */
uint64_t view_version(const struct view *view);

/* Has that invitation been put or removed since that version? */
bool view_changed(const struct view *view, const char *id, uint64_t since);

/* What can be sorted by; names as in a URL and in records ("customer_id"). Texts sort as people
 * read them: case and accents aside. Rows with the same value come in order of their creation. */
enum view_column {
	VIEW_ID,
	VIEW_CUSTOMER_ID,
	VIEW_FULL_NAME,
	VIEW_INVITATION_EMAIL,
	VIEW_ADMIN_EMAIL, /* "m365_admin_email" */
	VIEW_EMAIL_SENT,  /* by its time; never: the least */
	VIEW_EMAIL_SENT_COUNT,
	VIEW_DELIVERY,		   /* none delayed relayed delivered failed */
	VIEW_LINK_OPENED,	   /* by its time */
	VIEW_CONSENT,		   /* none requested expired denied granted */
	VIEW_DEVICE_AUTHENTICATED, /* by its time */
	/* in the order of a journey: pending first, then ... complete, revoked last */
	VIEW_STATUS,
	VIEW_CREATED_AT,
	VIEW_EXPIRES_AT,
	VIEW_COLUMNS
};
const char *view_column_name(enum view_column column);
bool view_column_find(const char *name, enum view_column *column_r);

#define VIEW_STATUS_BIT(status) (1u << (status))

/* "Pending Invitations": those on their way, which somebody still has to do something about. */
#define VIEW_PENDING                                                                           \
	(((1u << STATUS_COUNT) - 1) &                                                          \
		~(VIEW_STATUS_BIT(STATUS_REVOKED) | VIEW_STATUS_BIT(STATUS_EXPIRED) |          \
			VIEW_STATUS_BIT(STATUS_AUTHENTICATION_COMPLETE) |                      \
			VIEW_STATUS_BIT(STATUS_NEEDS_SIGN_IN)))

/* What an invitation can have happened to it at a time, to be asked for by the day. */
enum view_happened {
	VIEW_ANY_TIME,
	VIEW_SENT,	/* its last Welcome mail */
	VIEW_COMPLETED, /* its authentication */
};

struct view_query {
	/* part of id, customer id, full name, either address or tenant; case and accents aside.
	 * NULL or "": all */
	const char *search;
	unsigned statuses; /* VIEW_STATUS_BIT of those wanted; 0: all */
	enum view_happened happened;
	time_t from, until; /* of `happened`: from <= time < until */
	enum view_column sort;
	bool descending;
	size_t offset, limit; /* any; an export asks for all at once (23 bytes each) */
};

struct view_result {
	size_t total;		     /* that fit */
	size_t counts[STATUS_COUNT]; /* of those that fit all but `statuses`, by status */
	size_t n;		     /* ids here */
	char (*ids)[INVITATION_ID_LEN + 1];
};

/* Returns 0 with a result (the caller's), or -1: out of memory, or the view is not ready. An
 * offset beyond the end gives no ids. */
int view_find(const struct view *view, const struct view_query *query, time_t now,
	struct view_result *result_r);
void view_result_free(struct view_result *result);

/* All, by status. */
void view_counts(const struct view *view, time_t now, size_t counts_r[STATUS_COUNT]);

/* The last VIEW_DAYS days (UTC), the oldest first, today last. */
#define VIEW_DAYS 30
struct view_day {
	time_t begin;
	size_t sent, completed;
};
void view_days(const struct view *view, time_t now, struct view_day days_r[VIEW_DAYS]);

/* Tenants by the state of their token: for each the invitation that holds its best one (a valid
 * one before one that needs a sign-in, then the one used last; revoked ones aside), and of them
 * first those that need a sign-in, then those used longest ago. */
struct view_tenants {
	time_t unused_since; /* used before that: near the end by inactivity */
	size_t offset, limit;
};
struct view_tenants_result {
	size_t total, needs_sign_in, near_end;
	size_t n;
	char (*ids)[INVITATION_ID_LEN + 1];
};
int view_find_tenants(const struct view *view, const struct view_tenants *query,
	struct view_tenants_result *result_r);
void view_tenants_result_free(struct view_tenants_result *result);

#endif
