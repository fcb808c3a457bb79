/*
 * Nothing that a client can write counts but on a Unix socket, whose mode says who can; and
 * there not when a header comes twice, as through a proxy that adds its own behind the
 * client's.
 */
#include "access.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

static enum role role_named(const char *role)
{
	return strcmp(role, "operate") == 0 ? ROLE_OPERATE : ROLE_VIEW;
}

/* What the list says of the name. */
static enum role role_of(string_list subjects, const char *name)
{
	enum role other = ROLE_NONE;

	for (; *subjects != NULL; subjects++) {
		const char *colon = strrchr(*subjects, ':');
		size_t len = (size_t)(colon - *subjects);

		if (strlen(name) == len && memcmp(*subjects, name, len) == 0)
			return role_named(colon + 1);
		if (len == 1 && **subjects == '*')
			other = role_named(colon + 1);
	}
	return other;
}

static void refuse(struct visitor *visitor, const char *why, const char *detail)
{
	visitor->role = ROLE_NONE;
	visitor->why = why;
	snprintf(visitor->detail, sizeof(visitor->detail), "%s", detail);
}

static void by_list(const struct settings *settings, struct visitor *visitor)
{
	visitor->role = role_of(settings->admin_subjects, visitor->name);
	if (visitor->role == ROLE_NONE)
		refuse(visitor, "access_not_listed", visitor->name);
}

static void by_certificate(const struct settings *settings, const struct web_request *request,
	struct visitor *visitor)
{
	char text[WEB_NAME_MAX];

	switch (web_request_certificate(request, text)) {
	case WEB_CERTIFICATE_NONE:
		refuse(visitor, "access_no_certificate", "");
		break;
	case WEB_CERTIFICATE_BAD:
		refuse(visitor, "access_bad_certificate", text);
		break;
	case WEB_CERTIFICATE_GOOD:
		memcpy(visitor->name, text, sizeof(text));
		by_list(settings, visitor);
		break;
	}
}

static void by_header(const struct settings *settings, const struct web_request *request,
	struct visitor *visitor)
{
	const char *header = settings->admin_user_header;
	const char *name = web_request_header(request, header);
	struct buf all;
	bool once;

	buf_init(&all, sizeof(visitor->name));
	web_request_headers(request, header, &all);
	once = name != NULL && !all.failed && strcmp(all.data, name) == 0;
	buf_free(&all);
	if (!once || name[0] == '\0' || strpbrk(name, "\t\r\n") != NULL ||
		strlen(name) >= sizeof(visitor->name)) {
		refuse(visitor, "access_no_name", header);
		return;
	}
	strcpy(visitor->name, name);
	by_list(settings, visitor);
}

static void by_user(const struct settings *settings, uid_t uid, struct visitor *visitor)
{
	const struct passwd *user = getpwuid(uid);

	if (user != NULL)
		snprintf(visitor->name, sizeof(visitor->name), "%s", user->pw_name);
	else
		snprintf(visitor->name, sizeof(visitor->name), "uid %ld", (long)uid);
	if (uid == 0)
		visitor->role = ROLE_OPERATE;
	else
		by_list(settings, visitor);
}

void access_find(const struct settings *settings, const struct web_request *request,
	struct visitor *visitor_r)
{
	uid_t uid;

	*visitor_r = (struct visitor){.role = ROLE_NONE};
	if (!web_request_peer_user(request, &uid))
		by_certificate(settings, request, visitor_r);
	else if (settings->admin_user_header[0] != '\0')
		by_header(settings, request, visitor_r);
	else
		by_user(settings, uid, visitor_r);
}
