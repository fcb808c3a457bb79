/*
 * A MIME entity as a signature needs it (RFC 8551 section 3.1.3): whatever mail hosts may do to
 * 8-bit text, long lines, blanks at a line's end and "From " at its start must not find
 * anything to do.
 *
 * Contents of parts with any of these or with line ends other than CRLF become quoted-printable
 * (text) or base64, also within attached messages. What is encoded already is broken into other
 * lines, bytes that should have been encoded are; and no Content-Transfer-Encoding says 8bit or
 * binary any more. All other bytes stay: 8-bit bytes in header fields and between parts, which no
 * host changes, and contents in an unknown encoding or with words in or behind their base64, of
 * which nobody knows what they say.
 *
 * Pure.
 */
#ifndef POSTINVITE_MAIL_SEVEN_BIT_H
#define POSTINVITE_MAIL_SEVEN_BIT_H

#include "base/buf.h"
#include "base/error.h"

/* entity: header fields, empty line, body, its lines ending in CRLF; changed in place. Returns
 * 0, or -1 (temporary: out of memory; permanent: a line that is too long stays). */
int seven_bit(struct buf *entity, struct error *error);

/* Would seven_bit do it? Most mail costs one look at it, one with long lines a reading of its
 * parts. An encoding field of a part that is too long is refused here, though seven_bit writes
 * another. Returns 0 or -1 as seven_bit. */
int seven_bit_possible(const struct buf *entity, struct error *error);

#endif
