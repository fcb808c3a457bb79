/*
 * Mail for unit tests, as the milter gets it from Postfix.
 */
#ifndef POSTINVITE_TESTS_SUPPORT_MAIL_H
#define POSTINVITE_TESTS_SUPPORT_MAIL_H

#include "base/buf.h"
#include "mail/headers.h"

struct support_mail {
	struct headers headers;
	struct buf message; /* MIME fields, empty line, body */
	size_t body_start;
};

/* Takes a message apart as Postfix does: LF or CRLF ends a line, what is no field ends the
 * header, an mbox line in front is dropped. To be freed. */
void support_mail_read(struct support_mail *mail, const char *bytes, size_t len);
void support_mail_free(struct support_mail *mail);

/* A copy with each LF as CRLF (free). */
char *support_crlf(const char *text);

/* For cmocka, as the group's setup: mail_init. */
int support_mail_init(void **state);

#endif
