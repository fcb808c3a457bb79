/*
 * Tags, addresses with tags, and finding a customer again by its tag.
 */
#include "support.h"
#include "support_store.h"

#include "base/encode.h"
#include "invite/tag.h"
#include "store/tags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID "AAECAwQFBgcICQoLDA0ODw"

static struct keyfile *keys_of(const char *lines)
{
	char *folder = support_folder();
	char *path = support_write(folder, "link.key", lines, 0600);
	struct error error;
	struct keyfile *keys = keyfile_load(path, &error);

	assert_non_null(keys);
	free(path);
	support_remove(&folder);
	return keys;
}

#define ONE   "1:MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE=\n"
#define TWO   "2:MjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjI=\n"
#define THREE "3:MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM=\n"

static void test_consent_tag(void **state)
{
	struct keyfile *keys = keys_of(ONE TWO);
	char one[CONSENT_TAG_LEN + 1], two[CONSENT_TAG_LEN + 1];
	char huge[4096];
	unsigned char id;

	(void)state;
	assert_int_equal(consent_tag(keyfile_nth(keys, 0, &id), "contoso", one), 0);
	assert_int_equal(consent_tag(keyfile_nth(keys, 1, &id), "contoso", two), 0);
	/* base32(HMAC-SHA-256("1" * 32, "consent\0contoso")[:10]), as Python says */
	assert_text("known", one, "huwy2woe37o22x5t");
	assert_string_not_equal(one, two);
	assert_int_equal(consent_tag(keyfile_nth(keys, 0, &id), "Contoso", two), 0);
	assert_string_not_equal(one, two);
	memset(huge, 'x', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	assert_int_equal(consent_tag(keyfile_nth(keys, 0, &id), huge, two), -1);
	keyfile_free(&keys);
}

static void test_bounce_tag(void **state)
{
	struct keyfile *old = keys_of(ONE), *both = keys_of(TWO ONE), *other = keys_of(TWO);
	char tag[BOUNCE_TAG_LEN + 1], id[INVITATION_ID_LEN + 1];
	struct error error;

	(void)state;
	assert_int_equal(bounce_tag_new(old, ID, tag), 0);
	assert_number("length", (long long)strlen(tag), BOUNCE_TAG_LEN);
	assert_int_equal(bounce_tag_verify(old, tag, id, &error), 0);
	assert_text("id", id, ID);
	assert_int_equal(bounce_tag_verify(both, tag, id, &error), 0);
	assert_int_equal(bounce_tag_verify(other, tag, id, &error), -1);
	assert_int_equal(error.kind, ERROR_NOT_FOUND);
	for (size_t i = 0; i < BOUNCE_TAG_LEN; i++) {
		char forged[BOUNCE_TAG_LEN + 1];

		strcpy(forged, tag);
		forged[i] = forged[i] == 'a' ? 'b' : 'a';
		assert_int_equal(bounce_tag_verify(both, forged, id, &error), -1);
	}
	assert_int_equal(bounce_tag_verify(old, "", id, &error), -1);
	assert_int_equal(bounce_tag_new(old, "short", tag), -1);
	assert_text("none", tag, "");
	keyfile_free(&old);
	keyfile_free(&both);
	keyfile_free(&other);
}

static void test_addresses(void **state)
{
	static const struct {
		const char *base, *address, *want; /* NULL: not one of base's */
	} cases[] = {
		{"consent@a.example", "consent+abc@a.example", "abc"},
		{"consent@a.example", "Consent+ABC7@A.Example", "abc7"},
		{"consent@a.example", "consent@a.example", ""},
		{"consent@a.example", "consent+@a.example", ""},
		{"consent@a.example", "consent+a+b@a.example", "a+b"},
		{"consent@a.example", "consent+a@b@a.example", "a@b"},
		{"consent@a.example",
			"consent+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@a.example", ""},
		{"consent@a.example", "consentabc@a.example", NULL},
		{"consent@a.example", "cons@a.example", NULL},
		{"consent@a.example", "consent+abc@b.example", NULL},
		{"consent@a.example", "consent+abc", NULL},
		{"consent@a.example", "@a.example", NULL},
		{"consent@a.example", "", NULL},
		{"", "consent+abc@a.example", NULL},
		{"", "", NULL},
	};
	char *address = tagged_address("consent@a.example", "abc");

	(void)state;
	assert_text("made", address, "consent+abc@a.example");
	free(address);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char tag[TAG_LEN_MAX + 1];
		bool fits = address_tag(cases[i].base, cases[i].address, tag);

		assert_text(cases[i].address, fits ? tag : NULL, cases[i].want);
	}
}

