/*
 * tokend's own store: what must survive a restart, with its secrets sealed.
 *
 * A record has a kind ("flow", "token", "sign_in"), an id (an invitation's, or a state), clear
 * JSON members (due times, names: nothing secret) and one secret, sealed with AES-256-GCM under
 * the current key of vault_key_file: random 96-bit nonce; associated data are version, key id,
 * kind, id and the clear text, so that neither secret nor clear members can be altered, or
 * moved to another record, without the record becoming unreadable. Older keys of the file stay
 * readable; a record gets the current key when it is next put, or by vault_reseal.
 *
 * A record may be due: an index by kind and time tells which ones are, without reading any other.
 *
 * Changes are durable when the call returns.
 *
 * Threads: all calls from one thread. One process has a vault at a time (a lock on its directory).
 */
#ifndef POSTINVITE_TOKEN_VAULT_H
#define POSTINVITE_TOKEN_VAULT_H

#include "base/error.h"
#include "base/keyfile.h"
#include "base/secret.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define VAULT_KIND_MAX	 16  /* letters, digits, "_" */
#define VAULT_ID_MAX	 128 /* letters, digits, "_", "-", "." */
#define VAULT_SECRET_MAX (128 * 1024)
#define VAULT_CLEAR_MAX	 (64 * 1024)

struct kv;
struct vault;

/* The trees of the kv, for kv_memory_open. */
extern const char *const vault_trees[];

/* Opens the vault in that directory, which is created with mode 0700 where it is missing; an
 * existing one must belong to the caller and be closed to others (configuration). keys are
 * copied. NULL: error set. */
struct vault *vault_open(
	const char *directory, const struct keyfile *keys, struct error *error);

/* The same over a store that is open, which is taken over, also when this fails. */
struct vault *vault_open_on(struct kv *kv, const struct keyfile *keys, struct error *error);
void vault_free(struct vault **vault); /* accepts NULL; nulls */

/* Other keys from now on (copied). Returns 0, or -1 out of memory: the old ones stay. */
int vault_set_keys(struct vault *vault, const struct keyfile *keys, struct error *error);

struct vault_record {
	const char *kind, *id;
	struct json_object *clear; /* an object */
	struct secret *secret;	   /* one; more of them: vault_pack */
	time_t due;		   /* when something is to be done about it; 0: never */
};

/* Writes or replaces; the record is borrowed. Returns 0, or -1: temporary (disk), permanent (a
 * name or size beyond the limits above, clear is no object). */
int vault_put(struct vault *vault, const struct vault_record *record, struct error *error);

/* Returns 0 with clear, secret and due in *record_r (vault_record_clear; kind and id are the
 * caller's pointers), or -1: not found; configuration (sealed under a key that is not in the
 * file: the text names the key id, the record and what to do); permanent (damaged, altered or
 * another record's); temporary. */
int vault_get(struct vault *vault, const char *kind, const char *id,
	struct vault_record *record_r, struct error *error);
void vault_record_clear(struct vault_record *record); /* wipes and nulls clear and secret */

/* Removes; a record that is not there is fine. Returns 0 or -1. */
int vault_delete(struct vault *vault, const char *kind, const char *id, struct error *error);

/* Calls each for every record of that kind, by id. The record is borrowed; where one cannot be
 * read, fault says why and clear and secret are NULL. each may change the vault; a record that
 * is removed meanwhile is passed over. It returns 0 to go on; anything else ends the walk and
 * is returned. Returns 0 at the end, -1 with error set when the store cannot be read. */
typedef int vault_each_fn(
	void *context, const struct vault_record *record, const struct error *fault);
int vault_each(struct vault *vault, const char *kind, vault_each_fn *each, void *context,
	struct error *error);

/* Where a walk in steps stands; zeroed: at the beginning. */
struct vault_position {
	char bytes[VAULT_KIND_MAX + VAULT_ID_MAX + 16];
	size_t len;
};

/* Calls each for the ids of that kind that are due from `from` to `until`, the earliest first,
 * behind *position (NULL: from the beginning), which moves on; for max of them (1 to
 * VAULT_DUE_AT_ONCE) at most. No record is read. each may change the vault. Returns how many
 * there were, less than max at the end, or -1. */
#define VAULT_DUE_AT_ONCE 1024
typedef void vault_due_fn(void *context, const char *id);
struct vault_due_query {
	const char *kind;
	time_t from, until;
	size_t max;
	struct vault_position *position;
};
int vault_due(struct vault *vault, const struct vault_due_query *query, vault_due_fn *each,
	void *context, struct error *error);

/* When the earliest of that kind is due. Returns 1, 0 when none is due ever, -1. */
int vault_earliest(struct vault *vault, const char *kind, time_t *due_r, struct error *error);

/* Another due time, the record unread. Nothing when there is no such record. Returns 0 or -1. */
int vault_postpone(
	struct vault *vault, const char *kind, const char *id, time_t due, struct error *error);

/* Puts the next max records (of every kind) that are sealed under another than the current key
 * under that, as one durable change, and moves *position. Returns 1 when there may be more, 0
 * at the end, -1 (nothing changed, position stays). Adds to *report; a record that cannot be
 * read stays as it is. */
struct vault_reseal_report {
	size_t resealed;
	size_t unreadable;
	bool needed[256]; /* by key id: a record that stays is sealed under it */
};
int vault_reseal(struct vault *vault, struct vault_position *position, size_t max,
	struct vault_reseal_report *report, struct error *error);

/* To be called every second or two: bounds the time that a start takes after a crash
 * (kv_checkpoint). Returns 0, or -1 with error set. */
int vault_checkpoint(struct vault *vault, struct error *error);

/* Do the files need recovery? Then the program ends by _exit at once, without vault_free, and
 * is started again (kv_fatal). */
bool vault_fatal(const struct vault *vault);

/* Several secrets as one, for a record that has more: u32 length, bytes of each; a part may be
 * NULL. vault_pack: NULL out of memory. vault_unpack fills parts_r (the caller's, secret_free
 * each) and returns 0, or -1 when packed does not hold exactly n parts (then all are NULL). */
struct secret *vault_pack(const struct secret *const *parts, size_t n);
int vault_unpack(const struct secret *packed, struct secret **parts_r, size_t n);

#endif
