/*
 * The framing of our own Unix sockets (store and tokend):
 *
 *	u32  length of what follows, big endian, at most FRAME_MAX
 *	u32  call number, chosen by the client, echoed in everything that answers it
 *	u8   type
 *	     body: one JSON object
 *
 * A client may have many calls under way on one connection; answers come in any order. Pure:
 * bytes in, frames out.
 */
#ifndef POSTINVITE_BASE_FRAME_H
#define POSTINVITE_BASE_FRAME_H

#include "base/buf.h"
#include "base/error.h"

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FRAME_HEADER   9
#define FRAME_MAX      (4 * 1024 * 1024)
#define FRAME_BODY_MAX (FRAME_MAX - 5)

enum frame_type {
	FRAME_REQUEST = 'Q',
	FRAME_REPLY = 'R', /* the call's answer; a subscription's first answer too */
	FRAME_ERROR = 'E', /* {"kind": error_answer name, "text": ...} */
	FRAME_EVENT = 'V', /* a subscription's item: any number behind its 'R' */
};

struct frame {
	uint32_t call;
	enum frame_type type;
	const char *body; /* points into the input */
	size_t body_len;
};

/* Append one frame, whole; one that is too large, or for which there is no room, sets out->failed.
 * A text that is not UTF-8 gets "?" for its odd bytes. */
void frame_put(struct buf *out, uint32_t call, enum frame_type type, const char *body,
	size_t body_len);
void frame_put_error(struct buf *out, uint32_t call, const struct error *error);

/* Reads one frame from the front of the bytes. Returns its whole size, 0 when more bytes are
 * needed, -1 when the bytes are no frame (permanent). */
ssize_t frame_get(const char *bytes, size_t len, struct frame *frame_r, struct error *error);

/* The body as an object (the caller's, json_object_put). Returns 0, or -1 when it is none
 * (permanent). */
int frame_object(const struct frame *frame, struct json_object **object_r, struct error *error);

/* Fills error from the body of a FRAME_ERROR. */
void frame_error(const struct frame *frame, struct error *error_r);

#endif
