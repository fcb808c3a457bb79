/*
 * Requests of tokend's askers. An asker that has no link (ping, callback) passes NULL.
 */
#include "token/protocol.h"

#include "base/json.h"

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
