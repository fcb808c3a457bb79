/*
 * Error texts and what each category means to the protocols we speak. The table is the
 * only place where a category becomes an SMTP reply, an HTTP status or an exit code.
 */
#include "base/error.h"

#include "base/utf8.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const struct error_answer answers[] = {
	[ERROR_NONE] = {"none", EX_OK, 200, "250", "2.0.0"},
	[ERROR_TEMPORARY] = {"temporary", EX_TEMPFAIL, 503, "451", "4.3.0"},
	[ERROR_PERMANENT] = {"permanent", EX_DATAERR, 400, "550", "5.6.0"},
	[ERROR_POLICY] = {"policy", EX_NOPERM, 403, "550", "5.7.1"},
	[ERROR_CONFIGURATION] = {"configuration", EX_CONFIG, 500, "451", "4.3.5"},
	[ERROR_NOT_FOUND] = {"not found", 1, 404, "550", "5.1.1"},
	[ERROR_CONFLICT] = {"conflict", EX_DATAERR, 409, "550", "5.7.0"},
	[ERROR_UNCERTAIN] = {"uncertain", EX_TEMPFAIL, 503, "451", "4.4.2"},
};

#define ANSWERS (sizeof(answers) / sizeof(answers[0]))

static void one_line(char *text)
{
	for (; *text != '\0'; text++) {
		size_t control = utf8_control_length(text);

		memset(text, ' ', control);
		text += control > 1;
	}
}

int error_vset(struct error *error, enum error_kind kind, const char *format, va_list args)
{
	error->kind = kind;
	vsnprintf(error->text, sizeof(error->text), format, args);
	one_line(error->text);
	return -1;
}

int error_set(struct error *error, enum error_kind kind, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_vset(error, kind, format, args);
	va_end(args);
	return -1;
}

int error_memory(struct error *error)
{
	return error_set(error, ERROR_TEMPORARY, "out of memory");
}

int error_prefix(struct error *error, const char *format, ...)
{
	char context[sizeof(error->text) / 2];
	size_t used, kept;
	va_list args;

	va_start(args, format);
	vsnprintf(context, sizeof(context) - 2, format, args);
	va_end(args);
	strcat(context, ": ");
	used = strlen(context);
	kept = strnlen(error->text, sizeof(error->text) - 1 - used);
	memmove(error->text + used, error->text, kept);
	memcpy(error->text, context, used);
	error->text[used + kept] = '\0';
	one_line(error->text);
	return -1;
}

static enum error_kind errno_kind(int errnum)
{
	switch (errnum) {
	case EACCES:
	case EPERM:
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
	case ELOOP:
	case EROFS:
	case ENAMETOOLONG:
	case EADDRNOTAVAIL:
		return ERROR_CONFIGURATION;
	default:
		return ERROR_TEMPORARY;
	}
}

int error_errno(struct error *error, int errnum, const char *format, ...)
{
	char words[128];
	va_list args;
	int used;

	error->kind = errno_kind(errnum);
	va_start(args, format);
	used = vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	if (used >= 0 && (size_t)used < sizeof(error->text))
		snprintf(error->text + used, sizeof(error->text) - (size_t)used, ": %s",
			strerror_r(errnum, words, sizeof(words)));
	one_line(error->text);
	return -1;
}

int error_open(struct error *error, int errnum, const char *path, const char *remedy)
{
	char words[128], names[1024];
	struct passwd entry, *user = NULL;
	const char *reason = strerror_r(errnum, words, sizeof(words));

	if (errnum == EACCES &&
		getpwuid_r(geteuid(), &entry, names, sizeof(names), &user) == 0 && user != NULL)
		error_set(error, errno_kind(errnum),
			"open %s: %s: user %.64s has to be able to read it, and to pass its folders",
			path, reason, user->pw_name);
	else if (errnum == ENOENT && *remedy != '\0')
		error_set(error, errno_kind(errnum), "open %s: %s: %s", path, reason, remedy);
	else
		error_errno(error, errnum, "open %s", path);
	return -1;
}

const struct error_answer *error_answer(enum error_kind kind)
{
	return &answers[(size_t)kind < ANSWERS ? kind : ERROR_PERMANENT];
}

bool error_is_passing(const struct error *error)
{
	return error->kind == ERROR_TEMPORARY || error->kind == ERROR_UNCERTAIN;
}

enum error_kind error_kind_named(const char *name)
{
	for (size_t i = 0; i < ANSWERS; i++)
		if (name != NULL && strcmp(answers[i].name, name) == 0)
			return (enum error_kind)i;
	return ERROR_PERMANENT;
}
