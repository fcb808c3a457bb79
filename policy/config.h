/*
 * What a settings generation means to the policy service: immutable, made by the daemon frame's
 * check.
 */
#ifndef POSTINVITE_POLICY_CONFIG_H
#define POSTINVITE_POLICY_CONFIG_H

#include "base/settings.h"
#include "mail/recognise.h"

struct config {
	const char **senders; /* of welcome_senders those listed in full; NULL-terminated */
	struct submitters *submitters;
};

int config_new(const struct settings *settings, void **config_r, struct error *error);
void config_free(void *config);

#endif
