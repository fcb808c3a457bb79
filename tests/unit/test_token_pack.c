/*
 * Several secrets as one: what was packed comes apart again, what was cut does not.
 */
#include "support.h"

#include "token/vault.h"

static void test_pack(void **state)
{
	struct secret *parts[3] = {secret_from_string("one"), NULL, secret_from_string("")};
	struct secret *back[4];
	struct secret *packed = vault_pack((const struct secret *const *)parts, 3), *cut;

	(void)state;
	assert_number("unpack", vault_unpack(packed, back, 3), 0);
	assert_text("first", (const char *)secret_bytes(back[0]), "one");
	assert_null(back[1]);
	assert_number("third", (long long)secret_len(back[2]), 0);
	for (size_t i = 0; i < 3; i++)
		secret_free(&back[i]);
	assert_number("too few", vault_unpack(packed, back, 2), -1);
	assert_null(back[0]);
	assert_number("too many", vault_unpack(packed, back, 4), -1);
	for (size_t len = 0; len < secret_len(packed); len++) {
		cut = secret_new(secret_bytes(packed), len);
		assert_number("cut", vault_unpack(cut, back, 3), -1);
		assert_null(back[0]);
		secret_free(&cut);
	}
	secret_free(&packed);
	secret_free(&parts[0]);
	secret_free(&parts[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_pack)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
