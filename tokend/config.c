/*
 * Built at start, at each reload and by -t.
 */
#include "config.h"

#include "letter.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* DAEMON_USER-PROGRAM where the site made that user; -1: it did not. */
static uid_t program_user(const struct settings *settings, const char *program)
{
	struct passwd *user = NULL;
	char *own;

	if (asprintf(&own, "%s-%s", settings->daemon_user, program) >= 0) {
		user = getpwnam(own);
		free(own);
	}
	return user != NULL ? user->pw_uid : (uid_t)-1;
}

/* The wizard's own user, else the common one. */
static uid_t wizard_user(const struct settings *settings)
{
	uid_t own = program_user(settings, "wizard");
	struct passwd *user = own == (uid_t)-1 ? getpwnam(settings->daemon_user) : NULL;

	return user != NULL ? user->pw_uid : own;
}

/* Users and @groups by their numbers. Returns 0 or -1. */
static int take_readers(struct config *config, string_list names, struct error *error)
{
	size_t n = 0;

	while (names[n] != NULL)
		n++;
	config->readers = calloc(n + 1, sizeof(*config->readers));
	config->reader_groups = calloc(n + 1, sizeof(*config->reader_groups));
	if (config->readers == NULL || config->reader_groups == NULL)
		return error_memory(error);
	for (; *names != NULL; names++) {
		bool is_group = **names == '@';
		const struct group *group = is_group ? getgrnam(*names + 1) : NULL;
		const struct passwd *user = is_group ? NULL : getpwnam(*names);

		if (group == NULL && user == NULL)
			return error_set(error, ERROR_CONFIGURATION,
				"token_readers: there is no %s \"%s\"",
				is_group ? "group" : "user", *names + is_group);
		if (is_group)
			config->reader_groups[config->reader_groups_n++] = group->gr_gid;
		else
			config->readers[config->readers_n++] = user->pw_uid;
	}
	return 0;
}

static int load(const struct settings *settings, struct config *config, struct error *error)
{
	config->vault_keys = keyfile_load(settings->vault_key_file, error);
	if (config->vault_keys == NULL)
		return error_prefix(error, "vault_key_file");
	config->letters = letters_new(settings, error);
	if (config->letters == NULL ||
		take_readers(config, settings->token_readers, error) != 0)
		return -1;
	if (settings->webhook_url[0] == '\0')
		return 0;
	config->webhook_keys = keyfile_load(settings->webhook_key_file, error);
	return config->webhook_keys != NULL ? 0 : error_prefix(error, "webhook_key_file");
}

int config_new(const struct settings *settings, void **config_r, struct error *error)
{
	struct config *config = calloc(1, sizeof(*config));

	if (config == NULL)
		return error_memory(error);
	config->wizard = wizard_user(settings);
	config->admin = program_user(settings, "admin");
	if (load(settings, config, error) != 0) {
		config_free(config);
		return -1;
	}
	*config_r = config;
	return 0;
}

void config_free(void *derived)
{
	struct config *config = derived;

	keyfile_free(&config->vault_keys);
	keyfile_free(&config->webhook_keys);
	letters_free(&config->letters);
	free(config->readers);
	free(config->reader_groups);
	free(config);
}

static bool is_reader(const struct config *config, const struct ipc_peer *peer)
{
	uid_t uid = ipc_peer_identity(peer)->uid;

	for (size_t i = 0; i < config->readers_n; i++)
		if (config->readers[i] == uid)
			return true;
	for (size_t i = 0; i < config->reader_groups_n; i++)
		if (ipc_peer_in_group(peer, config->reader_groups[i]))
			return true;
	return false;
}

/* Who has which right. */
#define WIZARD 1u
#define READER 2u
#define ADMIN  4u

static const unsigned holders[] = {
	[RIGHT_WIZARD] = WIZARD,
	[RIGHT_READER] = READER,
	[RIGHT_VALIDATE] = READER | ADMIN,
	[RIGHT_OPERATOR] = ADMIN,
	[RIGHT_PING] = WIZARD | READER | ADMIN,
};

bool config_may_ask(const struct config *config, const struct ipc_peer *peer, enum right right)
{
	uid_t uid = ipc_peer_identity(peer)->uid;
	unsigned asker = 0;

	if (uid == 0 || uid == geteuid())
		return true;
	if (uid == config->wizard && uid != (uid_t)-1)
		asker |= WIZARD;
	if (uid == config->admin && uid != (uid_t)-1)
		asker |= ADMIN;
	if (is_reader(config, peer))
		asker |= READER;
	return (asker & holders[right]) != 0;
}
