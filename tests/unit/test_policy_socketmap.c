/*
 * Socketmap: requests whole, in pieces, and what is none; replies.
 */
#include "support.h"

#include "../../policy/socketmap.c"

#include <stdio.h>
#include <stdlib.h>

static void test_requests(void **state)
{
	static const char bytes[] = "25:invitations a@b.test key ,13:invitations x,3:a  ,";
	static const struct {
		ssize_t size;
		const char *map, *key;
	} want[] = {
		{29, "invitations", "a@b.test key "}, {17, "invitations", "x"}, {6, "a", " "}};
	const char *at = bytes;
	struct look_up look_up;
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		for (size_t len = 0; len < (size_t)want[i].size; len++)
			assert_number("more", socketmap_get(at, len, &look_up, &error), 0);
		assert_number(
			"whole", socketmap_get(at, strlen(at), &look_up, &error), want[i].size);
		assert_true(text_is(look_up.map, want[i].map));
		assert_true(text_is(look_up.key, want[i].key));
		at += want[i].size;
	}
	assert_text("all", at, "");
}

static void test_malformed(void **state)
{
	static const char *const rows[] = {"x", ":x,", "-1:x,", "01:x,", "00:,", "1x,",
		"3:a b;", "9999:", "8193:", "10000:", "99999999999999999999:", "0:,", "3:abc,",
		"request=smtpd_access_policy\n"};
	struct look_up look_up;
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_number(
			rows[i], socketmap_get(rows[i], strlen(rows[i]), &look_up, &error), -1);
}

static void test_maximum(void **state)
{
	char *bytes = malloc(SOCKETMAP_REQUEST_MAX + 10);
	struct look_up look_up;
	struct error error;

	(void)state;
	memset(bytes, 'k', SOCKETMAP_REQUEST_MAX + 10);
	memcpy(bytes, "8192:m ", 7);
	assert_number("more", socketmap_get(bytes, 8196, &look_up, &error), 0);
	bytes[8197] = ',';
	assert_number("just fits", socketmap_get(bytes, 8198, &look_up, &error), 8198);
	assert_number("key", (long long)look_up.key.len, 8190);
	free(bytes);
}

static void check_reply(enum socketmap_reply reply, const char *text, const char *want)
{
	struct buf out;

	buf_init(&out, SOCKETMAP_REPLY_MAX + 16);
	socketmap_put(reply, text, &out);
	assert_text(text, out.data, want);
	buf_free(&out);
}

static void test_replies(void **state)
{
	char *much = malloc(5000);
	struct buf out;

	(void)state;
	check_reply(SOCKETMAP_OK, "email_sent", "13:OK email_sent,");
	check_reply(SOCKETMAP_NOT_FOUND, "", "9:NOTFOUND ,");
	check_reply(SOCKETMAP_TEMPORARY, "later", "10:TEMP later,");
	check_reply(SOCKETMAP_PERMANENT, "no", "7:PERM no,");
	memset(much, 'x', 4999);
	much[4999] = '\0';
	buf_init(&out, SOCKETMAP_REPLY_MAX + 16);
	socketmap_put(SOCKETMAP_OK, much, &out);
	assert_number("cut", (long long)out.len, SOCKETMAP_REPLY_MAX + 6);
	buf_free(&out);
	free(much);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_maximum),
		cmocka_unit_test(test_replies),
	};

	return cmocka_run_group_tests_name("socketmap", tests, NULL, NULL);
}
