/*
 * Records lie in one tree under "kind/id"; the store sees ciphertext only (token/seal.c). Each
 * change is a transaction and a wait for the disk of its own: what tokend must not lose is
 * seldom written, a refresh token once a day.
 *
 * Two more trees are the index of what is due (token/vault_internal.h); they change in the
 * record's transaction.
 */
#include "token/vault_internal.h"

#include "store/kv_bdb.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const vault_trees[] = {
	[TREE_RECORD] = "vault", [TREE_DUE] = "due", [TREE_WHEN] = "when", NULL};

int vault_set_keys(struct vault *vault, const struct keyfile *keys, struct error *error)
{
	struct seal_keys *copies = seal_keys_new(keys);

	if (copies == NULL)
		return error_memory(error);
	seal_keys_free(&vault->keys);
	vault->keys = copies;
	return 0;
}

struct vault *vault_open_on(struct kv *kv, const struct keyfile *keys, struct error *error)
{
	struct vault *vault = calloc(1, sizeof(*vault));

	if (vault == NULL) {
		kv_close(&kv);
		error_memory(error);
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
		kv = kv_bdb_open(directory, vault_trees, 0, KV_BDB_TRY, error);
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

bool vault_kind_valid(const char *kind)
{
	return name_valid(kind, VAULT_KIND_MAX, "_");
}

static bool names_valid(const char *kind, const char *id)
{
	return vault_kind_valid(kind) && name_valid(id, VAULT_ID_MAX, "_-.");
}

/* The record's key, for valid names; text holds its bytes. */
static struct kv_bytes record_key(
	const char *kind, const char *id, char text[VAULT_KEY_MAX + 1])
{
	char *end = stpcpy(stpcpy(stpcpy(text, kind), "/"), id);

	return (struct kv_bytes){text, (size_t)(end - text)};
}

void vault_time(unsigned char bytes[VAULT_TIME_LEN], time_t when)
{
	uint64_t number = (uint64_t)when;

	for (size_t i = VAULT_TIME_LEN; i-- > 0; number >>= 8)
		bytes[i] = (unsigned char)(number & 0xff);
}

static time_t time_of(struct kv_bytes value)
{
	const unsigned char *bytes = value.data;
	uint64_t number = 0;

	for (size_t i = 0; i < value.len && i < VAULT_TIME_LEN; i++)
		number = number << 8 | bytes[i];
	return (time_t)number;
}

/* The key in the tree of what is due: kind/, time, id. */
static struct kv_bytes due_key(
	const char *kind, const char *id, time_t when, char text[VAULT_DUE_MAX])
{
	size_t kind_len = strlen(kind), id_len = strlen(id);

	memcpy(text, kind, kind_len);
	text[kind_len] = '/';
	vault_time((unsigned char *)text + kind_len + 1, when);
	memcpy(text + kind_len + 1 + VAULT_TIME_LEN, id, id_len);
	return (struct kv_bytes){text, kind_len + 1 + VAULT_TIME_LEN + id_len};
}

static int get_due(struct vault *vault, struct kv_bytes key, time_t *due_r, struct error *error)
{
	struct kv_bytes value;
	int found = kv_get(vault->kv, TREE_WHEN, key, &value, error);

	*due_r = found == 1 ? time_of(value) : 0;
	return found < 0 ? -1 : 0;
}

/* Within a transaction. */
static int set_due(
	struct vault *vault, const char *kind, const char *id, time_t due, struct error *error)
{
	char text[VAULT_KEY_MAX + 1], due_text[VAULT_DUE_MAX];
	struct kv_bytes key = record_key(kind, id, text);
	unsigned char bytes[VAULT_TIME_LEN];
	time_t before;

	if (get_due(vault, key, &before, error) != 0)
		return -1;
	if (before == due)
		return 0;
	if (before != 0 && (kv_delete(vault->kv, TREE_DUE, due_key(kind, id, before, due_text),
				    error) < 0 ||
				   kv_delete(vault->kv, TREE_WHEN, key, error) < 0))
		return -1;
	if (due == 0)
		return 0;
	vault_time(bytes, due);
	return kv_put(vault->kv, TREE_DUE, due_key(kind, id, due, due_text),
		       (struct kv_bytes){"", 0}, error) == 0
		       ? kv_put(vault->kv, TREE_WHEN, key,
				 (struct kv_bytes){bytes, sizeof(bytes)}, error)
		       : -1;
}

int vault_commit(struct vault *vault, struct error *error)
{
	return kv_commit(vault->kv, error) != 0 || kv_sync(vault->kv, error) != 0 ? -1 : 0;
}

/* Within a transaction. */
static int put_record(struct vault *vault, const struct vault_record *record,
	struct kv_bytes value, struct error *error)
{
	char text[VAULT_KEY_MAX + 1];

	return kv_put(vault->kv, TREE_RECORD, record_key(record->kind, record->id, text), value,
		       error) == 0
		       ? set_due(vault, record->kind, record->id, record->due, error)
		       : -1;
}

int vault_put(struct vault *vault, const struct vault_record *record, struct error *error)
{
	struct kv_bytes value;
	unsigned char *bytes;
	int result = -1;

	if (!names_valid(record->kind, record->id) || record->secret == NULL ||
		!json_object_is_type(record->clear, json_type_object) || record->due < 0 ||
		secret_len(record->secret) > VAULT_SECRET_MAX)
		return error_set(error, ERROR_PERMANENT, "vault: not a record");
	bytes = seal_record(vault->keys, record, &value.len, error);
	if (bytes == NULL)
		return -1;
	value.data = bytes;
	if (kv_begin(vault->kv, error) == 0) {
		if (put_record(vault, record, value, error) == 0)
			result = vault_commit(vault, error);
		else
			kv_abort(vault->kv);
	}
	free(bytes);
	return result;
}

int vault_get(struct vault *vault, const char *kind, const char *id,
	struct vault_record *record_r, struct error *error)
{
	char text[VAULT_KEY_MAX + 1];
	struct kv_bytes key, value;
	int found = 0;

	*record_r = (struct vault_record){.kind = kind, .id = id};
	if (!names_valid(kind, id))
		return error_set(error, ERROR_NOT_FOUND, "vault: there is no such record");
	key = record_key(kind, id, text);
	if (get_due(vault, key, &record_r->due, error) != 0)
		return -1;
	found = kv_get(vault->kv, TREE_RECORD, key, &value, error);
	if (found < 0)
		return -1;
	if (found == 0)
		return error_set(error, ERROR_NOT_FOUND, "vault: there is no such record");
	return unseal_record(vault->keys, value.data, value.len, record_r, error);
}

int vault_delete(struct vault *vault, const char *kind, const char *id, struct error *error)
{
	char key[VAULT_KEY_MAX + 1];

	if (!names_valid(kind, id))
		return 0;
	if (kv_begin(vault->kv, error) != 0)
		return -1;
	if (kv_delete(vault->kv, TREE_RECORD, record_key(kind, id, key), error) < 0 ||
		set_due(vault, kind, id, 0, error) != 0) {
		kv_abort(vault->kv);
		return -1;
	}
	return vault_commit(vault, error);
}

int vault_postpone(
	struct vault *vault, const char *kind, const char *id, time_t due, struct error *error)
{
	char text[VAULT_KEY_MAX + 1];
	struct kv_bytes value;
	int found = 0;

	if (!names_valid(kind, id) || due < 0)
		return error_set(error, ERROR_PERMANENT, "vault: not a record");
	if (kv_begin(vault->kv, error) != 0)
		return -1;
	found = kv_get(vault->kv, TREE_RECORD, record_key(kind, id, text), &value, error);
	if (found < 0 || set_due(vault, kind, id, found == 1 ? due : 0, error) != 0) {
		kv_abort(vault->kv);
		return -1;
	}
	return vault_commit(vault, error);
}

int vault_checkpoint(struct vault *vault, struct error *error)
{
	return kv_checkpoint(vault->kv, 1, error);
}

bool vault_fatal(const struct vault *vault)
{
	return kv_fatal(vault->kv);
}
