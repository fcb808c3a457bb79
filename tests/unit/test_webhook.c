/*
 * Webhooks: a signature that was computed elsewhere, what is told and what is not, and how long
 * is waited.
 */
#include "support.h"

#include "token/webhook.h"

#include <stdlib.h>
#include <string.h>

#define ID "AAAAAAAAAAAAAAAAAAAAAA"

static struct json_object *parse(const char *text)
{
	struct json_object *value = NULL;
	struct error error;

	if (json_parse(text, strlen(text), &value, &error) != 0)
		fail_msg("%s: %s", text, error.text);
	return value;
}

/* printf '%s' '1767225600.{"a":1}' | openssl dgst -sha256 -mac hmac -macopt hexkey:$(printf
 * '%064d' 0) */
static void known_signature(void **state)
{
	char *folder = support_folder();
	char *path = support_write(folder, "key",
		"7:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
		"6:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n",
		0600);
	char signature[WEBHOOK_SIGNATURE_SIZE];
	struct error error;
	struct keyfile *keys = keyfile_load(path, &error);

	(void)state;
	if (keys == NULL)
		fail_msg("%s", error.text);
	assert_int_equal(webhook_sign(keys, 1767225600, "{\"a\":1}", signature), 0);
	assert_text("signature", signature,
		"t=1767225600,v1="
		"f56b403603612914d030b4720c90fd95ca25ddb683948ebf6e1059aaa0e01702");
	keyfile_free(&keys);
	free(path);
	support_remove(&folder);
}

static void body(void **state)
{
	struct json_object *entry =
		parse("{\"type\":\"delivery\",\"at\":\"2026-01-01T00:00:00Z\","
		      "\"delivery\":\"delivered\",\"sequence\":17,"
		      "\"status\":\"email_sent\"}");
	struct json_object *record =
		parse("{\"id\":\"" ID "\",\"consent\":\"none\",\"auth_url\":"
		      "\"https://invite.test/i/secret\"}");
	struct json_object *told = webhook_body(ID, entry, record);

	(void)state;
	assert_text("body", json_text(told),
		"{\"id\":\"" ID ".17\",\"sequence\":17,\"invitation\":\"" ID
		"\",\"status\":\"email_sent\",\"event\":{\"type\":\"delivery\",\"at\":"
		"\"2026-01-01T00:00:00Z\",\"delivery\":\"delivered\"},\"record\":{\"id\":\"" ID
		"\",\"consent\":\"none\"}}");
	assert_non_null(json_member(record, "auth_url"));
	assert_number("entry untouched", json_int(entry, "sequence", 0), 17);
	json_object_put(told);
	json_object_put(record);
	json_object_put(entry);
}

static void backoff(void **state)
{
	static const struct {
		int failures, least, most;
	} cases[] = {{1, 1500, 2500}, {2, 3000, 5000}, {3, 6000, 10000}, {11, 1536000, 2560000},
		{12, 2700000, 4500000}, {1000000, 2700000, 4500000}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (uint32_t random = 0; random < 0xff000000u; random += 0x00ffffffu)
			assert_in_range(webhook_backoff_ms(cases[i].failures, random),
				cases[i].least, cases[i].most);
		assert_in_range(webhook_backoff_ms(cases[i].failures, UINT32_MAX),
			cases[i].least, cases[i].most);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_signature),
		cmocka_unit_test(body),
		cmocka_unit_test(backoff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
