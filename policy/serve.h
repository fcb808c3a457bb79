/*
 * Connections of Postfix's, on libevent: they stay for as long as Postfix likes, thousands of
 * them, and cost a few hundred bytes each while nothing is asked. What is asked, and answered,
 * is a service's business.
 *
 * A client has one request under way at a time, as Postfix has it; what it sends meanwhile
 * waits. One that sends what is no request, or does not read its answers, is closed.
 *
 * Threads: all calls from the thread of the event loop.
 */
#ifndef POSTINVITE_POLICY_SERVE_H
#define POSTINVITE_POLICY_SERVE_H

#include "base/error.h"

#include <stddef.h>
#include <sys/types.h>

struct event_base;
struct server;
struct client;

struct service {
	const char *name; /* of the setting, for the log */
	size_t input_max; /* a request is no longer */

	/* Takes one request off the front of the bytes, which are the server's: answers it by
	 * client_answer, or calls client_wait and answers later by client_answer and
	 * client_resume. Returns its size, 0 when more bytes are needed, -1 with error to have
	 * the client closed. *scanned is 0 at a request's beginning and the service's until it
	 * is whole. */
	ssize_t (*take)(struct client *client, const char *bytes, size_t len, size_t *scanned,
		struct error *error);

	/* The client goes while it waits: what was given to client_wait is forgotten. */
	void (*forget)(void *waiting);
};

/* context is for server_context. NULL: out of memory. */
struct server *server_new(struct event_base *base, void *context);
void server_free(struct server **server); /* closes all; accepts NULL; nulls */

/* Serves the listening descriptor (taken over). Returns 0 or -1, out of memory. */
int server_listen(struct server *server, const struct service *service, int listener);

/* Serves one client at two descriptors (not taken over). Returns 0 or -1. */
typedef void server_fn(void *context);
int server_stream(struct server *server, const struct service *service, const int fds[2]);

/* Called each time that no client is left, from the loop, with the server's context. */
void server_when_idle(struct server *server, server_fn *idle);

/* Stops listening and closes all clients, those with a request under way once it is answered. */
void server_drain(struct server *server);

size_t server_clients(const struct server *server);

void *client_context(const struct client *client); /* the server's */
void client_answer(struct client *client, const char *bytes, size_t len);

/* From within take; waiting is not NULL. */
void client_wait(struct client *client, void *waiting);

/* Not from within take. The client may be gone behind it. */
void client_resume(struct client *client);

#endif
