/*
 * A table's row for the rewriting of a Welcome mail: the message, and the body that it becomes.
 */
#ifndef POSTINVITE_TESTS_SUPPORT_REWRITE_H
#define POSTINVITE_TESTS_SUPPORT_REWRITE_H

#include "mail/rewrite.h"

#include <stdbool.h>

#define LINK	 "https://invite.example/i/AQEb-_9x"
#define HERE	 "{{InvitationLink}}"
#define PLATFORM "https://platform.example/authenticate"
#define PLAIN	 "Content-Type: text/plain; charset=utf-8\n"
#define HTML	 "Content-Type: text/html; charset=utf-8\n"
#define QUOTED	 "Content-Transfer-Encoding: quoted-printable\n"
#define BASE64	 "Content-Transfer-Encoding: base64\n"
#define EIGHT	 "Content-Transfer-Encoding: 8bit\n"
#define MIXED	 "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"

/* What is appended. */
#define PARAGRAPH  "Please follow this link to complete your invitation:"
#define HTML_WORDS "<p>" PARAGRAPH "<br>\n<a href=\"" LINK "\">" LINK "</a></p>\n"

/* HERE and PLATFORM are looked for, and where LINK's like may stand. */
extern const struct link_rules support_rules;

struct rewrite_case {
	const char *label;
	const char *in;	  /* message, in lines that end in LF */
	const char *body; /* wanted; NULL: nothing of ours in it */
	bool quoted_printable;
	enum mail_edit edit;
	const char *link; /* NULL: LINK */
};

/* Fails the test unless each comes out as wanted, and faithful. */
void support_check_rewrites(const struct rewrite_case *cases, size_t count);

#endif
