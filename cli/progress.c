/*
 * The line is written over itself, and wiped out in the end.
 */
#include "progress.h"

#include "base/clock.h"

#include <stdio.h>
#include <unistd.h>

#define AFTER_MS 1000
#define EVERY_MS 200

void progress_begin(struct progress *progress, bool with_output)
{
	*progress = (struct progress){
		.wanted = isatty(STDERR_FILENO) && !(with_output && isatty(STDOUT_FILENO)),
		.begin = clock_monotonic_ms(),
	};
}

void progress_say(struct progress *progress, long long rows)
{
	uint64_t now = progress->wanted ? clock_monotonic_ms() : 0;

	if (now < progress->begin + AFTER_MS || now < progress->said + EVERY_MS)
		return;
	progress->said = now;
	fprintf(stderr, "\r%lld rows ", rows);
}

void progress_clear(struct progress *progress)
{
	if (progress->said != 0)
		fputs("\r\033[K", stderr);
	progress->said = 0;
}
