/*
 * The command line of postinvite(1).
 */
#ifndef POSTINVITE_CLI_FLAGS_H
#define POSTINVITE_CLI_FLAGS_H

#include "cli.h"

/* Fills cli from the arguments; cli->overrides has room for all of them. Returns the command,
 * which -h is one of, or NULL with a message about what makes no sense. */
cli_command_fn *flags_parse(struct cli *cli, int argc, char **argv);

#endif
