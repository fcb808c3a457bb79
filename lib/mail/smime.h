/*
 * S/MIME (RFC 8551): a message's content signed as multipart/signed, the signature detached, by
 * CMS with SHA-256, the certificate chain included.
 *
 * Threads: a signer may be used by any number of threads at once.
 */
#ifndef POSTINVITE_MAIL_SMIME_H
#define POSTINVITE_MAIL_SMIME_H

#include "base/buf.h"
#include "base/error.h"
#include "base/settings.h"

#include <stdbool.h>
#include <time.h>

struct smime_signer;

/* certificates: PEM, ours first, then those that lead to the root. key: PEM, not encrypted, not
 * accessible by others. Checked: that they belong together, that the certificate is one for mail,
 * and that the key is of a kind that mail programs know, RSA or EC. NULL: error (configuration). */
struct smime_signer *smime_signer_load(
	const char *certificates, const char *key, struct error *error);
void smime_signer_free(struct smime_signer **signer); /* accepts NULL; nulls */

/* When the last of the certificates begins, and when the first ends. */
time_t smime_signer_begin(const struct smime_signer *signer);
time_t smime_signer_end(const struct smime_signer *signer);

/* Does our certificate name a mailbox (subjectAltName, emailAddress) that the list of addresses
 * and "@domain"s has? */
bool smime_signer_names(const struct smime_signer *signer, string_list senders);

/* What stands around the signed entity. */
struct smime_signature {
	/* of the whole, as a milter gives it: lines joined by LF and a tab */
	char *content_type;
	char *before; /* the body up to the entity */
	char *behind; /* and from its end */
};

/* Signs the entity (header fields, empty line, body) as it stands: lines end in CRLF, and
 * nothing on the way may change it (mail/seven_bit.h). Returns 0 or -1 (temporary). */
int smime_sign(const struct smime_signer *signer, const struct buf *entity,
	struct smime_signature *signature_r, struct error *error);
void smime_signature_free(struct smime_signature *signature);

#endif