/* Counts the customers that are found by the tag that they have under that key. */
static int found(const struct tags *tags, const struct secret *key, int customers)
{
	int n = 0;

	for (int i = 0; i < customers; i++) {
		char id[32], tag[CONSENT_TAG_LEN + 1];
		const char *at;
		size_t seen = 0;

		snprintf(id, sizeof(id), "customer-%d", i);
		consent_tag(key, id, tag);
		at = tags_find(tags, tag, &seen);
		n += at != NULL && strcmp(at, id) == 0 && tags_find(tags, tag, &seen) == NULL;
	}
	return n;
}

static void add(struct tags *tags, int from, int to, bool walk)
{
	struct error error;

	for (int i = from; i < to; i++) {
		char id[32];

		snprintf(id, sizeof(id), "customer-%d", i);
		assert_int_equal(tags_add(tags, id, walk, &error), 0);
	}
}

static void test_set(void **state)
{
	struct keyfile *keys = keys_of(ONE TWO), *others = keys_of(THREE);
	struct tags *tags = tags_new(keys);
	char tag[CONSENT_TAG_LEN + 1];
	unsigned char id;
	size_t n = 0;

	(void)state;
	assert_true(tags_walking(tags));
	assert_text("begin", tags_position(tags), "");
	add(tags, 0, 4000, true);
	assert_text("walked", tags_position(tags), "customer-3999");
	add(tags, 3990, 4010, false); /* noted beside the walk, some a second time */
	assert_text("as before", tags_position(tags), "customer-3999");
	assert_number("current key", found(tags, keyfile_nth(keys, 0, &id), 5000), 4010);
	tags_complete(tags);
	assert_false(tags_walking(tags));
	assert_number("older key", found(tags, keyfile_nth(keys, 1, &id), 5000), 4010);
	assert_number("no key of ours", found(tags, keyfile_nth(others, 0, &id), 5000), 0);
	assert_int_equal(consent_tag(keyfile_nth(keys, 0, &id), "customer-0", tag), 0);
	tag[CONSENT_TAG_LEN - 1] = tag[CONSENT_TAG_LEN - 1] == 'a' ? 'b' : 'a';
	assert_text("one character off", tags_find(tags, tag, &n), NULL);
	add(tags, 4010, 4011, false);
	assert_number("one more", found(tags, keyfile_nth(keys, 0, &id), 5000), 4011);

	tags_restart(tags); /* what is known stays until the new walk is over */
	add(tags, 0, 10, true);
	add(tags, 4990, 4991, false);
	assert_text("by the old walk", tags_find(tags, "aaaaaaaaaaaaaaaa", &n), NULL);
	assert_number("restarted", found(tags, keyfile_nth(keys, 0, &id), 5000), 4002);
	tags_complete(tags);
	assert_number("others are gone", found(tags, keyfile_nth(keys, 0, &id), 5000), 11);
	tags_free(&tags);
	tags_free(&tags);
	keyfile_free(&keys);
	keyfile_free(&others);
}

static void with_address(struct store_site *site, const char *address)
{
	site->settings.consent_address = address;
	engine_configure(site->engine, &site->settings, site->keys);
}

/* The customer's consent_address as `find` says it, and the invitation's: must be the same.
 * Valid until the next call. */
static const char *address_of(struct store_site *site, const char *key)
{
	static char address[128];
	struct json_object *reply = store_owner(site, "{\"op\":\"find\",\"key\":\"%s\"}", key);
	struct json_object *customer =
		json_object_array_get_idx(json_member(reply, "customers"), 0);
	struct json_object *invitation = json_member(customer, "invitation");

	snprintf(address, sizeof(address), "%s", json_string(customer, "consent_address", "-"));
	if (invitation != NULL)
		assert_text(key, json_string(invitation, "consent_address", "-"), address);
	json_object_put(reply);
	return address;
}

