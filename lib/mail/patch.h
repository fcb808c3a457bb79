/*
 * Changes to bytes, noted in any order and made in one pass; every byte outside of them is copied.
 *
 * Pure.
 */
#ifndef POSTINVITE_MAIL_PATCH_H
#define POSTINVITE_MAIL_PATCH_H

#include "base/buf.h"

#include <stddef.h>

/* Appends what becomes of the bytes. */
typedef void patch_make_fn(const char *bytes, size_t len, struct buf *out);

struct patch {
	size_t start, end; /* this range becomes the bytes */
	char *bytes;
	size_t len;
	patch_make_fn *make; /* instead of bytes; or NULL */
};

struct patches {
	struct patch *list;
	size_t count, room;
};

/* Notes one. The bytes are taken over (free), NULL stands for none. Returns 0 or -1, out of
 * memory; they are freed then. */
int patches_add(struct patches *patches, size_t start, size_t end, char *bytes, size_t len);

/* The same; what the range becomes is made of it no sooner than all patches are applied: of a
 * large one there is one copy. */
int patches_add_made(struct patches *patches, size_t start, size_t end, patch_make_fn *make);
void patches_free(struct patches *patches);

/* Appends bytes[start, end) with the patches made that lie in it; none may overlap another. A
 * range that is patched twice in the same way is patched once. */
void patches_apply(
	struct patches *patches, const char *bytes, size_t start, size_t end, struct buf *out);

#endif
