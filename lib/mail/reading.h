/*
 * A text as a reader has it before him, and where in the source each of its bytes stands: from
 * where to where, since what follows it in the reading need not follow in the source. Tags,
 * soft line breaks and references lie between.
 *
 * Pure. A reading is the caller's (reading_free); the source must outlive only the call that
 * makes it.
 */
#ifndef POSTINVITE_MAIL_READING_H
#define POSTINVITE_MAIL_READING_H

#include <stddef.h>
#include <stdint.h>

struct reading {
	char *text; /* NUL-terminated */
	size_t len;
	uint32_t *from, *to; /* in the source; the same where nothing stands for the byte */
};

/* Room for so many bytes. Returns 0, or -1 out of memory or above DECODE_MAX. */
int reading_init(struct reading *reading, size_t max);
void reading_put(struct reading *reading, char byte, size_t from, size_t to);
void reading_free(struct reading *reading);

/* A range of the source. */
struct source_range {
	size_t start, end;
};

/* The next piece of the source that [*at, end) of the reading stands for, unbroken; *at moves
 * behind it. Returns 1, or 0 when nothing is left. */
int reading_piece(
	const struct reading *reading, size_t *at, size_t end, struct source_range *piece_r);

/* Text with format=flowed and delsp=yes (RFC 3676): a line that ends in a space goes on in the
 * next one. Quoted lines and the signature separator are left as they are. Returns 0 or -1 as
 * reading_init. */
int read_flowed(const char *source, size_t len, struct reading *reading_r);

#endif
