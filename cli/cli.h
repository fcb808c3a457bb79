/*
 * postinvite(1): what its files share. One run is one struct cli; a command is a function that does
 * its part and returns the exit status.
 *
 * Messages go to stderr as "postinvite: ...", results to stdout; no message means no problem.
 */
#ifndef POSTINVITE_CLI_H
#define POSTINVITE_CLI_H

#include "state.h"

#include "base/error.h"
#include "base/json.h"
#include "base/settings.h"

#include <stdbool.h>

struct cli {
	bool given[128]; /* by flag letter */
	const char *config_directory;
	const char **overrides; /* of -o, NULL-terminated */
	size_t overrides_n;
	const char *argument;		 /* of the command: a key, or what -k makes */
	char **files;			 /* NULL-terminated operands */
	const struct settings *settings; /* NULL for -k, which needs no more than a path */
	struct state *state;		 /* opened by the first cli_ask */
	struct error error;		 /* why something returned -1 */
};

/* Asks for the request (taken over; NULL is "out of memory"). Returns 0 with *reply_r (the
 * caller's), or -1 with cli->error. */
int cli_ask(struct cli *cli, struct json_object *request, struct json_object **reply_r);

/* Opens the state unless it is open. Returns 0, or -1 with cli->error. */
int cli_open_state(struct cli *cli);

/* Says cli->error; returns the exit status of its kind. */
int cli_fail(const struct cli *cli);

void cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cli_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says what -v asks for. */
void cli_detail(const struct cli *cli, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The commands, named by their flags; cli_load is what happens without one. They return the
 * exit status. */
typedef int cli_command_fn(struct cli *cli);
int cli_load(struct cli *cli);
int cli_query(struct cli *cli);	   /* -q */
int cli_list(struct cli *cli);	   /* -s */
int cli_remove(struct cli *cli);   /* -d */
int cli_invite(struct cli *cli);   /* -n */
int cli_auth_url(struct cli *cli); /* -a */
int cli_history(struct cli *cli);  /* -e */
int cli_validate(struct cli *cli); /* -V */
int cli_token(struct cli *cli);	   /* -T */
int cli_follow(struct cli *cli);   /* -f */
int cli_settings(struct cli *cli); /* -p, -P */
int cli_new_key(struct cli *cli);  /* -k */

/* One setting of the configuration, whatever the others are. Returns 0 with *value_r (the caller's,
 * free), or -1. */
int cli_setting(struct cli *cli, const char *name, char **value_r);

#endif
