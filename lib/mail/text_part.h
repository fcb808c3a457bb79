/*
 * One text part of a mail: decoded, searched for links, and encoded again with edits. Used by
 * candidate.c and rewrite.c alone.
 */
#ifndef POSTINVITE_MAIL_TEXT_PART_H
#define POSTINVITE_MAIL_TEXT_PART_H

#include "base/buf.h"
#include "mail/decode.h"
#include "mail/html.h"
#include "mail/links.h"
#include "mail/mime.h"

/* What becomes a link. Where tags or soft line breaks stand within, its first piece does, and
 * further pieces go. */
struct text_mark {
	size_t start, end; /* in the text */
	enum text_place place;
	bool further;
	/* a further one at the start of a line: a space has to stay (RFC 3676), lest a boundary
	 * comes to be */
	bool stuffed;
	char platform_id[PLATFORM_ID_MAX + 1]; /* "" of a placeholder */
};

struct text_part {
	const struct mime_part *mime;
	const char *source; /* its encoded content, borrowed */
	size_t source_len;
	struct decoded decoded; /* of an encoded one */
	struct buf utf8;
	/* of one that is not based on ASCII: utf8 stands for the text; else NULL */
	const char *charset;
	/* it is not in the charset or encoding that it says: nothing is added to it */
	bool opaque;
	const char *text; /* what marks and edits are offsets of */
	size_t len;
	/* of a charset with pairs (mail/charset.h): what is searched instead of it; else NULL */
	char *masked;
	size_t end;		 /* where what is shown last goes, once it was searched */
	struct text_mark *marks; /* in order, not overlapping */
	size_t count, room;
};

/* What a further piece becomes. */
const char *text_mark_remainder(const struct text_mark *mark);

/* An edit of the text: [start, end) becomes bytes. */
struct text_edit {
	size_t start, end;
	const char *bytes;
};

/* Is it one to look into: text, not attached, in an encoding we know, not above DECODE_MAX? */
bool text_part_eligible(const struct mime_part *part);

/* Decodes. Returns 0 or -1; to be freed in both cases. */
int text_part_load(struct text_part *text, const struct mime_part *part, const char *message,
	struct error *error);

/* Finds the marks; tokens that stand in it are added (NULL: not looked for), and *links, which
 * all parts of a mail share, grows by the number of its links. Returns 0 or -1. */
int text_part_search(struct text_part *text, const struct link_rules *rules,
	struct link_tokens *tokens, size_t *links, struct error *error);
void text_part_free(struct text_part *text);

/* The platform id of its marks, "" without one. */
const char *text_part_platform_id(const struct text_part *text);

/* Its text in UTF-8 as a reader sees it, into an empty buffer. */
void text_part_read(const struct text_part *text, struct buf *out);

/* How its lines end: CRLF where there are none. */
const char *text_part_line_end(const struct text_part *text);

/* Appends the content with the edits (in order) made. *recoded_r: it is quoted-printable now
 * and was not. A failure shows in out. */
void text_part_write(const struct text_part *text, const struct text_edit *edits, size_t count,
	struct buf *out, bool *recoded_r);

#endif
