/*
 * A request of Postfix's policy delegation (SMTPD_POLICY_README): lines "name=value" in any
 * order, the end an empty line. Pure: bytes in, attributes out, nothing allocated. Attributes
 * that we do not ask for are passed over.
 */
#ifndef POSTINVITE_POLICY_REQUEST_H
#define POSTINVITE_POLICY_REQUEST_H

#include "base/error.h"
#include "text.h"

#include <sys/types.h>

#define REQUEST_MAX (32 * 1024) /* Postfix sends 1 to 3 KB */

enum attribute {
	ATTRIBUTE_CCERT_SUBJECT, /* in xtext (RFC 3461), see request_certificate */
	ATTRIBUTE_CLIENT_ADDRESS,
	ATTRIBUTE_ENCRYPTION_PROTOCOL,
	ATTRIBUTE_PROTOCOL_STATE,
	ATTRIBUTE_QUEUE_ID,
	ATTRIBUTE_RECIPIENT,
	ATTRIBUTE_REQUEST,
	ATTRIBUTE_SASL_USERNAME,
	ATTRIBUTE_SENDER,
	ATTRIBUTES,
};

struct request {
	/* of length 0 where absent; the first of its name counts */
	struct text values[ATTRIBUTES];
};

/* Reads one request off the front of the bytes. *scanned is 0 at a request's beginning and kept
 * by the caller while more is needed. Returns its whole size with *request_r pointing into the
 * bytes, 0 when more are needed, -1 when the bytes are no request (permanent). */
ssize_t request_get(const char *bytes, size_t len, size_t *scanned, struct request *request_r,
	struct error *error);

/* The common name of the client's certificate, as the certificate has it, "" without one that
 * Postfix trusts. Returns false, and "", when it does not fit into size or is no xtext. */
bool request_certificate(const struct request *request, char *name_r, size_t size);

#endif
