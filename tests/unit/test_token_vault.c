/*
 * The vault: what is put comes back, what was touched does not.
 */
#include "support.h"

#include "base/json.h"
#include "store/kv_bdb.h"
#include "store/kv_memory.h"
#include "token/vault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char key_1[] = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
static const char key_2[] = "2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n";
static const char other_1[] = "1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n";

static char *folder;

static int make_folder(void **state)
{
	(void)state;
	folder = support_folder();
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	support_remove(&folder);
	return 0;
}

/* A key file of these lines. */
static struct keyfile *keys_of(const char *first, const char *second)
{
	struct keyfile *keys;
	struct error error;
	char text[256], *path;

	snprintf(text, sizeof(text), "%s%s", first, second);
	path = support_write(folder, "vault.key", text, 0600);
	keys = keyfile_load(path, &error);
	assert_non_null(keys);
	remove(path);
	free(path);
	return keys;
}

struct fixture {
	struct kv *kv; /* the vault's */
	struct vault *vault;
};

static struct fixture vault_in_memory(void)
{
	struct fixture fixture;
	struct keyfile *keys = keys_of(key_1, "");
	struct error error;

	fixture.kv = kv_memory_open(vault_trees, &error);
	assert_non_null(fixture.kv);
	fixture.vault = vault_open_on(fixture.kv, keys, &error);
	assert_non_null(fixture.vault);
	keyfile_free(&keys);
	return fixture;
}

static int put(struct vault *vault, const char *kind, const char *id, const char *secret)
{
	struct vault_record record = {.kind = kind, .id = id};
	struct error error;
	int result;

	record.clear = json_object_new_object();
	json_set_string(record.clear, "tenant", "contoso.example/\xc3\xbc");
	json_set_int(record.clear, "due", 1700000000);
	record.secret = secret_from_string(secret);
	result = vault_put(vault, &record, &error);
	vault_record_clear(&record);
	return result;
}

static void check(struct vault *vault, const char *kind, const char *id, const char *want)
{
	struct vault_record record;
	struct error error;

	if (vault_get(vault, kind, id, &record, &error) != 0)
		fail_msg("%s/%s: %s", kind, id, error.text);
	assert_text(id, (const char *)secret_bytes(record.secret), want);
	assert_text(id, json_string(record.clear, "tenant", NULL), "contoso.example/\xc3\xbc");
	assert_number(id, json_int(record.clear, "due", 0), 1700000000);
	vault_record_clear(&record);
}

static void check_fails(struct vault *vault, const char *kind, const char *id,
	enum error_kind kind_want, const char *text)
{
	struct vault_record record;
	struct error error;

	assert_number(id, vault_get(vault, kind, id, &record, &error), -1);
	assert_null(record.secret);
	assert_null(record.clear);
	assert_text(error.text, error_answer(error.kind)->name, error_answer(kind_want)->name);
	if (strstr(error.text, text) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.text, text);
}

static void test_put_get_delete(void **state)
{
	struct fixture f = vault_in_memory();
	struct error error;

	(void)state;
	assert_number("put", put(f.vault, "token", "one", "planted-secret"), 0);
	assert_number("other kind", put(f.vault, "flow", "one", "code"), 0);
	assert_number("empty", put(f.vault, "flow", "two", ""), 0);
	check(f.vault, "token", "one", "planted-secret");
	check(f.vault, "flow", "one", "code");
	check(f.vault, "flow", "two", "");
	assert_number("replace", put(f.vault, "token", "one", "newer"), 0);
	check(f.vault, "token", "one", "newer");
	assert_number("delete", vault_delete(f.vault, "token", "one", &error), 0);
	check_fails(f.vault, "token", "one", ERROR_NOT_FOUND, "no such record");
	check(f.vault, "flow", "one", "code");
	assert_number("delete again", vault_delete(f.vault, "token", "one", &error), 0);
	assert_number(
		"delete what cannot be", vault_delete(f.vault, "token", "a/b", &error), 0);
	assert_number("checkpoint", vault_checkpoint(f.vault, &error), 0);
	assert_false(vault_fatal(f.vault));
	vault_free(&f.vault);
	vault_free(&f.vault);
}

