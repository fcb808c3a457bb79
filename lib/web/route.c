/*
 * A row fits when the text before '*' and the text behind it frame one segment of the path.
 * The table is short; it is walked.
 */
#include "web/route.h"

#include <string.h>

#define SEGMENT_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"

static bool fits(const char *pattern, const char *path, char *parameter_r)
{
	size_t before = strcspn(pattern, "*");
	size_t len;

	parameter_r[0] = '\0';
	if (pattern[before] == '\0')
		return strcmp(pattern, path) == 0;
	if (strncmp(pattern, path, before) != 0)
		return false;
	path += before;
	len = strspn(path, SEGMENT_CHARACTERS);
	if (len == 0 || len > ROUTE_PARAMETER_MAX ||
		strcmp(pattern + before + 1, path + len) != 0)
		return false;
	memcpy(parameter_r, path, len);
	parameter_r[len] = '\0';
	return true;
}

enum route_match route_find(const struct web_route *routes, const char *method,
	const char *path, const struct web_route **route_r,
	char parameter_r[ROUTE_PARAMETER_MAX + 1])
{
	bool head = strcmp(method, "HEAD") == 0;
	bool seen = false;

	for (const struct web_route *route = routes; route->name != NULL; route++) {
		if (!fits(route->pattern, path, parameter_r))
			continue;
		seen = true;
		if (strcmp(route->method, head ? "GET" : method) != 0)
			continue;
		*route_r = route;
		return head ? ROUTE_HEAD : ROUTE_FOUND;
	}
	*route_r = NULL;
	parameter_r[0] = '\0';
	return seen ? ROUTE_NO_METHOD : ROUTE_NO_PATH;
}
