/*
 * Roles by uid. Root and the store's own user are the owner; where the site made no users of
 * their own for the programs, all run as the store's user.
 */
#include "store.h"

#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

static const struct {
	const char *suffix;
	enum store_role role;
} programs[] = {
	{"milter", STORE_ROLE_MILTER},
	{"wizard", STORE_ROLE_WIZARD},
	{"tokend", STORE_ROLE_TOKEND},
	{"policy", STORE_ROLE_POLICY},
	{"admin", STORE_ROLE_ADMIN},
};

void peers_init(struct peers *peers, const char *daemon_user)
{
	peers->own = geteuid();
	peers->n = 0;
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]) && peers->n < PEERS_MAX;
		i++) {
		char name[256];
		struct passwd *user;

		snprintf(name, sizeof(name), "%s-%s", daemon_user, programs[i].suffix);
		user = getpwnam(name);
		if (user == NULL)
			continue;
		peers->known[peers->n].uid = user->pw_uid;
		peers->known[peers->n++].role = programs[i].role;
	}
}

enum store_role peers_role(const struct peers *peers, uid_t uid)
{
	if (uid == 0 || uid == peers->own)
		return STORE_ROLE_OWNER;
	for (size_t i = 0; i < peers->n; i++)
		if (peers->known[i].uid == uid)
			return peers->known[i].role;
	return STORE_ROLE_NONE;
}