static void test_limits(void **state)
{
	static const struct {
		const char *label, *kind, *id;
	} rows[] = {
		{"no kind", "", "x"},
		{"no id", "token", ""},
		{"slash in kind", "to/ken", "x"},
		{"slash in id", "token", "a/b"},
		{"blank in id", "token", "a b"},
		{"long kind", "aaaaaaaaaaaaaaaaa", "x"},
		{"long id", "token",
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
	};
	struct fixture f = vault_in_memory();
	struct vault_record record = {.kind = "token", .id = "x"};
	struct error error;
	char *long_text = calloc(1, VAULT_SECRET_MAX + 2);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_number(rows[i].label, put(f.vault, rows[i].kind, rows[i].id, "s"), -1);
		check_fails(f.vault, rows[i].kind, rows[i].id, ERROR_NOT_FOUND, "");
	}
	memset(long_text, 'a', VAULT_SECRET_MAX + 1);
	assert_number("too long a secret", put(f.vault, "token", "x", long_text), -1);
	long_text[VAULT_SECRET_MAX] = '\0';
	assert_number("longest secret", put(f.vault, "token", "x", long_text), 0);
	check(f.vault, "token", "x", long_text);
	record.secret = secret_from_string("s");
	assert_number("no clear part", vault_put(f.vault, &record, &error), -1);
	record.clear = json_object_new_array();
	assert_number("an array", vault_put(f.vault, &record, &error), -1);
	json_object_put(record.clear);
	record.clear = json_object_new_object();
	json_set_string(record.clear, "long", long_text);
	assert_number("long clear part", vault_put(f.vault, &record, &error), -1);
	assert_text("long clear part", error_answer(error.kind)->name, "permanent");
	secret_free(&record.secret);
	assert_number("no secret", vault_put(f.vault, &record, &error), -1);
	vault_record_clear(&record);
	free(long_text);
	vault_free(&f.vault);
}

/* Reads and writes the store behind the vault's back. */
static char *raw_get(struct kv *kv, const char *key, size_t *len_r)
{
	struct kv_bytes value;
	struct error error;
	char *copy;

	assert_number(
		key, kv_get(kv, 0, (struct kv_bytes){key, strlen(key)}, &value, &error), 1);
	copy = malloc(value.len);
	memcpy(copy, value.data, value.len);
	*len_r = value.len;
	return copy;
}

static void raw_put(struct kv *kv, const char *key, const char *bytes, size_t len)
{
	struct error error;

	assert_number(key, kv_begin(kv, &error), 0);
	assert_number(key,
		kv_put(kv, 0, (struct kv_bytes){key, strlen(key)},
			(struct kv_bytes){bytes, len}, &error),
		0);
	assert_number(key, kv_commit(kv, &error), 0);
}

static void test_every_byte_counts(void **state)
{
	struct fixture f = vault_in_memory();
	struct vault_record record;
	struct error error;
	size_t len;
	char *bytes;

	(void)state;
	put(f.vault, "token", "one", "planted-secret");
	bytes = raw_get(f.kv, "token/one", &len);
	assert_null(memmem(bytes, len, "planted-secret", 14));
	for (size_t i = 0; i < len; i++)
		for (unsigned bit = 1; bit < 256; bit <<= 1) {
			bytes[i] = (char)(bytes[i] ^ bit);
			raw_put(f.kv, "token/one", bytes, len);
			assert_number("flipped",
				vault_get(f.vault, "token", "one", &record, &error), -1);
			assert_null(record.secret);
			bytes[i] = (char)(bytes[i] ^ bit);
		}
	for (size_t cut = 1; cut < len; cut++) {
		raw_put(f.kv, "token/one", bytes, cut);
		assert_number("cut", vault_get(f.vault, "token", "one", &record, &error), -1);
	}
	raw_put(f.kv, "token/one", bytes, len);
	check(f.vault, "token", "one", "planted-secret");
	free(bytes);
	vault_free(&f.vault);
}

static void test_no_record_stands_for_another(void **state)
{
	struct fixture f = vault_in_memory();
	size_t len;
	char *bytes;

	(void)state;
	put(f.vault, "token", "one", "of one");
	put(f.vault, "token", "two", "of two");
	bytes = raw_get(f.kv, "token/one", &len);
	raw_put(f.kv, "token/two", bytes, len);
	raw_put(f.kv, "flow/one", bytes, len);
	check_fails(f.vault, "token", "two", ERROR_PERMANENT,
		"token/two does not open with key id 1");
	check_fails(f.vault, "flow", "one", ERROR_PERMANENT, "altered");
	check(f.vault, "token", "one", "of one");
	free(bytes);
	put(f.vault, "token", "one", "of one");
	bytes = raw_get(f.kv, "token/one", &len);
	raw_put(f.kv, "token/one", bytes, len / 2);
	check_fails(f.vault, "token", "one", ERROR_PERMANENT, "token/one");
	free(bytes);
	vault_free(&f.vault);
}

