/*
 * Log lines. Whether stderr or syslog reads them is decided once, in log_open; each line is one
 * write, so that lines of several threads do not mix.
 */
#include "base/log.h"

#include "base/log_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static struct {
	const char *program;
	int verbose;
	int to_syslog;
} destination = {.program = "postinvite"};

static const struct {
	const char *word;
	int priority;
} levels[] = {
	[LOG_LEVEL_DEBUG] = {"debug: ", LOG_DEBUG},
	[LOG_LEVEL_INFO] = {"", LOG_INFO},
	[LOG_LEVEL_WARNING] = {"warning: ", LOG_WARNING},
	[LOG_LEVEL_ERROR] = {"error: ", LOG_ERR},
};

/* A terminal, a pipe, a socket of the supervisor's or a file that somebody redirected to. */
static int stderr_is_read(void)
{
	struct stat st, null;

	if (fstat(STDERR_FILENO, &st) != 0)
		return 0;
	if (!S_ISCHR(st.st_mode) || isatty(STDERR_FILENO))
		return 1;
	return stat("/dev/null", &null) == 0 && st.st_rdev != null.st_rdev;
}

void log_open(const char *program, int verbose, bool to_syslog)
{
	destination.program = program;
	destination.verbose = verbose;
	destination.to_syslog = to_syslog || !stderr_is_read();
	if (destination.to_syslog)
		openlog(program, LOG_PID, LOG_MAIL);
}

void log_line(enum log_level level, const char *format, ...)
{
	char line[LINE_MAX_BYTES];
	va_list args;
	int head = 0;

	if (level == LOG_LEVEL_DEBUG && destination.verbose == 0)
		return;
	if (!destination.to_syslog)
		head = snprintf(
			line, sizeof(line), "%s[%d]: ", destination.program, (int)getpid());
	head += snprintf(line + head, sizeof(line) - (size_t)head, "%s", levels[level].word);
	va_start(args, format);
	log_text(line + head, sizeof(line) - (size_t)head - 1, format, args);
	va_end(args);
	if (destination.to_syslog) {
		syslog(levels[level].priority, "%s", line);
		return;
	}
	strcat(line, "\n");
	if (write(STDERR_FILENO, line, strlen(line)) < 0)
		return; /* nobody reads; there is nobody to tell */
}
