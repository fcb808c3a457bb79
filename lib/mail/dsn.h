/*
 * Reading a delivery status notification (RFC 3464, RFC 6533): the contents of its message/delivery-status
 * part to facts.
 *
 * Pure.
 */
#ifndef POSTINVITE_MAIL_DSN_H
#define POSTINVITE_MAIL_DSN_H

#include "base/error.h"

#include <stddef.h>

/* Longer field values are cut; a DSN names its subject in its first recipients. */
#define DSN_VALUE_SIZE	   512
#define DSN_RECIPIENTS_MAX 100

struct dsn_facts {
	char envelope_id[DSN_VALUE_SIZE]; /* Original-Envelope-Id, "" without one */
	const char *
		delivery; /* "failed" "delayed" "relayed" "delivered": the worst of its recipients' */
	char status[16];		/* of that recipient, "5.1.1" */
	char text[DSN_VALUE_SIZE];	/* its Diagnostic-Code without the type, printable */
	char recipient[DSN_VALUE_SIZE]; /* its Final-Recipient without the type */
};

/* The content of a message/delivery-status part, decoded. Returns 0, or -1 (not found) when no recipient's
 * Action is one we know. */
int dsn_parse(const char *text, size_t len, struct dsn_facts *facts_r, struct error *error);

/* Finds that part in a whole message, possibly cut short, and reads it. Returns 0 or -1 (not found: not such a report). */
int dsn_read(const char *message, size_t len, size_t body_start, struct dsn_facts *facts_r,
	struct error *error);

#endif
