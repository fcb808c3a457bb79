/*
 * Who may use the operator's pages: a name, and what admin_subjects says of it.
 *
 * A name comes from the certificate on an inet: listener, from admin_user_header on a Unix
 * socket that has one, else from the system user at the socket's other end. A name without an
 * entry gets the role of the entry "*", or none. Root may everything where it is known as such:
 * it can read all keys anyway.
 *
 * Threads: the event loop's, as requests are.
 */
#ifndef POSTINVITE_ADMIN_ACCESS_H
#define POSTINVITE_ADMIN_ACCESS_H

#include "base/settings.h"
#include "web/request.h"

enum role { ROLE_NONE, ROLE_VIEW, ROLE_OPERATE };

struct visitor {
	char name[WEB_NAME_MAX];
	enum role role;
	const char *why;	   /* of ROLE_NONE: a word of the catalog */
	char detail[WEB_NAME_MAX]; /* what goes with it, or "" */
};

/* Who makes this request. */
void access_find(const struct settings *settings, const struct web_request *request,
	struct visitor *visitor_r);

#endif
