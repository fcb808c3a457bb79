/*
 * Tokens, device codes and keys: a type of their own, so that none is printed by accident.
 *
 * A struct secret owns its bytes and wipes them when freed. There is no function that
 * formats one; whoever needs the bytes for a request or a seal asks secret_bytes and
 * copies them nowhere else.
 */
#ifndef POSTINVITE_BASE_SECRET_H
#define POSTINVITE_BASE_SECRET_H

#include <stddef.h>

struct secret;

/* A copy of the bytes, followed by a NUL that does not count; NULL when out of memory. */
struct secret *secret_new(const void *bytes, size_t len);
struct secret *secret_from_string(const char *string);
struct secret *secret_random(size_t len); /* NULL when the system has no randomness */
void secret_free(struct secret **secret); /* wipes; accepts NULL; nulls */

const unsigned char *secret_bytes(const struct secret *secret);
size_t secret_len(const struct secret *secret);

/* Wipes bytes that passed through a buffer of somebody else's. */
void secret_wipe(void *bytes, size_t len);

#endif