static void test_nonces_differ(void **state)
{
	struct fixture f = vault_in_memory();
	size_t len_a, len_b;
	char *a, *b;

	(void)state;
	put(f.vault, "token", "one", "same");
	a = raw_get(f.kv, "token/one", &len_a);
	put(f.vault, "token", "one", "same");
	b = raw_get(f.kv, "token/one", &len_b);
	assert_number("length", (long long)len_a, (long long)len_b);
	assert_memory_not_equal(a + 2, b + 2, 12);
	free(a);
	free(b);
	vault_free(&f.vault);
}

static void test_keys(void **state)
{
	struct fixture f = vault_in_memory();
	struct keyfile *both = keys_of(key_2, key_1), *second = keys_of(key_2, ""),
		       *exchanged = keys_of(other_1, "");
	struct error error;

	(void)state;
	put(f.vault, "token", "old", "under one");
	assert_number("set", vault_set_keys(f.vault, both, &error), 0);
	keyfile_free(&both);
	check(f.vault, "token", "old", "under one");
	put(f.vault, "token", "new", "under two");
	assert_number("set", vault_set_keys(f.vault, second, &error), 0);
	check_fails(f.vault, "token", "old", ERROR_CONFIGURATION,
		"token/old is sealed under key id 1, which is not in vault_key_file");
	check(f.vault, "token", "new", "under two");
	assert_number("set", vault_set_keys(f.vault, exchanged, &error), 0);
	check_fails(
		f.vault, "token", "old", ERROR_PERMANENT, "that id's key is another one now");
	keyfile_free(&second);
	keyfile_free(&exchanged);
	vault_free(&f.vault);
}

struct walk {
	struct vault *vault;
	char seen[256];
	int stop_at, n;
};

static int note(void *context, const struct vault_record *record, const struct error *fault)
{
	struct walk *walk = context;
	struct error error;

	strcat(walk->seen, record->id);
	strcat(walk->seen, fault != NULL ? "! " : " ");
	if (fault == NULL)
		assert_non_null(record->secret);
	else
		assert_null(record->secret);
	/* Whoever is called may change what is walked. */
	vault_delete(walk->vault, record->kind, record->id, &error);
	vault_delete(walk->vault, record->kind, "d", &error);
	return ++walk->n == walk->stop_at ? 42 : 0;
}

static void test_each(void **state)
{
	struct fixture f = vault_in_memory();
	struct walk walk = {.vault = f.vault};
	struct error error;

	(void)state;
	put(f.vault, "flow", "c", "s");
	put(f.vault, "flow", "a", "s");
	put(f.vault, "flow", "b", "s");
	put(f.vault, "flow", "d", "s");
	put(f.vault, "flows", "e", "s");
	put(f.vault, "token", "f", "s");
	raw_put(f.kv, "flow/b", "rubbish", 7);
	assert_number("all", vault_each(f.vault, "flow", note, &walk, &error), 0);
	assert_text("all", walk.seen, "a b! c ");
	assert_number("none left", vault_each(f.vault, "flow", note, &walk, &error), 0);
	assert_number("no kind", vault_each(f.vault, "", note, &walk, &error), 0);
	assert_number("none left", walk.n, 3);
	put(f.vault, "flow", "a", "s");
	put(f.vault, "flow", "b", "s");
	walk = (struct walk){.vault = f.vault, .stop_at = 1};
	assert_number("stopped", vault_each(f.vault, "flow", note, &walk, &error), 42);
	assert_text("stopped", walk.seen, "a ");
	check(f.vault, "flow", "b", "s");
	vault_free(&f.vault);
}

static int put_due(struct vault *vault, const char *kind, const char *id, time_t due)
{
	struct vault_record record = {.kind = kind,
		.id = id,
		.clear = json_object_new_object(),
		.secret = secret_from_string("s"),
		.due = due};
	struct error error;
	int result = vault_put(vault, &record, &error);

	vault_record_clear(&record);
	return result;
}

struct due_walk {
	struct vault *vault;
	char seen[256];
};

static void note_due(void *context, const char *id)
{
	struct due_walk *walk = context;
	struct error error;

	strcat(walk->seen, id);
	strcat(walk->seen, " ");
	/* Whoever is called may change what is walked. */
	if (strcmp(id, "gone") == 0)
		assert_number("delete", vault_delete(walk->vault, "token", id, &error), 0);
}

static void check_due(struct vault *vault, const char *kind, time_t until, const char *want)
{
	struct vault_due_query query = {.kind = kind, .until = until, .max = 100};
	struct due_walk walk = {.vault = vault};
	struct error error;

	vault_due(vault, &query, note_due, &walk, &error);
	assert_text(want, walk.seen, want);
}

