/*
 * Who a client is behind proxies, and how often it may ask.
 */
#include "support.h"

#include "web/client.h"
#include "web/limit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *network, *address;
	int inside; /* -1: no network */
} networks[] = {
	{"127.0.0.0/8", "127.255.0.1", 1},
	{"127.0.0.0/8", "128.0.0.1", 0},
	{"127.0.0.0/8", "::1", 0},
	{"192.0.2.128/25", "192.0.2.129", 1},
	{"192.0.2.128/25", "192.0.2.127", 0},
	{"192.0.2.1", "192.0.2.1", 1},
	{"192.0.2.1", "192.0.2.2", 0},
	{"::1", "::1", 1},
	{"[2001:db8::]/33", "2001:db8:7fff::1", 1},
	{"2001:db8::/33", "2001:db8:8000::1", 0},
	{"0.0.0.0/0", "203.0.113.1", 1},
	{"0.0.0.0/0", "2001:db8::1", 0},
	{"::/0", "203.0.113.1", 1},
	{"::ffff:192.0.2.0/120", "192.0.2.77", 1},
	{"192.0.2.0/33", "", -1},
	{"192.0.2.0/", "", -1},
	{"192.0.2.0/-1", "", -1},
	{"192.0.2.0/8x", "", -1},
	{"192.0.2.0/0000008", "", -1},
	{"::/129", "", -1},
	{"192.0.2", "", -1},
	{"[::1", "", -1},
	{"proxy.example", "", -1},
	{"", "", -1},
	{"/8", "", -1},
};

static void test_networks(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(networks); i++) {
		struct network network;
		struct in6_addr address;
		int good = network_parse(networks[i].network, &network);

		if (networks[i].inside < 0) {
			assert_number(networks[i].network, good, -1);
			continue;
		}
		assert_number(networks[i].network, good, 0);
		assert_int_equal(address_parse(networks[i].address, strlen(networks[i].address),
					 &address),
			0);
		assert_number(networks[i].network, network_contains(&network, &address),
			networks[i].inside);
	}
}

static const struct {
	const char *label, *peer, *forwarded, *want; /* NULL: unknown */
} clients[] = {
	{"direct", "203.0.113.9", NULL, "::ffff:203.0.113.9"},
	{"direct, with a forged header", "203.0.113.9", "198.51.100.1", "::ffff:203.0.113.9"},
	{"one proxy", "127.0.0.1", "203.0.113.9", "::ffff:203.0.113.9"},
	{"one proxy, with a forged beginning", "127.0.0.1", "198.51.100.1, 203.0.113.9",
		"::ffff:203.0.113.9"},
	{"a chain of ours", "127.0.0.1", "198.51.100.1,203.0.113.9 , 10.1.1.1,::1",
		"::ffff:203.0.113.9"},
	{"a forged address of ours", "127.0.0.1", "10.1.1.1, 203.0.113.9",
		"::ffff:203.0.113.9"},
	{"a port", "127.0.0.1", "203.0.113.9:4711", "::ffff:203.0.113.9"},
	{"v6", "127.0.0.1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
	{"v6 with a port", "127.0.0.1", "[2001:db8:1:2:3:4:5:6]:4711", "2001:db8:1:2::"},
	{"v6 in brackets", "127.0.0.1", "[2001:db8::1]", "2001:db8::"},
	{"v4 in v6", "::ffff:127.0.0.1", "::ffff:203.0.113.9", "::ffff:203.0.113.9"},
	{"a Unix socket", NULL, "203.0.113.9", "::ffff:203.0.113.9"},
	{"a Unix socket without header", NULL, NULL, NULL},
	{"no header", "127.0.0.1", NULL, NULL},
	{"empty", "127.0.0.1", "", NULL},
	{"proxies only", "127.0.0.1", "10.1.1.1, ::1", NULL},
	{"unknown", "127.0.0.1", "unknown", NULL},
	{"garbage behind", "127.0.0.1", "203.0.113.9,", NULL},
	{"garbage before", "127.0.0.1", "x, 203.0.113.9", "::ffff:203.0.113.9"},
	{"garbage behind a bracket", "127.0.0.1", "[::2]x", NULL},
	{"a name", "127.0.0.1", "proxy.example", NULL},
};

static void test_clients(void **state)
{
	static const char *const ours[] = {"127.0.0.0/8", "::1", "10.0.0.0/8"};
	struct network own[ARRAY_SIZE(ours)];
	struct proxies proxies = {own, ARRAY_SIZE(ours)};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		assert_int_equal(network_parse(ours[i], &own[i]), 0);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		const char *peer = clients[i].peer;
		struct in6_addr address, client;
		char key[CLIENT_KEY_SIZE];
		bool known;

		if (peer != NULL)
			assert_int_equal(address_parse(peer, strlen(peer), &address), 0);
		known = client_address(&proxies, peer != NULL ? &address : NULL,
				clients[i].forwarded, &client) == 0;
		if (known)
			client_key(&client, key);
		assert_text(clients[i].label, known ? key : NULL, clients[i].want);
	}
}

static const struct limit_rule rule = {.burst = 3, .pace_ms = 1000};

static void test_bucket(void **state)
{
	static const struct {
		uint64_t now, want;
	} steps[] = {
		{5000, 0}, {5000, 0}, {5001, 0},     /* at once */
		{5001, 999}, {5500, 500}, {5999, 1}, /* refusals take nothing */
		{6000, 0}, {6000, 1000}, {7000, 0},  /* then one a second */
		{60000, 0}, {60000, 0}, {60000, 0},
		{60000, 1000}, /* no more than the burst is saved up */
	};
	struct limit *limit = limit_new(100);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		char label[32];

		snprintf(label, sizeof(label), "step %zu", i);
		assert_number(label, (long long)limit_take(limit, &rule, "a", steps[i].now),
			(long long)steps[i].want);
	}
	assert_number("another key", (long long)limit_take(limit, &rule, "b", 60000), 0);
	limit_free(&limit);
	assert_null(limit);
}

/* However many keys come, nobody is refused for what another did, and who came last is
 * remembered. */
static void test_crowd(void **state)
{
	struct limit *limit = limit_new(64);
	char key[32];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		snprintf(key, sizeof(key), "client %d", i);
		for (int n = 0; n < 3; n++)
			assert_number(key, (long long)limit_take(limit, &rule, key, 100), 0);
		assert_number(key, (long long)limit_take(limit, &rule, key, 100), 1000);
	}
	limit_free(&limit);
}

/* Who asked the most is remembered the longest. */
static void test_crowd_hides_nobody(void **state)
{
	struct limit *limit = limit_new(8);
	char key[32];

	(void)state;
	for (int n = 0; n < 3; n++)
		limit_take(limit, &rule, "flood", 100);
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "client %d", i);
		assert_number(key, (long long)limit_take(limit, &rule, key, 100), 0);
	}
	assert_number("flood", (long long)limit_take(limit, &rule, "flood", 100), 1000);
	limit_free(&limit);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_clients),
		cmocka_unit_test(test_bucket),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_crowd_hides_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
