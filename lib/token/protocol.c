/*
 * Requests of tokend's askers. An asker that has no link (ping, callback) passes NULL.
 */
#include "token/protocol.h"

#include "base/json.h"

#include <string.h>

#define HINT_MAX 254 /* RFC 5321 section 4.5.3.1.3, without its angle brackets */

struct json_object *token_request(const char *op, const char *link)
{
	struct json_object *request = json_object_new_object();

	if (request == NULL)
		return NULL;
	if (json_set_string(request, "op", op) == 0 &&
		json_set_string(request, "link", link) == 0)
		return request;
	json_object_put(request);
	return NULL;
}

bool login_hint_valid(const char *text)
{
	const char *at = strrchr(text, '@');

	if (at == NULL || at == text || at[1] == '\0' || strlen(text) > HINT_MAX)
		return false;
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr("<>\"\\", *p) != NULL)
			return false;
	return strspn(at + 1, ".-") == 0 && strchr(at, '.') != NULL;
}
