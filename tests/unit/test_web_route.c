/*
 * Routes and keyed marks.
 */
#include "support.h"

#include "web/mac.h"
#include "web/route.h"

#include <stdio.h>
#include <string.h>

static const struct web_route routes[] = {
	{"page", "GET", "/i/*", NULL},
	{"start", "POST", "/i/*/start", NULL},
	{"start again", "GET", "/i/*/start", NULL},
	{"confirm", "POST", "/i/*/confirm", NULL},
	{"style", "GET", "/static/style.css", NULL},
	{NULL, NULL, NULL, NULL},
};

static const struct {
	const char *label, *method, *path;
	enum route_match want;
	const char *name, *parameter;
} cases[] = {
	{"page", "GET", "/i/abc-_.~9", ROUTE_FOUND, "page", "abc-_.~9"},
	{"head of a page", "HEAD", "/i/abc", ROUTE_HEAD, "page", "abc"},
	{"post", "POST", "/i/abc/start", ROUTE_FOUND, "start", "abc"},
	{"get of a post route", "GET", "/i/abc/start", ROUTE_FOUND, "start again", "abc"},
	{"fixed path", "GET", "/static/style.css", ROUTE_FOUND, "style", ""},
	{"wrong method", "DELETE", "/i/abc", ROUTE_NO_METHOD, NULL, ""},
	{"get where only post", "GET", "/i/abc/confirm", ROUTE_NO_METHOD, NULL, ""},
	{"head where only post", "HEAD", "/i/abc/confirm", ROUTE_NO_METHOD, NULL, ""},
	{"lower-case method", "get", "/i/abc", ROUTE_NO_METHOD, NULL, ""},
	{"root", "GET", "/", ROUTE_NO_PATH, NULL, ""},
	{"empty", "GET", "", ROUTE_NO_PATH, NULL, ""},
	{"empty segment", "GET", "/i/", ROUTE_NO_PATH, NULL, ""},
	{"empty segment in the middle", "POST", "/i//start", ROUTE_NO_PATH, NULL, ""},
	{"trailing slash", "GET", "/i/abc/", ROUTE_NO_PATH, NULL, ""},
	{"two segments", "GET", "/i/abc/def", ROUTE_NO_PATH, NULL, ""},
	{"other characters", "GET", "/i/a%2e", ROUTE_NO_PATH, NULL, ""},
	{"upwards", "GET", "/static/../style.css", ROUTE_NO_PATH, NULL, ""},
	{"longer than fixed", "GET", "/static/style.css2", ROUTE_NO_PATH, NULL, ""},
};

static void test_find(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct web_route *route;
		char parameter[ROUTE_PARAMETER_MAX + 1];
		enum route_match got =
			route_find(routes, cases[i].method, cases[i].path, &route, parameter);

		assert_number(cases[i].label, got, cases[i].want);
		assert_text(cases[i].label, route != NULL ? route->name : NULL, cases[i].name);
		assert_text(cases[i].label, parameter, cases[i].parameter);
	}
}

static void test_parameter_limit(void **state)
{
	const struct web_route *route;
	char parameter[ROUTE_PARAMETER_MAX + 1];
	char path[3 + ROUTE_PARAMETER_MAX + 2] = "/i/";

	(void)state;
	memset(path + 3, 'a', ROUTE_PARAMETER_MAX);
	path[3 + ROUTE_PARAMETER_MAX] = '\0';
	assert_int_equal(route_find(routes, "GET", path, &route, parameter), ROUTE_FOUND);
	strcat(path, "a");
	assert_int_equal(route_find(routes, "GET", path, &route, parameter), ROUTE_NO_PATH);
}

static void test_mac(void **state)
{
	struct secret *key = secret_from_string("one key of thirty-two bytes, say");
	struct secret *other = secret_from_string("another key of thirty-two bytes.");
	char mac[WEB_MAC_SIZE], again[WEB_MAC_SIZE];

	(void)state;
	web_mac(key, "purpose", "text", mac);
	web_mac(key, "purpose", "text", again);
	/* Computed with another implementation (Python's hmac), twice. */
	assert_text("mark", mac, "Ana34pOD2SHXSFHpTFKnrpUUF2wgS78kw5akyumHJ3o");
	assert_text("again", again, mac);
	assert_true(web_mac_check(key, "purpose", "text", mac));
	assert_false(web_mac_check(key, "purpose", "texT", mac));
	assert_false(web_mac_check(key, "another", "text", mac));
	assert_false(web_mac_check(other, "purpose", "text", mac));
	assert_false(web_mac_check(key, "purpose", "text", NULL));
	assert_false(web_mac_check(key, "purpose", "text", ""));
	mac[WEB_MAC_SIZE - 2] = '\0';
	assert_false(web_mac_check(key, "purpose", "text", mac));
	secret_free(&key);
	secret_free(&other);
}

static void test_nonce(void **state)
{
	char one[WEB_NONCE_SIZE], two[WEB_NONCE_SIZE];

	(void)state;
	assert_int_equal(web_nonce(one), 0);
	assert_int_equal(web_nonce(two), 0);
	assert_int_equal(strlen(one), WEB_NONCE_SIZE - 1);
	assert_string_not_equal(one, two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_parameter_limit),
		cmocka_unit_test(test_mac),
		cmocka_unit_test(test_nonce),
	};

	return cmocka_run_group_tests_name("web route", tests, NULL, NULL);
}
