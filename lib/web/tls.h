/*
 * The files of settings that an HTTP server needs to speak TLS.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_WEB_TLS_H
#define POSTINVITE_WEB_TLS_H

#include "base/buf.h"
#include "base/health.h"

/* A setting's name and its value, which has to live as long as the struct web_tls. */
struct web_tls_file {
	const char *setting, *path;
};

struct web_tls_files {
	struct web_tls_file cert; /* an empty path: plain HTTP, and the others do not matter */
	struct web_tls_file key;
	struct web_tls_file client_ca; /* a NULL path: clients show no certificates */
	enum health_part part;	       /* the certificate's */
};

/* PEM texts; without TLS all are empty, and certificate.not_after is 0. */
struct web_tls {
	struct buf cert, key, client_ca;
	struct health_certificate certificate;
};

/* warning_r: what to say of a certificate that has ended or ends soon, or "". Returns 0, or -1
 * with error set; what was read is to be freed in any case. */
int web_tls_load(const struct web_tls_files *files, struct web_tls *tls_r,
	char warning_r[HEALTH_TEXT_SIZE], struct error *error);

/* Wipes the key. Accepts a zeroed one. */
void web_tls_free(struct web_tls *tls);

#endif