/* As for the report of what is late. */
static void test_earliest(void **state)
{
	struct fixture f = vault_in_memory();
	struct error error;
	time_t due;

	(void)state;
	assert_number("none", vault_earliest(f.vault, "token", &due, &error), 0);
	put_due(f.vault, "token", "never", 0);
	put_due(f.vault, "tokens", "other", 1);
	assert_number("none of them", vault_earliest(f.vault, "token", &due, &error), 0);
	put_due(f.vault, "token", "late", 4000000000);
	put_due(f.vault, "token", "early", 1800000000);
	assert_number("found", vault_earliest(f.vault, "token", &due, &error), 1);
	assert_number("when", due, 1800000000);
	vault_free(&f.vault);
}

static void test_due(void **state)
{
	struct fixture f = vault_in_memory();
	struct vault_record record;
	struct error error;

	(void)state;
	check_due(f.vault, "token", 1000, "");
	put_due(f.vault, "token", "c", 300);
	put_due(f.vault, "token", "never", 0);
	put_due(f.vault, "token", "a", 100);
	put_due(f.vault, "token", "late", 70000);
	put_due(f.vault, "token", "b", 300);
	put_due(f.vault, "flow", "f", 100);
	put_due(f.vault, "tokens", "other", 100);
	check_due(f.vault, "token", 99, "");
	check_due(f.vault, "token", 100, "a ");
	check_due(f.vault, "token", 299, "a ");
	check_due(f.vault, "token", 300, "a b c ");
	check_due(f.vault, "token", 100000, "a b c late ");
	check_due(f.vault, "flow", 100000, "f ");
	put_due(f.vault, "token", "a", 400);
	check_due(f.vault, "token", 400, "b c a ");
	put_due(f.vault, "token", "a", 0);
	check_due(f.vault, "token", 400, "b c ");
	assert_number("postpone", vault_postpone(f.vault, "token", "b", 500, &error), 0);
	check_due(f.vault, "token", 500, "c b ");
	assert_number("nobody", vault_postpone(f.vault, "token", "x", 500, &error), 0);
	check_due(f.vault, "token", 500, "c b ");
	assert_number("get", vault_get(f.vault, "token", "b", &record, &error), 0);
	assert_number("due", record.due, 500);
	vault_record_clear(&record);
	assert_number("negative", put_due(f.vault, "token", "b", -1), -1);
	put_due(f.vault, "token", "gone", 1);
	check_due(f.vault, "token", 300, "gone c ");
	check_due(f.vault, "token", 300, "c ");
	assert_number("no kind",
		vault_due(f.vault, &(struct vault_due_query){.kind = "", .max = 1}, note_due,
			NULL, &error),
		-1);
	vault_free(&f.vault);
}

static void test_due_from(void **state)
{
	static const struct {
		time_t from, until;
		const char *want;
	} rows[] = {
		{0, 1000, "a b c "},
		{100, 1000, "a b c "},
		{101, 1000, "b c "},
		{101, 300, "b "},
		{301, 70000, "c late "},
		{70001, INT64_MAX, "latest "},
		{INT64_MAX, INT64_MAX, ""},
	};
	struct fixture f = vault_in_memory();

	(void)state;
	put_due(f.vault, "token", "c", 400);
	put_due(f.vault, "token", "a", 100);
	put_due(f.vault, "token", "late", 70000);
	put_due(f.vault, "token", "latest", 4000000000);
	put_due(f.vault, "token", "b", 300);
	put_due(f.vault, "tokens", "other", 400);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vault_due_query query = {.kind = "token",
			.from = rows[i].from,
			.until = rows[i].until,
			.max = 100};
		struct due_walk walk = {.vault = f.vault};
		struct error error;

		vault_due(f.vault, &query, note_due, &walk, &error);
		assert_text(rows[i].want, walk.seen, rows[i].want);
	}
	vault_free(&f.vault);
}

/* In steps of two: none is left out, none comes twice. */
static void test_due_in_steps(void **state)
{
	struct fixture f = vault_in_memory();
	struct vault_position position = {.len = 0};
	struct vault_due_query query = {
		.kind = "flow", .until = 10, .max = 2, .position = &position};
	struct due_walk walk = {.vault = f.vault};
	struct error error;
	char id[2] = "a";

	(void)state;
	for (; id[0] <= 'e'; id[0]++)
		put_due(f.vault, "flow", id, 10 - (id[0] - 'a') / 2);
	assert_number("first", vault_due(f.vault, &query, note_due, &walk, &error), 2);
	assert_text("first", walk.seen, "e c ");
	put_due(f.vault, "flow", "z", 11);
	assert_number("second", vault_due(f.vault, &query, note_due, &walk, &error), 2);
	assert_number("third", vault_due(f.vault, &query, note_due, &walk, &error), 1);
	assert_text("all", walk.seen, "e c d a b ");
	assert_number("end", vault_due(f.vault, &query, note_due, &walk, &error), 0);
	vault_free(&f.vault);
}

