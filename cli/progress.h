/*
 * A line on the terminal that says how far a long work is: from a second on, and only where
 * somebody looks at stderr.
 */
#ifndef POSTINVITE_CLI_PROGRESS_H
#define POSTINVITE_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool wanted;
	uint64_t begin, said; /* ms; said 0: no line stands there */
};

/* with_output: the work writes to stdout, too; no line then when that is a terminal. */
void progress_begin(struct progress *progress, bool with_output);
void progress_say(struct progress *progress, long long rows);

/* To be called at the end, and before anything else is written to stderr. */
void progress_clear(struct progress *progress);

#endif
