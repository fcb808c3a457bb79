/*
 * A decoded text, and for each of its bytes where it came from in the source. It is what is
 * read next (HTML under quoted-printable), so that a hit in what the reader sees becomes a byte
 * range of the source.
 *
 * Pure. A decoded text is the caller's (decoded_free); its source must outlive only the call
 * that builds it.
 */
#ifndef POSTINVITE_MAIL_DECODE_H
#define POSTINVITE_MAIL_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longer parts are not looked into: no Welcome mail has a text of that size. */
#define DECODE_MAX ((size_t)4 * 1024 * 1024)

struct decoded {
	char *text; /* NUL-terminated */
	size_t len;
	/* at[i]: where text[i] starts in the source; at[len]: where the last one ends */
	uint32_t *at;
};

/* Return 0, or -1: out of memory or a source above DECODE_MAX. */
int decode_quoted_printable(const char *source, size_t len, struct decoded *decoded_r);

/* Foreign bytes are skipped; it ends behind the padding. */
int decode_base64(const char *source, size_t len, struct decoded *decoded_r);

/* Character references are replaced. */
int decode_html(const char *source, size_t len, struct decoded *decoded_r);
void decoded_free(struct decoded *decoded);

/* Is it base64 alone, with blanks at the start and the end of lines at most? Readers differ about
 * what words in it or behind it say. */
bool base64_is_clean(const char *source, size_t len);

/* The ASCII character that the reference at text ("&amp;") stands for, 0 when none that links
 * and placeholders are made of; *len_r is its length. */
char html_reference(const char *text, size_t len, size_t *len_r);

#endif
