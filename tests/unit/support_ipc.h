/*
 * A server of the product's own code in a thread, for tests of both clients and of the server.
 *
 *	op         does
 *	echo       answers with the request
 *	later      the same, after "ms"
 *	never      no answer
 *	fail       an error of "kind" with "text"
 *	large      an answer that no frame holds
 *	flood      "n" events of 1 MiB, then an answer
 *	subscribe  {"sequence": since}, then three events {"sequence": since + 1} and so on
 *	broken     an answer that is no JSON
 *	who        {"uid", "gid", "pid"} of the peer
 *	stall      the loop stands still for "ms", then as echo
 *	drain      stops taking requests, then as later
 */
#ifndef POSTINVITE_TESTS_SUPPORT_IPC_H
#define POSTINVITE_TESTS_SUPPORT_IPC_H

#include <stdbool.h>

struct ipc_fixture;

/* Listens on the Unix socket of that path. `mute`: takes requests and answers none. */
struct ipc_fixture *ipc_fixture_start(const char *endpoint, bool mute);

/* Ends it as a kill would: what is under way gets no answer. Returns what it saw, in order
 * (free): r a request, d drained, c a peer closed, w more than 4 MiB wait behind a flood. */
char *ipc_fixture_stop(struct ipc_fixture **fixture);

/* {"op": op, name: number} or without the latter for a NULL name. */
struct json_object *ipc_request_new(const char *op, const char *name, int number);

#endif
