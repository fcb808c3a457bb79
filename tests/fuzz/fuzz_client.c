/*
 * A network as an operator may write it, a line, and X-Forwarded-For as anybody may: who stands
 * behind our proxies is no proxy of ours, whatever a stranger writes before its own address.
 */
#include "web/client.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int find(const struct proxies *proxies, const char *forwarded_for, const char *last,
	struct in6_addr *client_r)
{
	char *text = malloc(strlen(forwarded_for) + strlen(last) + 1);
	int result;

	strcat(strcpy(text, forwarded_for), last);
	result = client_address(proxies, &proxies->networks[0].address, text, client_r);
	free(text);
	return result;
}

static void check(const struct proxies *proxies, const char *text)
{
	struct in6_addr client, behind, stranger;
	char key[CLIENT_KEY_SIZE];
	int found = find(proxies, text, "", &client);

	for (size_t i = 0; found == 0 && i < proxies->n; i++)
		if (network_contains(&proxies->networks[i], &client))
			abort();
	if (found == 0)
		client_key(&client, key);
	/* One more proxy of ours changes nothing, one more stranger is the client. */
	if (find(proxies, text, ", 10.1.2.3:80", &behind) != found ||
		(found == 0 && memcmp(&client, &behind, sizeof(client)) != 0))
		abort();
	address_parse("2001:db8::9", 11, &stranger);
	if (!network_contains(&proxies->networks[1], &stranger) &&
		(find(proxies, text, ",[2001:db8::9]:1", &client) != 0 ||
			memcmp(&client, &stranger, sizeof(client)) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct network networks[2];
	struct proxies proxies = {networks, 2};
	char *text = strndup((const char *)data, size), *end = strchr(text, '\n');

	network_parse("10.0.0.0/8", &networks[0]);
	networks[1] = networks[0];
	if (end != NULL)
		*end = '\0';
	if (network_parse(text, &networks[1]) == 0 &&
		(networks[1].bits > 128 ||
			!network_contains(&networks[1], &networks[1].address)))
		abort();
	check(&proxies, end != NULL ? end + 1 : text);
	free(text);
	return 0;
}