static struct json_object *by_address(struct store_site *site, const char *address)
{
	char tag[TAG_LEN_MAX + 1];

	if (!address_tag("consent@a.example", address, tag))
		fail_msg("%s is no consent address", address);
	return store_ask(
		site, STORE_ROLE_MILTER, "{\"op\":\"candidates\",\"consent_tag\":\"%s\"}", tag);
}

static void check_found(struct store_site *site, const char *address, const char *want)
{
	struct json_object *reply = by_address(site, address);
	struct json_object *first =
		json_object_array_get_idx(json_member(reply, "invitations"), 0);

	assert_non_null(reply);
	assert_text(address, json_string(first, "id", "none"), want);
	json_object_put(reply);
}

static void test_replies(void **state)
{
	struct store_site *site = *state;
	char id[INVITATION_ID_LEN + 1], invited[INVITATION_ID_LEN + 1], address[128];
	struct json_object *reply;

	store_load_table(site, STORE_THREE);
	store_open(site, "contoso", "voice@contoso.example", id);
	assert_text("not set", address_of(site, "contoso"), "-");
	store_fails("not set",
		store_ask(site, STORE_ROLE_OWNER,
			"{\"op\":\"candidates\",\"consent_tag\":\"aaaaaaaaaaaaaaaa\"}"),
		site, ERROR_NOT_FOUND);
	with_address(site, "consent@a.example");
	strcpy(address, address_of(site, "contoso"));
	assert_number("form",
		(long long)strspn(address + 8, "abcdefghijklmnopqrstuvwxyz234567"),
		CONSENT_TAG_LEN);
	reply = store_owner(site, "{\"op\":\"get\",\"id\":\"%s\"}", id);
	assert_text("alone", store_says(reply, "consent_address"), address);
	json_object_put(reply);
	check_found(site, address, id);
	check_found(site, address_of(site, "Zeta"), "none"); /* known, not invited */
	store_fails("forged", by_address(site, "consent+aaaaaaaaaaaaaaaa@a.example"), site,
		ERROR_NOT_FOUND);
	store_fails("none", by_address(site, "consent@a.example"), site, ERROR_NOT_FOUND);

	store_open(site, "q\\\"uo\\\\te", "q@x.example", invited); /* escaped in JSON */
	reply = store_owner(site, "{\"op\":\"get\",\"id\":\"%s\"}", invited);
	assert_text("an odd id", store_says(reply, "consent_address"),
		address_of(site, "q\\\"uo\\\\te"));
	json_object_put(reply);
	store_open(site, "new", "x@new.example", invited); /* behind the walk */
	check_found(site, address_of(site, "new"), invited);
	store_apply(site, invited, "revoked", "");
	check_found(site, address_of(site, "new"), "none");
	json_object_put(store_owner(site, "{\"op\":\"table_add\",\"change\":\"new\",\"rows\":"
					  "\"later\\ta@l.example\\t\\t\\t\\n\"}"));
	check_found(site, address_of(site, "later"), "none");
}

