/*
 * usage: measure FILE command [argument ...]
 *
 * Runs the command and writes "seconds seconds-of-CPU kilobytes" into the file: how long it
 * took, and the most memory that it had resident. A process counts what it was before it became
 * the command, so a small one has to start it. Ends with the command's status.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	double begin = now();
	struct rusage usage;
	int status;
	pid_t child;
	FILE *file;

	if (argc < 3)
		return EX_USAGE;
	child = fork();
	if (child == 0) {
		execv(argv[2], argv + 2);
		_exit(EX_UNAVAILABLE);
	}
	if (child < 0 || wait4(child, &status, 0, &usage) != child)
		return EX_OSERR;
	begin = now() - begin;
	file = fopen(argv[1], "w");
	if (file == NULL ||
		fprintf(file, "%f %f %ld\n", begin,
			seconds(usage.ru_utime) + seconds(usage.ru_stime),
			usage.ru_maxrss) < 0 ||
		fclose(file) != 0)
		return EX_CANTCREAT;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
}
