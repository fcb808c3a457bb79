/*
 * What the list shows, as its address says: search, filter, order, page. A view of the list can
 * be sent to a colleague.
 *
 *	q		what to search for
 *	status		names of statuses, joined by commas; "pending_invitations": Pending Invitations, those on their way
 *	sent, completed	a day (UTC), YYYY-MM-DD: of the last Welcome mail, of the authentication
 *	sort, order	a column's name; asc or desc. As a rule the newest come first
 *	page		1 and more
 *
 * What is not understood is left out.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_ADMIN_QUERY_H
#define POSTINVITE_ADMIN_QUERY_H

#include "view.h"

#include "base/buf.h"

#define QUERY_OPEN	"pending_invitations"
#define QUERY_PAGE_ROWS 50
#define QUERY_DAY_SIZE	11 /* YYYY-MM-DD */

struct query {
	const char *search; /* NULL or borrowed */
	unsigned statuses;  /* VIEW_STATUS_BIT; 0: all */
	enum view_happened happened;
	time_t day; /* its begin */
	enum view_column sort;
	bool descending;
	size_t page;
};

/* The value of a name, or NULL; as web_request_query. */
typedef const char *query_value_fn(const void *context, const char *name);

void query_read(query_value_fn *value, const void *context, struct query *query_r);

/* What the view is asked for one page, or (whole) for all of it. */
void query_ask(const struct query *query, bool whole, struct view_query *view_r);

/* Appends the address of that query behind path; what is as usual is left out. */
void query_uri(const struct query *query, const char *path, struct buf *out);

/* "2026-03-01" */
void query_day(time_t day, char text_r[QUERY_DAY_SIZE]);

/* Does a first click on that column show the greatest first? So it is with times and numbers. */
bool query_descends(enum view_column column);

#endif
