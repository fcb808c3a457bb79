/*
 * How the CLI reaches the state: through postinvite-store when one runs, else with the same
 * engine in its own process. Both answer the requests of store/protocol.h.
 */
#ifndef POSTINVITE_CLI_STATE_H
#define POSTINVITE_CLI_STATE_H

#include "base/error.h"
#include "base/json.h"
#include "base/settings.h"

struct state;

struct state_functions {
	const char *where; /* for people: what answers */
	/* The request is borrowed. Returns 0 with *reply_r (the caller's), or -1. */
	int (*ask)(struct state *state, struct json_object *request,
		struct json_object **reply_r, struct error *error);
	void (*close)(struct state *state); /* frees it */
};

struct state {
	const struct state_functions *functions; /* first member of each variant */
};

/* Whichever is there; while another process that is no store has the state, waits for it, with a
 * word on stderr. settings are borrowed until the state is closed. When it runs the engine and the
 * process is root's, the process becomes the owner of the state's directory (effective ids): files
 * opened later are opened as that user. Returns 0 or -1. */
int state_open(const struct settings *settings, struct state **state_r, struct error *error);

/* The variants. state_open_engine fails with conflict when another process has the state,
 * state_open_client temporarily when no store answers. */
int state_open_engine(
	const struct settings *settings, struct state **state_r, struct error *error);
int state_open_client(
	const struct settings *settings, struct state **state_r, struct error *error);

#endif
