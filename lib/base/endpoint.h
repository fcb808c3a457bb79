/*
 * Addresses in Postfix notation: `unix:path`, `inet:host:port` (host may be [v6]).
 */
#ifndef POSTINVITE_BASE_ENDPOINT_H
#define POSTINVITE_BASE_ENDPOINT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Checks the notation. Returns 0 or -1 (configuration). */
int endpoint_check(const char *endpoint, struct error *error);

/* A listening, non-blocking, close-on-exec socket. A stale Unix socket (nobody answers) is
 * replaced, a live one is an error, and so is what is no socket. Unix sockets get `mode` and,
 * unless group is -1, that group. Returns the descriptor or -1. */
int endpoint_listen(const char *endpoint, mode_t mode, gid_t group, struct error *error);

/* Sets the error of who could not listen there, with what to do about that errno. Returns -1. */
int endpoint_listen_fault(const char *endpoint, int fault, struct error *error);

/* A connected, close-on-exec, blocking socket (Unix or the first of the host's addresses that
 * answers). Returns the descriptor or -1 (temporary: nobody listens there yet; policy: its mode
 * does not let us in). */
int endpoint_connect(const char *endpoint, struct error *error);

/* The same without waiting: the socket is non-blocking. A Unix socket is connected at once
 * (temporary failure too when the listener's queue is full); an inet one may be on its way:
 * writable when it is there, or send(2) says why not. */
int endpoint_connect_start(const char *endpoint, struct error *error);

/* Removes the path of a Unix endpoint; nothing for others. */
void endpoint_unlink(const char *endpoint);

#endif
