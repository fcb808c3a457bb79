/*
 * Tags: what stands behind "+" in the addresses of ours that mail comes back to.
 *
 *	consent_address   consent+TAG@...   16 characters: HMAC of the customer id; found again by whoever has the
 *	                                    customer ids (store/tags.c)
 *	bounce_address    bounce+TAG@...    34 characters: the invitation's id, then 5 bytes of HMAC; says itself which
 *
 * Lower-case base32 of HMAC-SHA-256 under the link key, each kind over text that begins with
 * its name, so that none can be passed off as another or as a link. Made under the current key;
 * those of older keys in the file stay valid. Mail hosts may change the case of a local part:
 * tags are read in any.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_INVITE_TAG_H
#define POSTINVITE_INVITE_TAG_H

#include "base/error.h"
#include "base/keyfile.h"
#include "invite/link.h"

#include <stdbool.h>
#include <stddef.h>

#define CONSENT_TAG_LEN 16
#define BOUNCE_TAG_LEN	34
#define TAG_LEN_MAX	BOUNCE_TAG_LEN

/* The customer's tag under one key, keyfile_nth's or keyfile_current's. Returns 0 or -1
 * (libcrypto failed). */
int consent_tag(
	const struct secret *key, const char *customer_id, char tag_r[CONSENT_TAG_LEN + 1]);

/* Returns 0, or -1 when id is no invitation's. */
int bounce_tag_new(const struct keyfile *keys, const char *id, char tag_r[BOUNCE_TAG_LEN + 1]);

/* The invitation of a tag. Returns 0, or -1 (not found: not a tag of ours). */
int bounce_tag_verify(const struct keyfile *keys, const char *tag,
	char id_r[INVITATION_ID_LEN + 1], struct error *error);

/* Addresses: base is "consent@invite.provider.example", tagged
 * "consent+TAG@invite.provider.example". */

/* malloc'd; NULL out of memory. */
char *tagged_address(const char *base, const char *tag);

/* Is the address base with a tag, of whatever length, or without one? Then the tag in lower
 * case ("" without one or with one longer than ours) is in tag_r. base "" fits nothing. */
bool address_tag(const char *base, const char *address, char tag_r[TAG_LEN_MAX + 1]);

#endif
