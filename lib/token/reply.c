/*
 * URLs are compared by origin, never by prefix: "https://login.example.evil/" begins with
 * "https://login.example". The parser takes only what every other parser reads alike: no user
 * information, no backslash (browsers read it as a slash), no byte outside printable ASCII.
 */
#include "token/reply.h"

#include "base/secret.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define URL_MAX 2048

int reply_retry_after(const char *value, time_t now)
{
	struct tm tm = {0};
	const char *end;
	int64_t wait;

	if (value == NULL)
		return 0;
	if (isdigit((unsigned char)*value)) {
		size_t digits = strspn(value, "0123456789");

		if (value[digits] != '\0')
			return 0;
		wait = digits > 9 ? RETRY_AFTER_MAX : strtol(value, NULL, 10);
	} else {
		end = strptime(value, "%a, %d %b %Y %H:%M:%S GMT", &tm);
		if (end == NULL || *end != '\0')
			return 0;
		wait = (int64_t)timegm(&tm) - (int64_t)now;
	}
	if (wait < 0)
		return 0;
	return wait > RETRY_AFTER_MAX ? RETRY_AFTER_MAX : (int)wait;
}

void reply_wipe(struct json_object *object, const char *member)
{
	struct json_object *value;

	if (json_object_is_type(object, json_type_object) &&
		json_object_object_get_ex(object, member, &value) &&
		json_object_is_type(value, json_type_string))
		secret_wipe((char *)(uintptr_t)json_object_get_string(value),
			(size_t)json_object_get_string_len(value));
}

struct origin {
	bool https;
	const char *host;
	size_t host_len;
	unsigned long port;
};

/* Reads ":port" up to the end. Returns 0 when it is no port. */
static unsigned long parse_port(const char *text, size_t len)
{
	unsigned long port = 0;

	if (len < 2 || len > 6 || text[0] != ':')
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (!isdigit((unsigned char)text[i]))
			return 0;
		port = port * 10 + (unsigned long)(text[i] - '0');
	}
	return port <= 65535 ? port : 0;
}

static size_t host_length(const char *text, size_t len)
{
	size_t n = 0;

	if (len > 0 && text[0] == '[') {
		n = 1;
		while (n < len &&
			(isxdigit((unsigned char)text[n]) || strchr(":.", text[n]) != NULL))
			n++;
		return n > 1 && n < len && text[n] == ']' ? n + 1 : 0;
	}
	while (n < len && (isalnum((unsigned char)text[n]) || strchr("-._", text[n]) != NULL))
		n++;
	return n;
}

static bool parse_origin(const char *url, struct origin *origin_r)
{
	size_t authority;

	if (url == NULL || strlen(url) > URL_MAX)
		return false;
	for (const char *p = url; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || *p == '\\')
			return false;
	origin_r->https = strncasecmp(url, "https://", 8) == 0;
	if (!origin_r->https && strncasecmp(url, "http://", 7) != 0)
		return false;
	origin_r->host = url + (origin_r->https ? 8 : 7);
	authority = strcspn(origin_r->host, "/?#");
	origin_r->host_len = host_length(origin_r->host, authority);
	origin_r->port = origin_r->https ? 443 : 80;
	if (origin_r->host_len < authority)
		origin_r->port = parse_port(
			origin_r->host + origin_r->host_len, authority - origin_r->host_len);
	return origin_r->host_len > 0 && origin_r->port > 0;
}

static bool origin_equal(const struct origin *a, const struct origin *b)
{
	return a->https == b->https && a->port == b->port && a->host_len == b->host_len &&
	       strncasecmp(a->host, b->host, a->host_len) == 0;
}

bool url_trusted(const char *url, const char *authority_url)
{
	struct origin origin, authority;

	if (!parse_origin(url, &origin))
		return false;
	return origin.https ||
	       (parse_origin(authority_url, &authority) && origin_equal(&origin, &authority));
}

bool url_same_origin(const char *a, const char *b)
{
	struct origin origin_a, origin_b;

	return parse_origin(a, &origin_a) && parse_origin(b, &origin_b) &&
	       origin_equal(&origin_a, &origin_b);
}

void form_field(struct buf *out, const char *name, const char *value)
{
	static const char digits[] = "0123456789ABCDEF";

	if (out->len > 0 && out->data[out->len - 1] != '?')
		buf_byte(out, '&');
	buf_string(out, name);
	buf_byte(out, '=');
	for (const char *p = value; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;
		const char encoded[] = {'%', digits[c >> 4], digits[c & 15]};

		if (c < 0x80 && (isalnum(c) || strchr("-._~", c) != NULL))
			buf_byte(out, *p);
		else
			buf_append(out, encoded, sizeof(encoded));
	}
}

bool guid_valid(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (text == NULL || strlen(text) != GUID_LEN)
		return false;
	for (size_t i = 0; i < GUID_LEN; i++)
		if (form[i] == '-' ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	return true;
}
