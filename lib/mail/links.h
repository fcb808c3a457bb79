/*
 * Finds what a Welcome mail's link is written as: the placeholder, or a link of the platform.
 *
 * Pure.
 */
#ifndef POSTINVITE_MAIL_LINKS_H
#define POSTINVITE_MAIL_LINKS_H

#include <stddef.h>

#define LINKS_MAX 1000 /* in one part; more are no Welcome mail any more */
#define PLATFORM_ID_MAX 128

struct link_rules {
	const char *placeholder;  /* "" when there is none */
	const char *platform_url; /* "" or without a trailing slash */
};

struct link_hit {
	size_t start, end; /* in the text */
};

struct links {
	struct link_hit *hits; /* in order, not overlapping */
	size_t count;
	char platform_id[PLATFORM_ID_MAX + 1]; /* of the first platform link; "" without one */
};

/* Adds the hits of one text. Links with another platform id than the first are somebody else's and are left. In the
 * placeholder each character may be percent-encoded, as mail editors do inside of an attribute; a scheme that
 * such an editor put before it belongs to the hit. Returns 0, or -1: out of memory or above LINKS_MAX. */
int links_find(const char *text, size_t len, const struct link_rules *rules, struct links *links);

void links_free(struct links *links);

#endif
