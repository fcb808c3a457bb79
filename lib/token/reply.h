/*
 * An HTTP answer of Microsoft's as the readers of this folder take it, and the few rules about
 * URLs and secrets that they share.
 *
 * The body may hold tokens: whoever received it wipes it (secret_wipe) once it was read. The
 * readers wipe what they parsed out of it, see reply_wipe.
 *
 * Threads: pure functions.
 */
#ifndef POSTINVITE_TOKEN_REPLY_H
#define POSTINVITE_TOKEN_REPLY_H

#include "base/buf.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* Longer bodies are not read; a client may stop receiving there. */
#define REPLY_MAX (256 * 1024)

#define RETRY_AFTER_MAX 3600

struct reply {
	int status;	  /* of HTTP */
	const char *body; /* borrowed, need not end with a NUL; NULL only when len is 0 */
	size_t len;
	int retry_after; /* seconds; 0: the header was missing or malformed */
};

/* The value of a Retry-After header (RFC 9110 section 10.2.3: seconds or an HTTP date) in
 * seconds from now, at most RETRY_AFTER_MAX; 0 for NULL, malformed or past. */
int reply_retry_after(const char *value, time_t now);

/* Wipes the string value of that member in place, as json-c holds it; the member is a useless
 * string behind this, so it comes right before json_object_put. Other copies (the body, the
 * tokener's buffer, which json-c frees as it is) are out of its reach. A missing member is
 * fine. */
void reply_wipe(struct json_object *object, const char *member);

/* Is it an absolute URL that may be used: https, or of exactly the origin (scheme, host, port)
 * of authority_url, which settings allow to be plain http on a loopback address only? No user
 * information, no control or blank characters, at most 2048 bytes. */
bool url_trusted(const char *url, const char *authority_url);

/* Have both the same origin (RFC 6454 section 4: scheme, host without case, port with its
 * default)? */
bool url_same_origin(const char *a, const char *b);

/* Appends "name=value" of application/x-www-form-urlencoded, with "&" before it unless out is
 * empty or ends with "?". The value is percent-encoded but for RFC 3986's unreserved
 * characters. */
void form_field(struct buf *out, const char *name, const char *value);

/* A GUID: 8-4-4-4-12 hexadecimal digits. */
#define GUID_LEN 36
bool guid_valid(const char *text); /* NULL is none */

#endif
