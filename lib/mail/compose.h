/*
 * A mail of our own: multipart/alternative with the same words as text and as HTML, UTF-8,
 * quoted-printable, headers encoded as RFC 2047 says, Auto-Submitted: auto-generated (RFC 3834
 * section 5).
 *
 * Threads: mail_init (mail/mime.h) first; then from any thread.
 */
#ifndef POSTINVITE_MAIL_COMPOSE_H
#define POSTINVITE_MAIL_COMPOSE_H

#include "base/buf.h"
#include "base/error.h"

#include <time.h>

#define MAIL_DRAFT_MAX (256 * 1024)

struct mail_draft {
	const char *from_name; /* display name, or NULL */
	const char *from, *to; /* addresses; UTF-8 as of RFC 6532 where they are such */
	const char *subject;
	const char *text, *html;
	const char *message_id; /* without angle brackets */
	time_t date;
};

/* Appends the mail with LF line ends, as sendmail(1) takes it. Control characters in header
 * values become blanks. Returns 0, or -1: permanent (text, HTML or a header value is no UTF-8,
 * an address is none), temporary (memory). */
int mail_compose(const struct mail_draft *draft, struct buf *out, struct error *error);

#endif
