/*
 * A candidate for a Welcome mail: parsed once, looked into, and rewritten with the tracked link,
 * which comes from the store in between.
 *
 *	mail_parse -> mail_findings (does it hold the placeholder, a platform link; may it be edited) -> mail_rewrite
 *
 * Only text/plain and text/html parts that are not files are looked into or edited. Every byte
 * outside of the edits stays as received; an edited part is written anew as a whole, with the
 * same text, where it is base64, in a charset that is not based on ASCII, or unencoded with
 * lines above 998 bytes, which Postfix would break: then it becomes quoted-printable. Fields of
 * the header that count or sum up an edited part go.
 *
 * Threads: pure; a struct mail belongs to one thread at a time and borrows the message's bytes.
 */
#ifndef POSTINVITE_MAIL_REWRITE_H
#define POSTINVITE_MAIL_REWRITE_H

#include "base/error.h"
#include "base/pattern.h"
#include "mail/links.h"

#include <stdbool.h>
#include <stddef.h>

struct mail;

struct mail_findings {
	size_t links;			  /* placeholders and platform links */
	size_t placeholders;		  /* of these */
	const struct link_tokens *tokens; /* of what may be links of ours */
	const char *platform_id; /* "" without one; lives as long as the mail, as tokens do */
	/* words for the signature or encryption that forbids an edit, or NULL */
	const char *protection;
	bool has_text; /* is there a part to append to, in a charset that can be written? */
};

/* bytes and errors as in mime_parse, and permanent: more than LINKS_MAX links. */
struct mail *mail_parse(const char *bytes, size_t len, size_t body_start,
	const struct link_rules *rules, struct error *error);
void mail_free(struct mail **mail);

void mail_findings(const struct mail *mail, struct mail_findings *findings_r);

/* Group 1 of the pattern's first match in subject, then in the texts in order (UTF-8; of HTML
 * as the source reads with character references replaced). malloc'd, or NULL when nothing
 * matches. */
char *mail_customer_id(
	const struct mail *mail, const struct pattern *pattern, const char *subject);

/* The names of fields that count or sum up a content that was edited: the message's own are the
 * caller's to remove. NULL-terminated. */
extern const char *const mail_stale_fields[];

enum mail_edit {
	MAIL_REPLACE_LINKS,
	MAIL_APPEND_LINK, /* a paragraph to the first text/plain and the first text/html part */
};

struct rewritten {
	char *body; /* free with free() */
	size_t body_len;
	/* the message's own Content-Transfer-Encoding is quoted-printable from now on */
	bool quoted_printable;
};

/* Returns 0 or -1 (temporary: no memory). Nothing is left to be refused for good. */
int mail_rewrite(const struct mail *mail, enum mail_edit edit, const char *link,
	struct rewritten *rewritten_r, struct error *error);

#endif
