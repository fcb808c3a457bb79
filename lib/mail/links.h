/*
 * Finds what a Welcome mail's link is written as: the placeholder, or a link of the platform;
 * and notices what may be a tracked link of ours.
 *
 * Pure.
 */
#ifndef POSTINVITE_MAIL_LINKS_H
#define POSTINVITE_MAIL_LINKS_H

#include <stdbool.h>
#include <stddef.h>

#define LINKS_MAX	1000 /* in one mail; more are no Welcome mail any more */
#define PLATFORM_ID_MAX 128

/* Stands where a tag stood between two letters: a placeholder goes on behind it, an address
 * ends. */
#define LINKS_SEAM '\001'

/* Of what may be links of ours, the first so many different ones are kept. */
#define TOKENS_MAX     8
#define TOKEN_TEXT_MAX 64

struct link_rules {
	const char *placeholder;  /* "" when there is none */
	const char *platform_url; /* "" or without a trailing slash */
	/* the only one whose links count; "" for the first that is found */
	const char *platform_id;
	/* how our own links begin, "https://invite.example/i/"; "" not to look */
	const char *tracked_url;
};

struct link_hit {
	size_t start, end;		       /* in the text */
	char platform_id[PLATFORM_ID_MAX + 1]; /* "" of a placeholder */
};

struct links {
	struct link_hit *hits; /* in order, not overlapping */
	size_t count, room;
};

/* What stands behind tracked_url: anybody can write that, so the store has to say which of them
 * are ours. */
struct link_tokens {
	char text[TOKENS_MAX][TOKEN_TEXT_MAX + 1];
	size_t count;
};

/* The hits of one text, to be freed in any case; tokens are added (NULL: not looked for). In
 * the placeholder each character may be percent-encoded, as mail editors do inside of an
 * attribute, and a blank be any white space; a scheme that such an editor put before it belongs
 * to the hit. A platform link within another address (a scanner's) is not one. Returns 0, or
 * -1: more than LINKS_MAX (count is LINKS_MAX then) or out of memory. */
int links_find(const char *text, size_t len, const struct link_rules *rules,
	struct links *links_r, struct link_tokens *tokens);

/* Is the whole text one platform link? Its identifier into id_r. */
bool links_are(const char *text, const char *platform_url, char id_r[PLATFORM_ID_MAX + 1]);

void links_free(struct links *links);

#endif
