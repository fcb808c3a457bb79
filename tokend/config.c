/*
 * Built at start, at each reload and by -t.
 */
#include "config.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* DAEMON_USER-wizard where the site made that user, else the common one. */
static uid_t wizard_user(const struct settings *settings)
{
	struct passwd *user = NULL;
	char *own;

	if (asprintf(&own, "%s-wizard", settings->daemon_user) >= 0) {
		user = getpwnam(own);
		free(own);
	}
	if (user == NULL)
		user = getpwnam(settings->daemon_user);
	return user != NULL ? user->pw_uid : (uid_t)-1;
}

int config_new(const struct settings *settings, void **config_r, struct error *error)
{
	struct config *config = calloc(1, sizeof(*config));

	if (config == NULL)
		return error_set(error, ERROR_TEMPORARY, "out of memory");
	config->wizard = wizard_user(settings);
	config->vault_keys = keyfile_load(settings->vault_key_file, error);
	if (config->vault_keys == NULL) {
		config_free(config);
		return error_prefix(error, "vault_key_file");
	}
	*config_r = config;
	return 0;
}

void config_free(void *derived)
{
	struct config *config = derived;

	keyfile_free(&config->vault_keys);
	free(config);
}

bool config_may_ask(const struct config *config, uid_t uid)
{
	return uid == 0 || uid == geteuid() || (uid == config->wizard && uid != (uid_t)-1);
}
