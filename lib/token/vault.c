/*
 * Records lie in one tree under "kind/id"; the store sees ciphertext only (token/seal.c). Each change is
 * a transaction and a wait for the disk of its own: what tokend must not lose is seldom written, a
 * refresh token once a day.
 *
 * Walking takes the ids first and then record by record, so that whoever is called may write and remove.
 */
#include "token/vault.h"

#include "base/buf.h"
#include "base/json.h"
#include "store/kv_bdb.h"
#include "token/seal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_MAX (VAULT_KIND_MAX + 1 + VAULT_ID_MAX)
#define IDS_MAX (64 * 1024 * 1024)
#define TREE	0

static const char *const trees[] = {"vault", NULL};

struct vault {
	struct kv *kv;
	struct seal_keys *keys;
};

int vault_set_keys(struct vault *vault, const struct keyfile *keys, struct error *error)
{
	struct seal_keys *copies = seal_keys_new(keys);

	if (copies == NULL)
		return error_set(error, ERROR_TEMPORARY, "out of memory");
	seal_keys_free(&vault->keys);
	vault->keys = copies;
	return 0;
}

struct vault *vault_open_on(struct kv *kv, const struct keyfile *keys, struct error *error)
{
	struct vault *vault = calloc(1, sizeof(*vault));

	if (vault == NULL) {
		kv_close(&kv);
		error_set(error, ERROR_TEMPORARY, "out of memory");
		return NULL;
	}
	vault->kv = kv;
	if (vault_set_keys(vault, keys, error) != 0)
		vault_free(&vault);
	return vault;
}

static int check_directory(const char *directory, struct error *error)
{
	struct stat st;

	if (lstat(directory, &st) != 0)
		return errno == ENOENT ? 0 : error_errno(error, errno, "%s", directory);
	if (!S_ISDIR(st.st_mode))
		return error_set(error, ERROR_CONFIGURATION, "%s: not a directory", directory);
	if (st.st_uid != geteuid())
		return error_set(error, ERROR_CONFIGURATION,
			"%s: belongs to user %ld; chown it to the user that tokend runs as",
			directory, (long)st.st_uid);
	if ((st.st_mode & 0077) != 0)
		return error_set(error, ERROR_CONFIGURATION,
			"%s: mode %04o lets others in; chmod it to 0700", directory,
			(unsigned)(st.st_mode & 07777));
	return 0;
}

struct vault *vault_open(const char *directory, const struct keyfile *keys, struct error *error)
{
	struct kv *kv = NULL;

	if (check_directory(directory, error) == 0)
		kv = kv_bdb_open(directory, trees, 0, KV_BDB_TRY, error);
	if (kv == NULL) {
		error_prefix(error, "vault");
		return NULL;
	}
	return vault_open_on(kv, keys, error);
}

void vault_free(struct vault **vault)
{
	if (vault == NULL || *vault == NULL)
		return;
	kv_close(&(*vault)->kv);
	seal_keys_free(&(*vault)->keys);
	free(*vault);
	*vault = NULL;
}

static bool name_valid(const char *name, size_t max, const char *others)
{
	size_t len = name != NULL ? strlen(name) : 0;

	if (len == 0 || len > max)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && strchr(others, name[i]) == NULL)
			return false;
	return true;
}

static bool names_valid(const char *kind, const char *id)
{
	return name_valid(kind, VAULT_KIND_MAX, "_") && name_valid(id, VAULT_ID_MAX, "_-.");
}

/* The store's key for valid names; text holds its bytes. */
static struct kv_bytes store_key(const char *kind, const char *id, char text[KEY_MAX + 1])
{
	char *end = stpcpy(stpcpy(stpcpy(text, kind), "/"), id);

	return (struct kv_bytes){text, (size_t)(end - text)};
}

/* Commits what stands in the transaction and waits until it is on disk. */
static int make_durable(struct vault *vault, struct error *error)
{
	return kv_commit(vault->kv, error) != 0 || kv_sync(vault->kv, error) != 0 ? -1 : 0;
}

