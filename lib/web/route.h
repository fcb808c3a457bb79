/*
 * Routes: a const table from method and path to a function.
 *
 * In a pattern '*' stands for one whole path segment of A-Z a-z 0-9 - _ . ~ (RFC 3986 section
 * 2.3), which becomes the request's parameter. One '*' a pattern at most. A HEAD is answered
 * 200 with nothing wherever there is a GET, without calling its function: mail scanners send
 * them, and they change nothing. Where the status is the answer, as for monitors, `head` has
 * it answered as the GET is, without the body.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_WEB_ROUTE_H
#define POSTINVITE_WEB_ROUTE_H

#include <stdbool.h>

#define ROUTE_PARAMETER_MAX 128 /* a longer segment matches nothing */

struct web_request;
typedef void web_handler_fn(void *context, struct web_request *request);

/* A table ends with a NULL name. */
struct web_route {
	const char *name; /* for log lines, which never hold a path */
	const char *method;
	const char *pattern;
	web_handler_fn *handle;
	bool head; /* of a GET that changes nothing */
};

enum route_match { ROUTE_FOUND, ROUTE_HEAD, ROUTE_NO_PATH, ROUTE_NO_METHOD };

/* The first row that fits, with the parameter ("" without one). */
enum route_match route_find(const struct web_route *routes, const char *method,
	const char *path, const struct web_route **route_r,
	char parameter_r[ROUTE_PARAMETER_MAX + 1]);

#endif
