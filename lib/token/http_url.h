/*
 * Where a request may go: for http.c.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_TOKEN_HTTP_URL_H
#define POSTINVITE_TOKEN_HTTP_URL_H

#include "base/error.h"

#include <stdbool.h>

bool http_host_loopback(const char *host);

/* The host's name, malloc'd; NULL with error set when no request may go there. */
char *http_url_host(const char *url, struct error *error);

#endif
