/*
 * Bytes of a large message, in a file without a name until they are needed. It is gone with its
 * descriptor, however the program ends, and nobody else finds it.
 */
#ifndef POSTINVITE_MILTER_SPOOL_H
#define POSTINVITE_MILTER_SPOOL_H

#include "base/buf.h"
#include "base/error.h"

/* Returns a descriptor, the caller's to close, or -1. */
int spool_open(struct error *error);

/* Appends. Returns 0 or -1. */
int spool_write(int fd, const void *bytes, size_t len, struct error *error);

/* Appends all of it to the buffer, whose failure means no memory. Returns 0 or -1. */
int spool_read(int fd, struct buf *out, struct error *error);

#endif