int vault_put(struct vault *vault, const struct vault_record *record, struct error *error)
{
	char key[KEY_MAX + 1];
	struct kv_bytes value;
	unsigned char *bytes;
	int result = -1;

	if (!names_valid(record->kind, record->id) || record->secret == NULL ||
		!json_object_is_type(record->clear, json_type_object) ||
		secret_len(record->secret) > VAULT_SECRET_MAX)
		return error_set(error, ERROR_PERMANENT, "vault: not a record");
	bytes = seal_record(vault->keys, record, &value.len, error);
	if (bytes == NULL)
		return -1;
	value.data = bytes;
	if (kv_begin(vault->kv, error) == 0) {
		if (kv_put(vault->kv, TREE, store_key(record->kind, record->id, key), value,
			    error) == 0)
			result = make_durable(vault, error);
		else
			kv_abort(vault->kv);
	}
	free(bytes);
	return result;
}

int vault_get(struct vault *vault, const char *kind, const char *id,
	struct vault_record *record_r, struct error *error)
{
	char key[KEY_MAX + 1];
	struct kv_bytes value;
	int found = 0;

	*record_r = (struct vault_record){.kind = kind, .id = id};
	if (names_valid(kind, id))
		found = kv_get(vault->kv, TREE, store_key(kind, id, key), &value, error);
	if (found < 0)
		return -1;
	if (found == 0)
		return error_set(error, ERROR_NOT_FOUND, "vault: there is no such record");
	return unseal_record(vault->keys, value.data, value.len, record_r, error);
}

int vault_delete(struct vault *vault, const char *kind, const char *id, struct error *error)
{
	char key[KEY_MAX + 1];

	if (!names_valid(kind, id))
		return 0;
	if (kv_begin(vault->kv, error) != 0)
		return -1;
	if (kv_delete(vault->kv, TREE, store_key(kind, id, key), error) < 0) {
		kv_abort(vault->kv);
		return -1;
	}
	return make_durable(vault, error);
}

/* Appends the ids of that kind, each with its NUL. Returns 0 or -1. */
static int collect_ids(
	struct vault *vault, const char *kind, struct buf *ids, struct error *error)
{
	char prefix[VAULT_KIND_MAX + 2];
	size_t len = (size_t)(stpcpy(stpcpy(prefix, kind), "/") - prefix);
	struct kv_cursor *cursor =
		kv_scan(vault->kv, TREE, (struct kv_bytes){prefix, len}, len, error);
	struct kv_bytes key;
	int found = -1;

	while (cursor != NULL && (found = kv_next(cursor, &key, NULL, error)) == 1) {
		buf_append(ids, (const char *)key.data + len, key.len - len);
		buf_byte(ids, '\0');
	}
	kv_cursor_close(&cursor);
	if (found == 0 && ids->failed)
		return error_set(error, ERROR_TEMPORARY, "out of memory");
	return found;
}

int vault_each(struct vault *vault, const char *kind, vault_each_fn *each, void *context,
	struct error *error)
{
	struct vault_record record;
	struct buf ids;
	int result = 0;

	if (!name_valid(kind, VAULT_KIND_MAX, "_"))
		return 0;
	buf_init(&ids, IDS_MAX);
	if (collect_ids(vault, kind, &ids, error) != 0)
		result = -1;
	for (size_t at = 0; result == 0 && at < ids.len; at += strlen(ids.data + at) + 1) {
		struct error fault;
		bool good = vault_get(vault, kind, ids.data + at, &record, &fault) == 0;

		if (good || fault.kind != ERROR_NOT_FOUND)
			result = each(context, &record, good ? NULL : &fault);
		vault_record_clear(&record);
	}
	buf_free(&ids);
	return result;
}

int vault_checkpoint(struct vault *vault, struct error *error)
{
	return kv_checkpoint(vault->kv, 1, error);
}

bool vault_fatal(const struct vault *vault)
{
	return kv_fatal(vault->kv);
}
