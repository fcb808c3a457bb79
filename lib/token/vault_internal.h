/*
 * What the vault's files share: the trees.
 *
 *	vault  kind/id                           the sealed record (token/seal.c)
 *	due    kind/ u64 time, big endian, id    nothing: the index of what is due, in order of time
 *	when   kind/id                           u64 time: which entry of `due` is the record's
 */
#ifndef POSTINVITE_TOKEN_VAULT_INTERNAL_H
#define POSTINVITE_TOKEN_VAULT_INTERNAL_H

#include "store/kv.h"
#include "token/seal.h"
#include "token/vault.h"

#define VAULT_KEY_MAX  (VAULT_KIND_MAX + 1 + VAULT_ID_MAX)
#define VAULT_TIME_LEN 8
#define VAULT_DUE_MAX  (VAULT_KEY_MAX + VAULT_TIME_LEN)

enum vault_tree { TREE_RECORD, TREE_DUE, TREE_WHEN };

struct vault {
	struct kv *kv;
	struct seal_keys *keys;
};

bool vault_kind_valid(const char *kind);

void vault_time(unsigned char bytes[VAULT_TIME_LEN], time_t when);

/* Commits what stands in the transaction and waits until it is on disk. */
int vault_commit(struct vault *vault, struct error *error);

#endif
