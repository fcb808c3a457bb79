/*
 * What tokend derives from a settings generation.
 */
#ifndef POSTINVITE_TOKEND_CONFIG_H
#define POSTINVITE_TOKEND_CONFIG_H

#include "base/error.h"
#include "base/ipc_server.h"
#include "base/keyfile.h"
#include "base/settings.h"

#include <stdbool.h>
#include <sys/types.h>

struct config {
	struct keyfile *vault_keys;
	struct keyfile *webhook_keys; /* NULL where webhook_url is empty */
	struct letters *letters;      /* what mails say */
	/* the operator's pages' own user, who may ask what concerns operators; -1: there is
	 * none */
	uid_t admin;
	/* whose requests are served, besides root's and our own user's; -1: nobody's */
	uid_t wizard;
	uid_t *readers; /* token_readers */
	size_t readers_n;
	gid_t *reader_groups;
	size_t reader_groups_n;
};

/* What an op may be asked by, besides root and our own user. */
enum right {
	RIGHT_WIZARD,
	RIGHT_READER,
	RIGHT_VALIDATE, /* who reads tokens, and the operator's pages */
	RIGHT_OPERATOR, /* what concerns all invitations */
	RIGHT_PING,	/* whoever may ask anything */
};

/* For struct daemon_program's check and release. */
int config_new(const struct settings *settings, void **config_r, struct error *error);
void config_free(void *config);

bool config_may_ask(const struct config *config, const struct ipc_peer *peer, enum right right);

#endif
