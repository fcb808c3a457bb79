/*
 * A customers table in its file, and what it is made with: sorter, filter, rows.
 */
#include "support.h"

#include "base/utf8.h"
#include "store/filter.h"
#include "store/kv_memory.h"
#include "store/sorter.h"
#include "store/table_file.h"
#include "store/table_format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const trees[] = {"tree", NULL};

static struct kv_bytes text(const char *bytes)
{
	return (struct kv_bytes){bytes, strlen(bytes)};
}

static struct kv *open_kv(void)
{
	struct error error;
	struct kv *kv = kv_memory_open(trees, &error);

	assert_non_null(kv);
	return kv;
}

static void test_controls(void **state)
{
	static const struct {
		const char *text, *allowed;
		int at; /* -1: none */
	} cases[] = {
		{"", "", -1},
		{"plain text that is longer than eight bytes", "", -1},
		{"\x7f", "", 0},
		{"seven..\x7fseven", "", 7},
		{"eight...\x1f", "", 8},
		{"tab\there\x01", "\t", 8},
		{"tab\there", "", 3},
		{"eight...tab\t", "\t", -1},
		{"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc2\x80", "", -1},
		{"longer text, then a fault at its end\n", "", 36},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *found =
			utf8_control(cases[i].text, strlen(cases[i].text), cases[i].allowed);

		assert_number(
			cases[i].text, found != NULL ? found - cases[i].text : -1, cases[i].at);
	}
	assert_non_null(utf8_control("a\0b", 3, "\t"));
}

