/*
 * Asks the state in a thread of its own, one request at a time, so that the next rows can be
 * read meanwhile. Between courier_send and courier_wait the state is the courier's: nobody else
 * asks.
 */
#ifndef POSTINVITE_CLI_COURIER_H
#define POSTINVITE_CLI_COURIER_H

#include "cli.h"

struct courier;

/* Opens the state, if it is not open yet. NULL: cli->error. */
struct courier *courier_new(struct cli *cli);

/* Waits for what is under way, whose answer goes to nobody. Accepts NULL; nulls. */
void courier_free(struct courier **courier);

/* Takes the request over (NULL is "out of memory"); nothing is under way. Returns 0 or -1. */
int courier_send(struct courier *courier, struct json_object *request);

/* Returns 1 with the answer of what is under way (the caller's), 0 when nothing is, -1 with
 * cli->error. */
int courier_wait(struct courier *courier, struct json_object **reply_r);

#endif
