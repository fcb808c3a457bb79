/*
 * Finds what a Welcome mail's link is written as: the placeholder, or a link of the platform; and notices a
 * tracked link of ours, which says that the mail was here before.
 *
 * Pure.
 */
#ifndef POSTINVITE_MAIL_LINKS_H
#define POSTINVITE_MAIL_LINKS_H

#include <stdbool.h>
#include <stddef.h>

#define LINKS_MAX	1000 /* in one part; more are no Welcome mail any more */
#define PLATFORM_ID_MAX 128

struct link_rules {
	const char *placeholder;  /* "" when there is none */
	const char *platform_url; /* "" or without a trailing slash */
	const char *
		platform_id; /* the only one whose links count; "" for the first that is found */
	const char *
		tracked_url; /* how our own links begin, "https://invite.example/i/"; "" not to look */
};

struct link_hit {
	size_t start, end; /* in the text */
};

struct links {
	struct link_hit *hits; /* in order, not overlapping */
	size_t count;
	char platform_id[PLATFORM_ID_MAX + 1]; /* of the platform links; "" without one */
	bool tracked;			       /* a link of ours is there */
};

/* The hits of one text, to be freed in any case. Links with another platform id than the first are
 * somebody else's and are left. In the placeholder each character may be percent-encoded, as mail editors do
 * inside of an attribute; a scheme that such an editor put before it belongs to the hit. Returns 0, or -1: more than
 * LINKS_MAX (count is LINKS_MAX then) or out of memory. */
int links_find(
	const char *text, size_t len, const struct link_rules *rules, struct links *links_r);

void links_free(struct links *links);

#endif
