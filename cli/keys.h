/*
 * Keys from standard input, one a line. What is there is passed on before more is waited for,
 * so that somebody may type keys, or a program write one when it has read the answer to the one
 * before.
 */
#ifndef POSTINVITE_CLI_KEYS_H
#define POSTINVITE_CLI_KEYS_H

#include "cli.h"

struct keys_taker {
	int (*take)(void *context, const char *key);
	int (*pause)(void *context); /* no more keys for now, or at all; may be NULL */
	void *context;
};

/* Passes all keys on until one of the functions returns non-zero, or nobody reads stdout any
 * more. What can be no key is said and left out. Returns 0, what the function returned, or -1
 * with cli->error. */
int keys_from_stdin(struct cli *cli, const struct keys_taker *taker);

#endif
