/*
 * What we need to know of a certificate file: when its first certificate ends.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_BASE_CERTIFICATE_H
#define POSTINVITE_BASE_CERTIFICATE_H

#include "base/error.h"

#include <stddef.h>
#include <time.h>

/* pem: one or more certificates, the first being ours. Returns 0, or -1 (configuration): it holds none. */
int certificate_end(const char *pem, size_t len, time_t *not_after_r, struct error *error);

#endif
