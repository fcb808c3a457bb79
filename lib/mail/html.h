/*
 * HTML as mail programs show it, for finding links in it: the text with tags taken out, and
 * apart from it each attribute's value, each comment, each script. What is put in has to be
 * written as its place asks for.
 *
 * Pure.
 */
#ifndef POSTINVITE_MAIL_HTML_H
#define POSTINVITE_MAIL_HTML_H

#include "base/buf.h"
#include "mail/reading.h"

#include <stdbool.h>

enum text_place {
	PLACE_PLAIN, /* no HTML at all, or a script or style sheet */
	PLACE_TEXT,
	PLACE_QUOTED,	/* an attribute's value in quotes of either kind */
	PLACE_UNQUOTED, /* and without */
	PLACE_COMMENT,
};

struct html_section {
	size_t start, end; /* in `apart` */
	enum text_place place;
	bool address; /* of an attribute that holds one: relative ones count */
};

struct html {
	struct reading text;  /* LINKS_SEAM for a tag within a line, a line end for any other */
	struct reading apart; /* attribute values and so on, one behind the other */
	struct html_section *sections;
	size_t count, room;
	/* of the first <base href>, "" of one above 2048 bytes, which no mail needs; NULL without
	 * one */
	char *base;
	/* in the source, where more of the body is shown: before its end tag, and not in what
	 * has no end */
	size_t end;
};

/* To be freed in any case. Returns 0, or -1: out of memory or a source above DECODE_MAX. */
int html_read(const char *source, size_t len, struct html *html_r);
void html_free(struct html *html);

/* Appends text as it has to be written at that place. */
void html_escape(struct buf *out, const char *text, enum text_place place);

#endif
