/*
 * One line a fact, made at the edge of a program; libraries do not log.
 *
 * Goes to stderr when somebody reads it (it is neither closed nor /dev/null), else to syslog
 * facility mail. Form: "QUEUEID: event name=value ...". A value that is not one plain word is put
 * in quotes, so that it can be taken for nothing else; base/log_text.h says how, and which
 * conversions a format may have. Never a secret.
 *
 * Threads: log_open once at start; log_line from any thread.
 */
#ifndef POSTINVITE_BASE_LOG_H
#define POSTINVITE_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

/* verbose > 0: debug lines too. to_syslog: not to stderr, whoever reads it. */
void log_open(const char *program, int verbose, bool to_syslog);
void log_line(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define log_debug(...)	 log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...)	 log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_error(...)	 log_line(LOG_LEVEL_ERROR, __VA_ARGS__)

#endif
