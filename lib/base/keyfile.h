/*
 * Key files: lines `keyid:base64` (keyid 1-255, 32 bytes), `#` comments; the first key is the
 * current one, the others stay readable.
 *
 * The file must be a regular file, owned by root or the caller's effective user, not writable
 * by group and not accessible by others (0600, 0400, 0640, 0440). A wrong line, length or a
 * doubled key id is an error with file:line.
 */
#ifndef POSTINVITE_BASE_KEYFILE_H
#define POSTINVITE_BASE_KEYFILE_H

#include "base/error.h"
#include "base/secret.h"

#include <stddef.h>
#include <time.h>

#define KEYFILE_KEY_LEN 32

struct keyfile;

struct keyfile *keyfile_load(const char *path, struct error *error); /* NULL: error */
void keyfile_free(struct keyfile **keys);

/* The current key and its id. */
const struct secret *keyfile_current(const struct keyfile *keys, unsigned char *id_r);

/* The key of that id, or NULL. */
const struct secret *keyfile_find(const struct keyfile *keys, unsigned char id);

/* The keys in the file's order; NULL behind the last. */
const struct secret *keyfile_nth(const struct keyfile *keys, size_t n, unsigned char *id_r);

/* How many there are, and when the file was changed last, which is when it got its current key. */
size_t keyfile_count(const struct keyfile *keys);
time_t keyfile_changed(const struct keyfile *keys);

/* Puts a new random key as the first line (the file is replaced atomically, mode 0600 for a new
 * one, mode and owner kept otherwise). id_r gets the new key's id. Returns 0, or -1; the file is
 * whole in any case. */
int keyfile_add(const char *path, unsigned char *id_r, struct error *error);

#endif
