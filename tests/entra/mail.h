/* The mails of Microsoft's consent workflow: made, DKIM-signed, handed to the relay. */
#ifndef ENTRA_MAIL_H
#define ENTRA_MAIL_H

#include "req.h"

#define DKIM_DOMAIN   "microsoft.com"
#define DKIM_SELECTOR "s1024-meo"

struct mail {
	const char *kind; /* submitted, approved, denied, blocked, expired, review, reminder */
	const char *app, *requester, *justification;
	const char *from, *from_name, *to, *subject; /* NULL: as Microsoft's */
	const char *message_id;			     /* without <>; NULL: a new one */
	const char *dkim;			     /* see dkim_sign; NULL: good */
	const char *html, *text;		     /* NULL: as Microsoft's */
	const char *format, *encoding;		     /* NULL: as configured */
	struct json_object *headers;		     /* more of them, unsigned */
	int64_t date_offset;			     /* seconds */
};

/* The whole message with CRLF; NULL: no such kind, format or encoding. The caller frees it. */
char *mail_compose(const struct mail *mail);
char *mail_qp(const char *text); /* quoted-printable, CRLF lines */
char *mail_base64_lines(const char *text);

/*
 * dkim.c: the signature header line for these headers and body (both as sent). how:
 * good; none; broken; l_tag; wrong_domain; doubled_subject; unsigned_NAME leaves that
 * header out of h=. Empty string for none. The caller frees it.
 */
char *dkim_sign(const struct args *headers, const char *body, const char *how);

/* smtp.c: a thread that hands messages to the relay and tries again for a while. */
void smtp_start(void);
void smtp_stop(void);
void smtp_submit(const char *sender, const char *recipient, const char *message);
struct json_object *smtp_list(void);

/* dns.c: the key's TXT record, over UDP. */
bool dns_start(void);
void dns_stop(void);

#endif
