/*
 * What tokend derives from a settings generation.
 */
#ifndef POSTINVITE_TOKEND_CONFIG_H
#define POSTINVITE_TOKEND_CONFIG_H

#include "base/error.h"
#include "base/keyfile.h"
#include "base/settings.h"

#include <stdbool.h>
#include <sys/types.h>

struct config {
	struct keyfile *vault_keys;
	uid_t wizard; /* whose requests are served, besides root's and our own user's; -1: nobody's */
};

/* For struct daemon_program's check and release. */
int config_new(const struct settings *settings, void **config_r, struct error *error);
void config_free(void *config);

bool config_may_ask(const struct config *config, uid_t uid);

#endif
