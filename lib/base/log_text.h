/*
 * The text of a log line: what log_line writes, without program and level.
 *
 * A conversion right behind `=` is a value, such as "%s" in "from=%s". It stands as it is when
 * it is one word of printable ASCII without `"`, `\` and `=`; else in quotes. Between the
 * quotes of a format ("reason=\"%s\"") it is what is quoted. Within quotes `"`, `\` and `=`
 * have a backslash before them, and what is a control character or no UTF-8 is \xNN. So NAME=
 * is in a line only where the format says so, whoever wrote the value, and a field ends at a
 * space outside of quotes. A value that is too long ends with "...", and does not hide what
 * comes behind it.
 *
 * In any other place a text stands as it is, control characters replaced.
 *
 * Threads: pure.
 */
#ifndef POSTINVITE_BASE_LOG_TEXT_H
#define POSTINVITE_BASE_LOG_TEXT_H

#include <stdarg.h>
#include <stddef.h>

/* Writes at most size bytes, the closing NUL included; what is too long is cut. The format may
 * have %s, %.*s, %%, %d and %u, both with l or ll, and %zu; from anything else on it is
 * written as it is. */
void log_text(char *text_r, size_t size, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

#endif
