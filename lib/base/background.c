/*
 * Signals are for the program's own threads: they are blocked while the new one inherits its mask.
 */
#include "base/background.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

int background_run(void *(*run)(void *), void *context)
{
	pthread_attr_t detached;
	sigset_t all, before;
	pthread_t thread;
	int code;

	sigfillset(&all);
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&thread, &detached, run, context);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&detached);
	return code;
}

static void *run_close(void *context)
{
	close((int)(intptr_t)context);
	return NULL;
}

void background_close(int fd)
{
	if (background_run(run_close, (void *)(intptr_t)fd) != 0)
		close(fd);
}
