/*
 * Reading the contents of a message/delivery-status part (RFC 3464, RFC 6533): what became of
 * each recipient.
 *
 * Pure.
 */
#ifndef POSTINVITE_MAIL_DSN_H
#define POSTINVITE_MAIL_DSN_H

#include <stddef.h>

/* Longer field values are cut; of more recipients the rest is not read. */
#define DSN_VALUE_SIZE	   512
#define DSN_RECIPIENTS_MAX 100

struct dsn_recipient {
	const char *delivery;		/* "failed" "delayed" "relayed" "delivered" */
	char status[16];		/* "5.1.1", "" without one */
	char text[DSN_VALUE_SIZE];	/* its Diagnostic-Code without the type, printable */
	char recipient[DSN_VALUE_SIZE]; /* its Final-Recipient without the type */
	char original[DSN_VALUE_SIZE];	/* its Original-Recipient likewise */
};

struct dsn_facts {
	char envelope_id[DSN_VALUE_SIZE]; /* Original-Envelope-Id, "" without one */
	struct dsn_recipient *recipients; /* those whose Action is one we know, in order */
	size_t count;
};

/* Adds what the text says to facts that are zeroed or read already. Returns 0, or -1 out of
 * memory. To be freed in any case. */
int dsn_parse(const char *text, size_t len, struct dsn_facts *facts);
void dsn_free(struct dsn_facts *facts);

/* What became of the mail to that mailbox: by Original-Recipient, else by Final-Recipient, else
 * (a list, an alias) the worst there is. NULL when there is nobody. */
const struct dsn_recipient *dsn_outcome(const struct dsn_facts *facts, const char *mailbox);

/* The same for what became of a recipient in words of one's own. Returns 0 or -1. */
int dsn_add(struct dsn_facts *facts, const struct dsn_recipient *recipient);

/* The first enhanced status code (RFC 3463) of class 2, 4 or 5 in a text, into status_r; ""
 * when there is none. */
void dsn_find_status(const char *text, size_t len, char status_r[16]);

#endif
