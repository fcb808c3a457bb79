/*
 * X-Forwarded-For as anybody may have written it, and networks as an operator may.
 */
#include "web/client.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct network networks[2];
	struct proxies proxies = {networks, 1};
	struct in6_addr client;
	char key[CLIENT_KEY_SIZE];
	char *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	network_parse("10.0.0.0/8", &networks[0]);
	if (network_parse(text, &networks[1]) == 0) {
		if (networks[1].bits > 128 ||
			!network_contains(&networks[1], &networks[1].address))
			abort();
		proxies.n = 2;
	}
	if (client_address(&proxies, &networks[0].address, text, &client) == 0) {
		if (network_contains(&networks[0], &client))
			abort();
		client_key(&client, key);
		if (key[0] == '\0')
			abort();
	}
	free(text);
	return 0;
}
