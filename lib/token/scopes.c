/*
 * Scopes have two spellings: the short name of a permission of Graph, and the full one with the
 * resource before it. Entra answers with either. Both are brought to the short one for
 * comparing; what names another resource stays as it is and so never equals a permission of
 * Graph.
 */
#include "token/oauth.h"

#include <stdlib.h>
#include <string.h>

struct scope {
	const char *name;
	size_t len;
};

static struct scope short_name(const char *text, size_t len, const char *graph_url)
{
	size_t prefix = strlen(graph_url);

	if (len > prefix + 1 && strncasecmp(text, graph_url, prefix) == 0 &&
		text[prefix] == '/')
		return (struct scope){text + prefix + 1, len - prefix - 1};
	return (struct scope){text, len};
}

static bool scope_equal(struct scope a, struct scope b)
{
	return a.len == b.len && strncasecmp(a.name, b.name, a.len) == 0;
}

static bool is_granted(struct scope wanted, const char *granted, const char *graph_url)
{
	while (*granted != '\0') {
		size_t len = strcspn(granted, " ");

		if (len > 0 && scope_equal(short_name(granted, len, graph_url), wanted))
			return true;
		granted += len + (granted[len] == ' ');
	}
	return false;
}

/* Those of OpenID Connect are about the tokens, not permissions: a reply need not repeat them. And
 * "/.default" stands for whatever the registration lists. */
static bool is_exempt(struct scope scope)
{
	static const char *const names[] = {
		"openid", "profile", "email", "offline_access", ".default"};
	static const char everything[] = "/.default";
	size_t len = strlen(everything);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (scope_equal(scope, (struct scope){names[i], strlen(names[i])}))
			return true;
	return scope.len > len &&
	       strncasecmp(scope.name + scope.len - len, everything, len) == 0;
}

int oauth_scopes_missing(const char *const *wanted, const char *granted, const char *graph_url,
	struct buf *missing)
{
	int n = 0;

	for (; granted != NULL && *wanted != NULL; wanted++) {
		struct scope scope = short_name(*wanted, strlen(*wanted), graph_url);

		if (is_exempt(scope) || is_granted(scope, granted, graph_url))
			continue;
		if (missing != NULL)
			buf_printf(missing, "%s%s", n > 0 ? ", " : "", *wanted);
		n++;
	}
	return n;
}

const char **oauth_scopes_granted(
	const char *const *wanted, const char *granted, const char *graph_url)
{
	const char **list;
	size_t n = 0;

	while (wanted[n] != NULL)
		n++;
	list = calloc(n + 1, sizeof(*list));
	for (n = 0; list != NULL && *wanted != NULL; wanted++) {
		const char *const one[] = {*wanted, NULL};

		if (oauth_scopes_missing(one, granted, graph_url, NULL) == 0)
			list[n++] = *wanted;
	}
	return list;
}
