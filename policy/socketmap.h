/*
 * Postfix's socketmap protocol (socketmap_table(5)): requests and replies are netstrings,
 * "LENGTH:BYTES,"; a request is a map's name, a blank, and the key. Pure: bytes in, requests
 * out, nothing allocated.
 */
#ifndef POSTINVITE_POLICY_SOCKETMAP_H
#define POSTINVITE_POLICY_SOCKETMAP_H

#include "base/buf.h"
#include "base/error.h"
#include "text.h"

#include <sys/types.h>

#define SOCKETMAP_REQUEST_MAX 8192 /* bytes of a netstring that we take */
#define SOCKETMAP_REPLY_MAX   1024

struct look_up {
	struct text map;
	struct text key;
};

/* Reads one request off the front of the bytes. Returns its whole size with *request_r pointing
 * into the bytes, 0 when more are needed, -1 when the bytes are none (permanent). */
ssize_t socketmap_get(
	const char *bytes, size_t len, struct look_up *request_r, struct error *error);

enum socketmap_reply {
	SOCKETMAP_OK,
	SOCKETMAP_NOT_FOUND,
	SOCKETMAP_TEMPORARY,
	SOCKETMAP_PERMANENT
};

/* Appends a reply with its value or reason, which is cut where it is too long. */
void socketmap_put(enum socketmap_reply reply, const char *text, struct buf *out);

#endif