/* One key for another, one step at a time; what cannot be read stays, and is said. */
static void test_reseal(void **state)
{
	struct fixture f = vault_in_memory();
	struct vault_position position = {.len = 0};
	struct vault_reseal_report report = {.resealed = 0};
	struct keyfile *both = keys_of(key_2, key_1), *second = keys_of(key_2, "");
	struct error error;
	int steps = 0;

	(void)state;
	for (char id[2] = "a"; id[0] <= 'e'; id[0]++)
		put(f.vault, "token", id, "under one");
	put_due(f.vault, "token", "due", 100);
	put(f.vault, "flow", "x", "under one");
	vault_set_keys(f.vault, both, &error);
	put(f.vault, "token", "new", "under two");
	raw_put(f.kv, "token/bad", "rubbish", 7);
	while (vault_reseal(f.vault, &position, 3, &report, &error) == 1)
		steps++;
	assert_number("steps", steps, 3);
	assert_number("resealed", (long long)report.resealed, 7);
	assert_number("unreadable", (long long)report.unreadable, 1);
	assert_false(report.needed[1]);
	assert_false(report.needed[2]);
	vault_set_keys(f.vault, second, &error);
	check(f.vault, "token", "a", "under one");
	check(f.vault, "token", "e", "under one");
	check(f.vault, "flow", "x", "under one");
	check(f.vault, "token", "new", "under two");
	check_due(f.vault, "token", 100, "due ");
	keyfile_free(&both);
	keyfile_free(&second);
	vault_free(&f.vault);
}

static void test_reseal_what_does_not_open(void **state)
{
	struct fixture f = vault_in_memory();
	struct vault_position position = {.len = 0};
	struct vault_reseal_report report = {.resealed = 0};
	struct keyfile *wrong =
		keys_of(key_2, "1:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n");
	struct error error;

	(void)state;
	put(f.vault, "token", "one", "under another one");
	vault_set_keys(f.vault, wrong, &error);
	assert_number("end", vault_reseal(f.vault, &position, 9, &report, &error), 0);
	assert_number("resealed", (long long)report.resealed, 0);
	assert_true(report.needed[1]);
	keyfile_free(&wrong);
	vault_free(&f.vault);
}

static void open_fails(const char *directory, const struct keyfile *keys, const char *text)
{
	struct error error;
	struct vault *vault = vault_open(directory, keys, &error);

	assert_null(vault);
	assert_text(error.text, error_answer(error.kind)->name, "configuration");
	if (strstr(error.text, text) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.text, text);
}

static void test_on_disk(void **state)
{
	struct keyfile *keys = keys_of(key_1, "");
	struct vault *vault, *second;
	struct error error;
	char path[512];
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "%s/vault", folder);
	vault = vault_open(path, keys, &error);
	if (vault == NULL)
		fail_msg("%s", error.text);
	assert_number("stat", stat(path, &st), 0);
	assert_number("mode", st.st_mode & 07777, 0700);
	put(vault, "token", "one", "planted-secret");
	second = vault_open(path, keys, &error);
	assert_null(second);
	assert_text("locked", error_answer(error.kind)->name, "conflict");
	vault_free(&vault);
	vault = vault_open(path, keys, &error);
	assert_non_null(vault);
	check(vault, "token", "one", "planted-secret");
	vault_free(&vault);
	assert_number("chmod", chmod(path, 0750), 0);
	open_fails(path, keys, "chmod it to 0700");
	free(support_write(folder, "file", "", 0600));
	snprintf(path, sizeof(path), "%s/file", folder);
	open_fails(path, keys, "not a directory");
	keyfile_free(&keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put_get_delete),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_every_byte_counts),
		cmocka_unit_test(test_no_record_stands_for_another),
		cmocka_unit_test(test_nonces_differ),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_earliest),
		cmocka_unit_test(test_due),
		cmocka_unit_test(test_due_from),
		cmocka_unit_test(test_due_in_steps),
		cmocka_unit_test(test_reseal),
		cmocka_unit_test(test_reseal_what_does_not_open),
		cmocka_unit_test(test_on_disk),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
