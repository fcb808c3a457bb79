/*
 * What we need to know of a certificate file: when its first certificate ends, and whether a key
 * is that certificate's.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_BASE_CERTIFICATE_H
#define POSTINVITE_BASE_CERTIFICATE_H

#include "base/error.h"

#include "base/health.h"

#include <stddef.h>
#include <time.h>

/* pem: one or more certificates, the first being ours. Returns 0, or -1 (configuration): it
 * holds none. */
int certificate_end(const char *pem, size_t len, time_t *not_after_r, struct error *error);

/* The same of a setting's file, for health: part, setting and path are there, not_after is
 * filled in. warning_r: what to say of one that has ended or ends soon, or "". Returns 0, or -1
 * (configuration, with the setting's name). */
int certificate_watch(const char *pem, size_t len, struct health_certificate *certificate,
	char warning_r[HEALTH_TEXT_SIZE], struct error *error);

/* key: a private key in PEM form. Returns 0, or -1 (configuration): it is none or has a
 * passphrase, or it is not that of the first certificate in pem. */
int certificate_fits(
	const char *pem, size_t len, const char *key, size_t key_len, struct error *error);

#endif
