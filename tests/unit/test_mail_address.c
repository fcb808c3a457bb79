/*
 * Addresses of the envelope and of the configuration's lists.
 */
#include "mail/address.h"

#include "support.h"

static void knows_senders(void **state)
{
	static const char *const list[] = {"a@b.example", "@c.example", NULL};
	static const struct {
		const char *address;
		bool listed;
	} cases[] = {
		{"a@b.example", true},
		{"A@B.EXAMPLE", true},
		{"x@b.example", false},
		{"x@c.example", true},
		{"x@C.Example", true},
		{"x@sub.c.example", false},
		{"x@y@c.example", true},
		{"c.example", false},
		{"", false},
		{"a@b.example ", false},
		{"@c.example", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_number(cases[i].address, address_listed(list, cases[i].address),
			cases[i].listed);
}

static void reads_envelope_addresses(void **state)
{
	static const struct {
		const char *argument, *want; /* NULL: does not fit */
	} cases[] = {
		{"<a@b>", "a@b"},
		{"a@b", "a@b"},
		{"<>", ""},
		{"", ""},
		{"<", "<"},
		{"<a@b", "<a@b"},
		{"<1234567>", "1234567"},
		{"<12345678>", NULL},
		{"<\"a\"@b>", "a@b"},
		{"\"a b\"@c", "\"a b\"@c"},
		{"\"a", "\"a"},
		{"\"\"@b", "\"\"@b"},
		{"\"a>@b", "\"a>@b"},
		{"\"ab@c", "\"ab@c"},
		{"\".a\"@b", "\".a\"@b"},
		{"\"a.\"@b", "\"a.\"@b"},
		{"\"a\\\"@b", "\"a\\\"@b"},
		{"\"\"a\"@b", "\"\"a\"@b"},
		{"\"@b", "\"@b"},
		{"<@r:a@b>", "a@b"},
		{"<@r:>", ""},
		{"<@r>", "@r"},
		{"<a@b.>", "a@b"},
		{"<a@>", "a@"},
		{"<a.>", "a."},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char address[8] = "";
		bool fits = envelope_address(cases[i].argument, address, sizeof(address));

		assert_number(cases[i].argument, fits, cases[i].want != NULL);
		if (fits)
			assert_text(cases[i].argument, address, cases[i].want);
	}
}

static void knows_mailboxes(void **state)
{
	static const struct {
		const char *address;
		bool valid;
	} cases[] = {
		{"a@b.example", true},
		{"a.b+c_d'e=f@b-c.example", true},
		{"\xc3\xa4@\xc3\xa4.example", true},
		{"a@[192.0.2.1]", true},
		{"a@[IPv6:2001:db8::1]", true},
		{"a@[192.0.2 .1]", false},
		{"a@[192.0.2.1>,<]", false},
		{"a@[192.0.2.1]]", false},
		{"root", false},
		{"@b.example", false},
		{"a@", false},
		{"a@.example", false},
		{"a@b..example", false},
		{"a@b.example.", false},
		{"a@b_c.example", false},
		{"a@[]", false},
		{"a b@c.example", false},
		{"\"a b\"@c.example", false},
		{"a@b@c.example", false},
		{"a,b@c.example", false},
		{"a\x7f@c.example", false},
		{"1234567890123456789012345678901234567890123456789012345678901234@b.example",
			true},
		{"12345678901234567890123456789012345678901234567890123456789012345@b.example",
			false},
		{"", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_number(
			cases[i].address, mailbox_valid(cases[i].address), cases[i].valid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_senders),
		cmocka_unit_test(reads_envelope_addresses),
		cmocka_unit_test(knows_mailboxes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