static void test_utf8(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} cases[] = {
		{"", true},
		{"eight by and more", true},
		{"\xc3\xa4", true},
		{"eight by\xf0\x9f\x98\x80 and more text", true},
		{"\xc3", false},
		{"eight by\xc3", false},
		{"\xc0\xaf", false},
		{"\xed\xa0\x80", false},
		{"\xf4\x90\x80\x80", false},
		{"seven..\xff", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_number(cases[i].text, utf8_valid(cases[i].text, strlen(cases[i].text)),
			cases[i].valid);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Many more than fit into the buffers, of different lengths, some twice. */
static void test_sorter(void **state)
{
	enum { N = 200000 };
	struct kv *kv = open_kv();
	struct error error;
	struct sorter *sorter = sorter_new(kv_scratch(kv, &error), "ab");
	char **want = calloc(N, sizeof(*want));
	const struct kv_bytes *keys;
	unsigned seed = 1;
	size_t n, done = 0;

	(void)state;
	assert_non_null(sorter);
	for (int i = 0; i < N; i++) {
		int r = rand_r(&seed);

		assert_true(asprintf(&want[i], "%c%c%0*d", i % 3 == 0 ? 'b' : 'a', 1 + r % 255,
				    1 + r % 20, rand_r(&seed) % 1000) > 0);
		assert_number("add", sorter_add(sorter, want[i], strlen(want[i]), &error), 0);
	}
	qsort(want, N, sizeof(*want), by_text);
	while (sorter_part(sorter, &keys, &n, &error) == 1) {
		for (size_t i = 0; i < n; i++, done++) {
			assert_number(want[done], (long long)keys[i].len,
				(long long)strlen(want[done]));
			assert_memory_equal(keys[i].data, want[done], keys[i].len);
		}
	}
	assert_number("all", (long long)done, N);
	assert_number("too short", sorter_add(sorter, "ab", 2, &error), -1);
	assert_number("another first", sorter_add(sorter, "cdefg", 5, &error), -1);
	for (int i = 0; i < N; i++)
		free(want[i]);
	free(want);
	sorter_free(&sorter);
	kv_close(&kv);
}

static uint64_t hash(uint64_t n)
{
	n = (n ^ n >> 31) * UINT64_C(0xd6e8feb86659fd93) + 1;
	return (n ^ n >> 32) * UINT64_C(0xd6e8feb86659fd93);
}

static void test_filter(void **state)
{
	struct filter *filter = filter_new(10000), *copy, *none = filter_new(0);
	size_t len, copy_len;
	int wrong = 0;

	(void)state;
	for (uint64_t i = 0; i < 10000; i++)
		filter_add(filter, hash(i));
	memset(filter_bytes(none, &len), 0, 1);
	filter_bytes(filter, &len);
	copy = filter_new(len);
	memcpy(filter_bytes(copy, &copy_len), filter_bytes(filter, &len), len);
	assert_number("size", (long long)copy_len, (long long)len);
	for (uint64_t i = 0; i < 10000; i++)
		assert_true(filter_may_have(copy, hash(i)));
	for (uint64_t i = 10000; i < 110000; i++)
		wrong += filter_may_have(copy, hash(i));
	assert_in_range(wrong, 1, 5000);
	assert_false(filter_may_have(none, hash(1)));
	filter_free(&filter);
	filter_free(&copy);
	filter_free(&none);
}

struct table {
	struct kv *kv;
	struct table_draft *draft;
	struct table_file *file;
	struct error error;
};

static void begin(struct table *table)
{
	*table = (struct table){.kv = open_kv()};
	table->draft = table_draft_new(table->kv, 3, &table->error);
	assert_non_null(table->draft);
}

static int add(struct table *table, const char *line, bool replace)
{
	struct row row;

	if (row_parse(line, strlen(line), &row, &table->error) != 0)
		fail_msg("%s: %s", line, table->error.text);
	return table_draft_row(table->draft, &row, replace, &table->error);
}

static void seal(struct table *table)
{
	int pause, result;

	while ((result = table_draft_seal(table->draft, &pause, &table->error)) == 0)
		;
	assert_number("sealed", result, 1);
	table_draft_free(&table->draft);
	table->file = table_file_open(table->kv, 3, 0, &table->error);
	assert_non_null(table->file);
}

static void end(struct table *table)
{
	table_file_close(&table->file);
	kv_close(&table->kv);
}

static int append_id(void *context, struct kv_bytes id, struct error *error)
{
	char *ids = context;

	(void)error;
	if (strlen(ids) + id.len + 2 < 400)
		strncat(strcat(ids, ids[0] != '\0' ? "," : ""), id.data, id.len);
	return 0;
}

static void check_each(struct table *table, char kind, const char *value, const char *want)
{
	struct table_query query = {kind, text(value)};
	char ids[512] = "";

	assert_number(
		value, table_file_each(table->file, &query, append_id, ids, &table->error), 0);
	assert_text(value, ids, want);
}

static void check_row(struct table *table, const char *id, const char *want)
{
	struct kv_bytes value;
	int found = table_file_get(table->file, text(id), &value, &table->error);
	char got[256];

	snprintf(got, sizeof(got), "%.*s", found == 1 ? (int)value.len : 0,
		found == 1 ? (const char *)value.data : "");
	assert_text(id, got, want);
}

static void test_small_table(void **state)
{
	struct table table;

	(void)state;
	begin(&table);
	assert_number("b", add(&table, "b\tvoice@B.example\tB\tb.example\t", false), 1);
	assert_number(
		"a", add(&table, "a\tvoice@a.example\t\tA.example\tit@a.example", false), 1);
	assert_number("twice", add(&table, "a\tother@a.example\t\t\t", false), 0);
	assert_number("replace", add(&table, "b\tnew@b.example\t\tb.example\t", true), 1);
	seal(&table);
	for (int i = 0; i < 200; i++) { /* without the filter and with it */
		check_row(&table, "a", "voice@a.example\t\tA.example\tit@a.example");
		check_row(&table, "b", "new@b.example\t\tb.example\t");
		check_row(&table, "c", "");
		check_each(&table, TABLE_MAILBOX, "voice@A.EXAMPLE", "a");
		check_each(&table, TABLE_MAILBOX, "new@b.example", "b");
		check_each(&table, TABLE_MAILBOX, "voice@b.example", "b"); /* the row says no */
		check_each(&table, TABLE_MAILBOX, "a.example", "");
		check_each(&table, TABLE_TENANT, "a.example", "a");
		check_each(&table, TABLE_TENANT, "b.example", "b");
		check_each(&table, TABLE_TENANT, "it@a.example", "");
	}
	end(&table);
}

static void test_empty_table(void **state)
{
	struct table table;

	(void)state;
	begin(&table);
	seal(&table);
	for (int i = 0; i < 100; i++) {
		check_row(&table, "a", "");
		check_each(&table, TABLE_MAILBOX, "a@a", "");
	}
	end(&table);
}

static int count_id(void *context, struct kv_bytes id, struct error *error)
{
	(void)id;
	(void)error;
	++*(int *)context;
	return 0;
}

/* Many customers of one tenant, ids as long as they may be, and all others one each. */
static void test_large_table(void **state)
{
	struct table table;
	char line[2000], id[TEXT_MAX + 1];
	struct table_query query = {TABLE_TENANT, text("shared.example")};
	int n = 0;

	(void)state;
	begin(&table);
	for (int i = 0; i < 30000; i++) {
		snprintf(line, sizeof(line), "c%d\tm%d@x.example\tName %d\t%s%s\t", i, i, i,
			i % 3 == 0 ? "shared.example" : "t", i % 3 == 0 ? "" : "x");
		assert_number(line, add(&table, line, false), 1);
	}
	for (int i = 0; i < 10; i++) {
		memset(id, 'a' + i, TEXT_MAX);
		id[TEXT_MAX] = '\0';
		snprintf(line, sizeof(line), "%s\tlong%d@x.example\t\t\t", id, i);
		assert_number(line, add(&table, line, false), 1);
	}
	seal(&table);
	assert_number(
		"each", table_file_each(table.file, &query, count_id, &n, &table.error), 0);
	assert_number("shared", n, 10000);
	for (int i = 0; i < 30000; i += 37) {
		char mailbox[64];

		snprintf(mailbox, sizeof(mailbox), "M%d@x.example", i);
		snprintf(line, sizeof(line), "c%d", i);
		check_each(&table, TABLE_MAILBOX, mailbox, line);
	}
	query = (struct table_query){TABLE_MAILBOX, text("long7@x.example")};
	n = 0;
	assert_number(
		"each", table_file_each(table.file, &query, count_id, &n, &table.error), 0);
	assert_number("long", n, 1);
	end(&table);
}

/* An index's block that ends in the middle of an entry, or whose entry says to be longer than
 * it is. */
static void test_damaged_index(void **state)
{
	static const char ends[][16] = {"", "\x00", "\x00\x01",
		"\x00\x03"
		"ab",
		"\xff\xff"
		"ab"};
	static const size_t lens[] = {0, 1, 2, 4, 4};
	struct table_query query = {TABLE_MAILBOX, text("a@a")};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		unsigned char key[2 + HASH_LEN] = {TABLE_INDEX, TABLE_MAILBOX};
		unsigned char *block = malloc(HASH_LEN + lens[i]);
		struct table table = {.kv = open_kv()};
		char name[KV_NAME_MAX + 1];
		struct kv *staged;
		int n = 0;

		table_put_hash(table_hash(query.value), key + 2);
		memcpy(block, key + 2, HASH_LEN);
		memcpy(block + HASH_LEN, ends[i], lens[i]);
		table_name(3, name);
		staged = kv_stage(table.kv, name, &table.error);
		assert_number("put",
			kv_put(staged, 0, (struct kv_bytes){key, sizeof(key)},
				(struct kv_bytes){block, HASH_LEN + lens[i]}, &table.error),
			0);
		while (kv_seal(staged, &table.error) == 0)
			;
		kv_close(&staged);
		table.file = table_file_open(table.kv, 3, 0, &table.error);
		assert_number("each",
			table_file_each(table.file, &query, count_id, &n, &table.error), -1);
		assert_non_null(strstr(table.error.text, "damaged"));
		assert_number("given", n, 0);
		end(&table);
		free(block);
	}
}

static bool needed(void *context, uint64_t number)
{
	return number == *(uint64_t *)context;
}

static void test_sweep(void **state)
{
	struct kv *kv = open_kv();
	struct error error;
	uint64_t number = 12, last;

	(void)state;
	for (uint64_t i = 9; i < 14; i++) {
		struct table_draft *draft = table_draft_new(kv, i, &error);

		assert_non_null(draft);
		table_draft_free(&draft);
	}
	assert_number("last", table_file_last(kv, &last, &error), 0);
	assert_number("last", (long long)last, 13);
	assert_number("sweep", table_file_sweep(kv, needed, &number, &error), 0);
	assert_number("last", table_file_last(kv, &last, &error), 0);
	assert_number("last", (long long)last, 12);
	assert_null(table_file_open(kv, 5, 0, &error));
	assert_number("missing", error.kind, ERROR_TEMPORARY);
	kv_close(&kv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_controls),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_sorter),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_small_table),
		cmocka_unit_test(test_empty_table),
		cmocka_unit_test(test_large_table),
		cmocka_unit_test(test_damaged_index),
		cmocka_unit_test(test_sweep),
	};

	return cmocka_run_group_tests_name("table file", tests, NULL, NULL);
}
