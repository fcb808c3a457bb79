/*
 * Which way to the state: a store that answers, else the lock. A socket that does not let us in is
 * the store's all the same: we are the wrong user for both ways. When the lock is taken although
 * nobody answers, its owner is a store that starts or another postinvite, and it is a matter of
 * waiting.
 */
#include "cli.h"

#include "base/clock.h"

#include <poll.h>
#include <stdint.h>

#define PAUSE_MS     50
#define SAY_AFTER_MS 1000
#define GIVE_UP_MS   120000

int state_open(const struct settings *settings, struct state **state_r, struct error *error)
{
	uint64_t begin = clock_monotonic_ms();
	bool said = false;

	for (;;) {
		struct error no_store;
		uint64_t waited;

		if (state_open_client(settings, state_r, &no_store) == 0)
			return 0;
		if (no_store.kind == ERROR_POLICY) {
			*error = no_store;
			return -1;
		}
		if (state_open_engine(settings, state_r, error) == 0)
			return 0;
		waited = clock_monotonic_ms() - begin;
		if (error->kind != ERROR_CONFLICT)
			return -1;
		error->kind = ERROR_TEMPORARY;
		if (waited > GIVE_UP_MS)
			return -1;
		if (waited > SAY_AFTER_MS && !said)
			cli_say("waiting: %s", error->text);
		said = waited > SAY_AFTER_MS;
		poll(NULL, 0, PAUSE_MS);
	}
}
