/*
 * What lies on the disk: neither the vault's own secrets nor what the process had in memory
 * before. Berkeley DB writes whole pages, also the parts of them that nobody filled.
 */
#include "support.h"

#include "token/vault.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK	"planted-secret-planted-secret-planted-secret"
#define CHUNKS	2000
#define RECORDS 200

/* Leaves freed memory of many sizes behind that holds the mark, as a TLS connection leaves what
 * it carried. */
static void litter(void)
{
	char *chunks[CHUNKS];

	for (size_t i = 0; i < CHUNKS; i++) {
		size_t size = 64 + i * 37 % 20000;

		chunks[i] = malloc(size);
		assert_non_null(chunks[i]);
		for (size_t at = 0; at + sizeof(MARK) < size; at += sizeof(MARK))
			memcpy(chunks[i] + at, MARK, sizeof(MARK));
	}
	for (size_t i = 0; i < CHUNKS; i++)
		free(chunks[i]);
}

static void put(struct vault *vault, int number)
{
	char id[32];
	struct vault_record record = {.kind = "token", .id = id};
	struct error error;

	snprintf(id, sizeof(id), "record-%d", number);
	record.clear = json_object_new_object();
	record.secret = secret_from_string(MARK);
	if (vault_put(vault, &record, &error) != 0)
		fail_msg("%s", error.text);
	vault_record_clear(&record);
}

static bool file_holds_mark(const char *path)
{
	FILE *file = fopen(path, "rb");
	char *bytes, *found;
	long size;

	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	bytes = malloc((size_t)size + 1);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, (size_t)size, file), size);
	fclose(file);
	found = memmem(bytes, (size_t)size, "planted-secret", strlen("planted-secret"));
	free(bytes);
	return found != NULL;
}

static void assert_clean(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	int files = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		char *path;

		if (entry->d_name[0] == '.')
			continue;
		assert_true(asprintf(&path, "%s/%s", directory, entry->d_name) > 0);
		files++;
		if (file_holds_mark(path))
			fail_msg("%s holds the mark", path);
		free(path);
	}
	closedir(dir);
	assert_true(files > 0);
}

static void test_files(void **state)
{
	char *folder = support_folder();
	char *key = support_write(
		folder, "vault.key", "1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n", 0600);
	char *directory;
	struct keyfile *keys;
	struct vault *vault;
	struct error error;

	(void)state;
	assert_true(asprintf(&directory, "%s/vault", folder) > 0);
	keys = keyfile_load(key, &error);
	assert_non_null(keys);
	litter();
	vault = vault_open(directory, keys, &error);
	if (vault == NULL)
		fail_msg("%s", error.text);
	for (int i = 0; i < RECORDS; i++) {
		litter();
		put(vault, i);
	}
	vault_free(&vault);
	assert_clean(directory);
	keyfile_free(&keys);
	free(key);
	free(directory);
	support_remove(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
