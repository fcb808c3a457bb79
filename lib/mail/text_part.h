/*
 * One text part of a mail: decoded, searched for links, and encoded again with edits. Used by rewrite.c alone.
 */
#ifndef POSTINVITE_MAIL_TEXT_PART_H
#define POSTINVITE_MAIL_TEXT_PART_H

#include "mail/links.h"
#include "mail/mime.h"
#include "mail/view.h"

/* RFC 5322 section 2.1.1; Postfix breaks longer lines, and with them links. */
#define TEXT_LINE_MAX 998

struct text_part {
	const struct mime_part *mime;
	const char *source; /* its encoded content, borrowed */
	size_t source_len;
	struct view decoded; /* of an encoded one */
	struct buf utf8;
	bool converted;	  /* the charset is not based on ASCII: utf8 stands for the text */
	const char *text; /* what links and edits are offsets of */
	size_t len;
	struct links links;
};

/* An edit of the text: [start, end) becomes bytes. */
struct text_edit {
	size_t start, end;
	const char *bytes;
};

/* Is it one to look into: text, not attached, in an encoding we know, not above VIEW_SOURCE_MAX? */
bool text_part_eligible(const struct mime_part *part);

/* Returns 0 or -1; to be freed in both cases. */
int text_part_load(struct text_part *text, const struct mime_part *part, const char *message,
	const struct link_rules *rules, struct error *error);
void text_part_free(struct text_part *text);

/* Its text in UTF-8 as a reader sees it, into an empty buffer. */
void text_part_read(const struct text_part *text, struct buf *out);

/* Appends the content with the edits (in order) made. *recoded_r: it is quoted-printable now and was not. A
 * failure shows in out. */
void text_part_write(const struct text_part *text, const struct text_edit *edits, size_t count,
	struct buf *out, bool *recoded_r);

#endif
