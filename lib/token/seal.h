/*
 * The bytes of a vault record: clear JSON and one sealed secret (token/vault.h says what for).
 *
 * Threads: a set of keys belongs to one thread at a time.
 */
#ifndef POSTINVITE_TOKEN_SEAL_H
#define POSTINVITE_TOKEN_SEAL_H

#include "base/error.h"
#include "base/keyfile.h"
#include "token/vault.h"

#include <stddef.h>

struct seal_keys;

/* Copies of the keys of vault_key_file. NULL out of memory. */
struct seal_keys *seal_keys_new(const struct keyfile *keys);
void seal_keys_free(struct seal_keys **keys); /* wipes; accepts NULL; nulls */

/* Seals under the current key. Kind, id and secret are valid, as vault_put checks. Returns the
 * bytes (malloc'd; free with free(), they hold no secret), or NULL with error set: permanent
 * (clear is too long), temporary. */
unsigned char *seal_record(const struct seal_keys *keys, const struct vault_record *record,
	size_t *len_r, struct error *error);

/* Fills in clear and secret of a record whose kind and id say which one it should be. Returns
 * 0, or -1 with the errors of vault_get. */
int unseal_record(const struct seal_keys *keys, const void *bytes, size_t len,
	struct vault_record *record, struct error *error);

/* The current key's id, and the one that a record's bytes are sealed under (0: they are no
 * record). */
unsigned char seal_current(const struct seal_keys *keys);
unsigned char seal_key_of(const void *bytes, size_t len);

#endif
