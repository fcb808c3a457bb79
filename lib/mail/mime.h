/*
 * What a message is made of: the byte ranges of its parts, by GMime, which parses what mail
 * really looks like. Nothing here copies or changes a byte of the message.
 *
 * Call mail_init once, before any thread. After that all functions may be called from any
 * thread; a struct mime belongs to one at a time and borrows the message's bytes.
 */
#ifndef POSTINVITE_MAIL_MIME_H
#define POSTINVITE_MAIL_MIME_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define MIME_PARTS_MAX	  1000 /* further parts are not looked into */
#define MIME_CHARSET_SIZE 48

enum part_kind { PART_OTHER, PART_PLAIN, PART_HTML, PART_OTHER_TEXT, PART_DELIVERY_STATUS };

enum part_encoding {
	ENCODING_IDENTITY, /* 7bit, 8bit, binary, or none named */
	ENCODING_QUOTED_PRINTABLE,
	ENCODING_BASE64,
	ENCODING_UNKNOWN,
};

struct mime_part {
	enum part_kind kind;
	enum part_encoding encoding;
	/* Content-Disposition: attachment; or it has a file's name and is neither an
	 * alternative nor the first of what is related */
	bool attached;
	bool delsp;    /* format=flowed with delsp=yes */
	bool returned; /* of a message within this one */
	size_t start;  /* its encoded content within the message */
	size_t end;
	int header;			 /* its own: index for mime_header */
	char charset[MIME_CHARSET_SIZE]; /* "" when none is named */
};

/* The header fields of a part, or of what parts stand in. */
struct mime_header {
	/* without the empty line; both 0 where it has none of its own, as the message itself */
	size_t start, end;
	int parent; /* -1 at the top */
	/* while its parts are read: the next one is text though it may have a file's name */
	bool texts;
};

struct mime;

/* bytes: header fields, empty line and, from body_start on, the body, in lines that end in CRLF;
 * borrowed. A message cut short is parsed as far as it goes. NULL: error (temporary: out of
 * memory; not found: there is no reading it, since it has more of something than any mail has,
 * which would take seconds and gigabytes: 5000 lines that begin with "--", 10000 fields in the
 * headers of parts and messages, 1000 parameters in a field or 20000 in all, 100 groups in a list
 * of addresses, or lists whose commas times bytes come to 64 MB, as one of 1300 addresses). */
struct mime *mime_parse(const char *bytes, size_t len, size_t body_start, struct error *error);

/* The same, with the parts of attached messages, which mime_parse does not look into. With
 * body_start 0 the message's own header is one of the headers. */
struct mime *mime_parse_whole(
	const char *bytes, size_t len, size_t body_start, struct error *error);
void mime_free(struct mime **mime);

/* In order; NULL behind the last. */
size_t mime_part_count(const struct mime *mime);
const struct mime_part *mime_part(const struct mime *mime, size_t n);

/* By index; NULL where there is none (-1 is the index of none). */
size_t mime_header_count(const struct mime *mime);
const struct mime_header *mime_header(const struct mime *mime, int n);

/* Where the empty line begins that stands before a part's start, or that start without one. */
size_t mime_empty_line(const char *bytes, size_t start);

/* Words for what forbids an edit ("S/MIME signed", ...), NULL when nothing does: signed or
 * encrypted anywhere outside of attached messages. */
const char *mime_protection(const struct mime *mime);

void mail_init(void);

#endif