static void test_tables_and_keys(void **state)
{
	struct store_site *site = *state;
	struct keyfile *both, *rotated;
	char id[INVITATION_ID_LEN + 1], old[128], zeta[128];

	store_load_table(site, STORE_THREE);
	with_address(site, "consent@a.example");
	store_open(site, "contoso", "voice@contoso.example", id);
	strcpy(zeta, address_of(site, "Zeta"));
	check_found(site, zeta, "none");
	store_load_table(site, "other\\to@o.example\\t\\t\\t\\n");
	store_fails("not in the new table", by_address(site, zeta), site, ERROR_NOT_FOUND);
	check_found(site, address_of(site, "other"), "none");
	check_found(site, address_of(site, "contoso"), id); /* its invitation is there */
	strcpy(old, address_of(site, "other"));
	json_object_put(
		store_owner(site, "{\"op\":\"remove\",\"change\":\"new\",\"key\":\"other\"}"));
	store_fails("removed since", by_address(site, old), site, ERROR_NOT_FOUND);

	rotated = keys_of(ONE);
	both = keys_of(TWO ONE);
	engine_configure(site->engine, &site->settings, rotated);
	strcpy(old, address_of(site, "contoso"));
	engine_configure(site->engine, &site->settings, both);
	assert_string_not_equal(old, address_of(site, "contoso"));
	check_found(site, old, id);
	check_found(site, address_of(site, "contoso"), id);
	engine_configure(site->engine, &site->settings, site->keys);
	store_fails("key is gone", by_address(site, old), site, ERROR_NOT_FOUND);
	keyfile_free(&rotated);
	keyfile_free(&both);
}

/* More customers than a look-up walks over: until housekeeping has come to the end nothing is
 * known to be wrong. */
static void test_walk_in_steps(void **state)
{
	struct store_site *site = *state;
	struct buf rows;
	char last[128];

	buf_init(&rows, 1024 * 1024);
	for (int i = 0; i < 12000; i++)
		buf_printf(&rows, "c%05d\\tm%d@x.example\\t\\t\\t\\n", i, i);
	store_load_table(site, rows.data);
	buf_free(&rows);
	with_address(site, "consent@a.example");
	strcpy(last, address_of(site, "c11999"));
	store_fails("not yet", by_address(site, last), site, ERROR_TEMPORARY);
	check_found(site, address_of(site, "c00001"), "none");
	store_keep_house(site, 1800000000);
	check_found(site, last, "none");
	store_fails("known to be wrong", by_address(site, "consent+aaaaaaaaaaaaaaaa@a.example"),
		site, ERROR_NOT_FOUND);
}

static void test_bounce_address(void **state)
{
	struct store_site *site = *state;
	struct json_object *reply;
	char id[INVITATION_ID_LEN + 1], tag[TAG_LEN_MAX + 1];

	reply = store_owner(
		site, "{\"op\":\"open\",\"change\":\"new\",\"mailbox\":\"a@x.example\"}");
	assert_text("not set", json_string(reply, "bounce_address", "-"), "-");
	json_object_put(reply);
	site->settings.bounce_address = "bounce@a.example";
	reply = store_owner(site,
		"{\"op\":\"open\",\"change\":\"new\",\"mailbox\":\"a@x.example\",\"email\":"
		"{\"message_id\":\"1\",\"envelope_sender\":\"p@x.example\"}}");
	assert_true(
		address_tag("bounce@a.example", json_string(reply, "bounce_address", ""), tag));
	snprintf(id, sizeof(id), "%s", store_says(reply, "id"));
	json_object_put(reply);
	reply = store_must(store_ask(site, STORE_ROLE_MILTER,
				   "{\"op\":\"get\",\"bounce_tag\":\"%s\"}", tag),
		site, __FILE__, __LINE__);
	assert_text("whose", store_says(reply, "id"), id);
	assert_text("from", store_says(reply, "envelope_sender"), "p@x.example");
	assert_text("kept nowhere", store_says(reply, "bounce_address"), "-");
	json_object_put(reply);
	store_fails("forged",
		store_ask(site, STORE_ROLE_MILTER, "{\"op\":\"get\",\"bounce_tag\":\"aaaa\"}"),
		site, ERROR_NOT_FOUND);
	store_fails("not the wizard's",
		store_ask(
			site, STORE_ROLE_WIZARD, "{\"op\":\"get\",\"bounce_tag\":\"%s\"}", tag),
		site, ERROR_POLICY);
}

#define ENGINE(test) cmocka_unit_test_setup_teardown(test, store_site_memory, store_site_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_consent_tag),
		cmocka_unit_test(test_bounce_tag),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_set),
		ENGINE(test_replies),
		ENGINE(test_tables_and_keys),
		ENGINE(test_walk_in_steps),
		ENGINE(test_bounce_address),
	};

	return cmocka_run_group_tests_name("tags", tests, NULL, NULL);
}
