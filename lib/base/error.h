/*
 * Errors: a small category, which decides what a caller does, and a text, which a
 * person reads.
 *
 * A function that can fail returns 0 or -1 and fills a caller-owned struct error (never
 * NULL). The text is made where the fact is known, is complete ("open /x: Permission
 * denied"), holds no secret and no line break. One table maps the category to an SMTP
 * reply, an HTTP status and an exit code, so that no program decides this on its own.
 *
 * Threads: a struct error belongs to one thread at a time.
 */
#ifndef POSTINVITE_BASE_ERROR_H
#define POSTINVITE_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

enum error_kind {
	ERROR_NONE,
	ERROR_TEMPORARY,     /* may work later without anybody doing anything */
	ERROR_PERMANENT,     /* this input will never work */
	ERROR_POLICY,	     /* refused by a rule of the site */
	ERROR_CONFIGURATION, /* an operator has to change something */
	ERROR_NOT_FOUND,
	ERROR_CONFLICT,	 /* contradicts what is on record */
	ERROR_UNCERTAIN, /* a network write whose outcome is not known */
};

struct error {
	enum error_kind kind;
	char text[512];
};

/* Sets kind and text and returns -1, so that "return error_set(...)" reads well. A longer
 * text is cut; control characters are replaced, so that the text stays one line. */
int error_set(struct error *error, enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int error_vset(struct error *error, enum error_kind kind, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

/* Temporary: "out of memory". Returns -1. */
int error_memory(struct error *error);

/* Puts "context: " before the text. Returns -1. */
int error_prefix(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* As error_set with ": " and the words for errnum behind the text. ENOSPC, EDQUOT, ENOMEM,
 * EAGAIN, EMFILE and network failures are temporary, EACCES and ENOENT configuration. */
int error_errno(struct error *error, int errnum, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for a file that does not open, "open PATH: ...": where it may not be read, with the
 * user who may not and what to do; where it is not there, with remedy, or "". */
int error_open(struct error *error, int errnum, const char *path, const char *remedy);

/* The category as protocols and programs say it: name ("temporary"), exit status
 * (sysexits(3)), HTTP status, SMTP reply code and enhanced status (RFC 3463). */
struct error_answer {
	const char *name;
	int exit_status;
	int http_status;
	const char *smtp_code;
	const char *smtp_status;
};
const struct error_answer *error_answer(enum error_kind kind);

/* May the same succeed later without anybody doing anything: temporary, or uncertain? */
bool error_is_passing(const struct error *error);

/* The category of that name, ERROR_PERMANENT for a name that is not known. */
enum error_kind error_kind_named(const char *name);

#endif
