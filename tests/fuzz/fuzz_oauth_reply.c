/*
 * Any answer at all, to each reader of answers. The first byte chooses the HTTP status.
 */
#include "token/discovery.h"
#include "token/graph.h"
#include "token/oauth.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = {200, 400, 401, 403, 429, 500};
	static const char *const wanted[] = {"User.Read.All", "offline_access", NULL};
	struct reply reply = {.body = (const char *)data + 1};
	struct oauth_device device;
	struct oauth_tokens tokens;
	struct refusal refusal = {0};
	struct discovery *discovery;
	char *name;

	if (size == 0)
		return 0;
	reply.status = statuses[data[0] % (sizeof(statuses) / sizeof(statuses[0]))];
	reply.len = size - 1;
	oauth_device_read(&reply, "https://login.example", &device, &refusal);
	oauth_device_free(&device);
	if (oauth_tokens_read(&reply, &tokens, &refusal) == 0)
		oauth_scopes_missing(wanted, tokens.scope, "https://graph.example", NULL);
	oauth_tokens_free(&tokens);
	discovery = discovery_read(&reply, "https://login.example", &refusal);
	discovery_free(&discovery);
	graph_me_read(&reply, "id", &name, &refusal);
	free(name);
	refusal_read(&reply, &refusal);
	if (strpbrk(refusal.text, "\r\n") != NULL || *refusal.text == '\0' ||
		*refusal.code == '\0')
		abort();
	return 0;
}
