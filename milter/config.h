/*
 * What the milter derives from a generation of settings: parsed lists, patterns, and its
 * connections to the store.
 *
 * Threads: immutable once made; may be used from any thread.
 */
#ifndef POSTINVITE_MILTER_CONFIG_H
#define POSTINVITE_MILTER_CONFIG_H

#include "base/error.h"
#include "base/health.h"
#include "base/ipc_client.h"
#include "base/settings.h"
#include "mail/consent_table.h"
#include "mail/dkim.h"
#include "mail/recognise.h"
#include "mail/smime.h"

struct config {
	struct submitters *submitters;
	struct consent_table *consent_table;   /* NULL without consent senders */
	struct dkim_verifier *verifier;	       /* NULL when authserv_id is trusted */
	const char *authserv_id;	       /* within the settings, or NULL */
	char *tracked_url;		       /* how invitation links begin: "WIZARD_URL/i/" */
	struct smime_signer *signer;	       /* NULL: Welcome mails are not signed */
	struct health_certificate certificate; /* its; without one not_after is 0 */
	struct ipc_client *store;
};

/* Both as daemon_program's check and release. */
int config_new(const struct settings *settings, void **config_r, struct error *error);
void config_free(void *config);

#endif
