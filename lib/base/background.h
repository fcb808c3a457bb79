/*
 * Work for which nobody waits, in a thread of its own that takes no signals.
 *
 * Threads: may be called from any.
 */
#ifndef POSTINVITE_BASE_BACKGROUND_H
#define POSTINVITE_BASE_BACKGROUND_H

/* Returns 0, or an errno value: run was not called and is not going to be. */
int background_run(void *(*run)(void *), void *context);

/* Closes the descriptor: when it is the last of a large file that was removed, that takes as
 * long as freeing its blocks. */
void background_close(int fd);

#endif
