/*
 * A const table of limits; each request is held against those that apply to it. A request that
 * one of them refuses has taken from those before it, which is harmless: they are the more
 * generous ones.
 */
#include "limits.h"

#include "base/clock.h"
#include "web/client.h"
#include "web/limit.h"

#include <stdio.h>
#include <string.h>

#define CONNECTIONS 100 /* of one client, of the WEB_CONNECTIONS that there are */

static const struct {
	const char *name;
	bool by_link; /* else by client */
	bool posts;   /* POSTs only */
	struct limit_rule rule;
} limits[] = {
	{"client", false, false, {.burst = 300, .pace_ms = 100}},
	{"client's presses", false, true, {.burst = 30, .pace_ms = 2000}},
	{"link's presses", true, true, {.burst = 20, .pace_ms = 6000}},
};

/* The client's key; "" when a proxy does not say for whom it asks: all its customers would
 * share one. */
static void find_client(
	const struct wizard *wizard, struct web_request *request, char key_r[CLIENT_KEY_SIZE])
{
	const struct daemon_generation *generation = daemon_generation(wizard->web.daemon);
	const struct site *site = generation->derived;
	struct in6_addr peer, client;
	struct buf forwarded;
	bool has_peer = web_request_peer(request, &peer);

	buf_init(&forwarded, 4096);
	web_request_headers(request, "X-Forwarded-For", &forwarded);
	key_r[0] = '\0';
	if (!forwarded.failed && client_address(&site->proxies, has_peer ? &peer : NULL,
					 forwarded.data, &client) == 0)
		client_key(&client, key_r);
	buf_free(&forwarded);
	daemon_generation_release(&generation);
}

unsigned limits_admit(void *context, struct web_request *request)
{
	const struct wizard *wizard = context;
	const struct web_route *route = web_request_route(request);
	bool post = route != NULL && strcmp(route->method, "POST") == 0;
	uint64_t now = clock_monotonic_ms(), wait = 0;
	char client[CLIENT_KEY_SIZE], key[128];

	find_client(wizard, request, client);
	for (size_t i = 0; wait == 0 && i < sizeof(limits) / sizeof(limits[0]); i++) {
		const char *whose = limits[i].by_link ? web_request_parameter(request) : client;

		if ((limits[i].posts && !post) || whose[0] == '\0')
			continue;
		snprintf(key, sizeof(key), "%s %s", limits[i].name, whose);
		wait = limit_take(wizard->limit, &limits[i].rule, key, now);
	}
	return (unsigned)((wait + 999) / 1000);
}

unsigned limits_connections(void *context, const struct in6_addr *peer)
{
	const struct wizard *wizard = context;
	const struct daemon_generation *generation = daemon_generation(wizard->web.daemon);
	const struct site *site = generation->derived;
	bool proxy = client_is_proxy(&site->proxies, peer);

	daemon_generation_release(&generation);
	return proxy ? 0 : CONNECTIONS;
}
