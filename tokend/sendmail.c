/*
 * The mail lies in memory (memfd_create(2)) that becomes the program's standard input, so that
 * nothing is written to a pipe while the loop waits. What the program says goes to another such
 * file, which cannot grow beyond OUTPUT_MAX.
 */
#include "sendmail.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_MAX 1024
#define ARGS_MAX   32

extern char **environ;

TAILQ_HEAD(job_list, job);

struct job {
	TAILQ_ENTRY(job) link;
	struct sendmail *sendmail;
	char *command, *sender, *recipient;
	struct buf message;
	sendmail_done_fn *done;
	void *context;
	pid_t pid;
	int output;
	struct event *deadline;
	bool late;
};

struct sendmail {
	struct event_base *base;
	struct event *child; /* SIGCHLD */
	struct event *kick;  /* there may be something to start */
	struct job_list waiting, running;
	size_t waiting_n, running_n;
};

static void job_free(struct job *job)
{
	if (job->deadline != NULL)
		event_free(job->deadline);
	if (job->output >= 0)
		close(job->output);
	buf_free(&job->message);
	free(job->command);
	free(job->sender);
	free(job->recipient);
	free(job);
}

static void job_finish(struct job *job, const struct error *error)
{
	job->done(job->context, error);
	job_free(job);
}

/* The message as a file to be read from its beginning; -1 with errno. */
static int input_of(const struct buf *message)
{
	int fd = memfd_create("mail", MFD_CLOEXEC);

	for (size_t done = 0; fd >= 0 && done < message->len;) {
		ssize_t n = write(fd, message->data + done, message->len - done);

		if (n <= 0) {
			close(fd);
			return -1;
		}
		done += (size_t)n;
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

static int output_file(void)
{
	int fd = memfd_create("said", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && (ftruncate(fd, OUTPUT_MAX) != 0 ||
			       fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Signals as a program expects them; no descriptor of ours but these. Returns 0 or an errno. */
static int spawn(struct job *job, char **args, int input)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t all, none;
	int result;

	sigfillset(&all);
	sigemptyset(&none);
	if (posix_spawn_file_actions_init(&files) != 0)
		return ENOMEM;
	if (posix_spawnattr_init(&attributes) != 0) {
		posix_spawn_file_actions_destroy(&files);
		return ENOMEM;
	}
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	result = posix_spawn_file_actions_adddup2(&files, input, 0);
	if (result == 0)
		result = posix_spawn_file_actions_adddup2(&files, job->output, 1);
	if (result == 0)
		result = posix_spawn_file_actions_adddup2(&files, job->output, 2);
	if (result == 0)
		result = posix_spawn_file_actions_addclosefrom_np(&files, 3);
	if (result == 0)
		result = posix_spawn(&job->pid, args[0], &files, &attributes, args, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return result;
}

/* command, "-i", "-f", sender, "--", recipient. Words point into command, which is cut up. */
static int arguments(struct job *job, char *args[ARGS_MAX])
{
	char *next;
	size_t n = 0;

	for (char *word = strtok_r(job->command, " \t", &next); word != NULL;
		word = strtok_r(NULL, " \t", &next)) {
		if (n + 6 >= ARGS_MAX)
			return -1;
		args[n++] = word;
	}
	args[n++] = (char *)"-i";
	args[n++] = (char *)"-f";
	args[n++] = job->sender;
	args[n++] = (char *)"--";
	args[n++] = job->recipient;
	args[n] = NULL;
	return 0;
}

static int job_run(struct job *job, struct error *error)
{
	char *args[ARGS_MAX];
	int input, fault;

	if (arguments(job, args) != 0)
		return error_set(error, ERROR_TEMPORARY, "sendmail_command has too many words");
	input = input_of(&job->message);
	job->output = output_file();
	fault = input < 0 || job->output < 0 ? errno : spawn(job, args, input);
	if (input >= 0)
		close(input);
	if (fault == 0)
		return 0;
	error_errno(error, fault, "%s", args[0]);
	error->kind = ERROR_TEMPORARY;
	return -1;
}

static void on_deadline(evutil_socket_t unused, short what, void *context)
{
	struct job *job = context;

	(void)unused;
	(void)what;
	job->late = true;
	kill(job->pid, SIGKILL);
}

static void job_start(struct job *job)
{
	static const struct timeval limit = {SENDMAIL_MS / 1000, 0};
	struct sendmail *sendmail = job->sendmail;
	struct error error;

	TAILQ_REMOVE(&sendmail->waiting, job, link);
	sendmail->waiting_n--;
	if (job_run(job, &error) != 0) {
		job_finish(job, &error);
		return;
	}
	TAILQ_INSERT_TAIL(&sendmail->running, job, link);
	sendmail->running_n++;
	event_add(job->deadline, &limit);
}

static void on_kick(evutil_socket_t unused, short what, void *context)
{
	struct sendmail *sendmail = context;

	(void)unused;
	(void)what;
	while (sendmail->waiting_n > 0 && sendmail->running_n < SENDMAIL_MAX)
		job_start(TAILQ_FIRST(&sendmail->waiting));
}

static void describe(const struct job *job, int status, struct error *error)
{
	char said[OUTPUT_MAX + 1];
	ssize_t n = pread(job->output, said, OUTPUT_MAX, 0);

	said[n > 0 ? n : 0] = '\0';
	if (job->late)
		error_set(error, ERROR_UNCERTAIN, "%s: no end within %d s: %s", job->command,
			SENDMAIL_MS / 1000, said);
	else if (WIFSIGNALED(status))
		error_set(error, ERROR_UNCERTAIN, "%s: ended by signal %d: %s", job->command,
			WTERMSIG(status), said);
	else
		error_set(error, ERROR_TEMPORARY, "%s: exit status %d: %s", job->command,
			WEXITSTATUS(status), said);
}

static void job_ended(struct job *job, int status)
{
	struct error error;
	bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	TAILQ_REMOVE(&job->sendmail->running, job, link);
	job->sendmail->running_n--;
	event_active(job->sendmail->kick, 0, 0);
	if (!good)
		describe(job, status, &error);
	job_finish(job, good ? NULL : &error);
}

static void on_child(evutil_socket_t unused, short what, void *context)
{
	struct sendmail *sendmail = context;
	struct job *job = TAILQ_FIRST(&sendmail->running);

	(void)unused;
	(void)what;
	while (job != NULL) {
		struct job *next = TAILQ_NEXT(job, link);
		int status;

		if (waitpid(job->pid, &status, WNOHANG) == job->pid)
			job_ended(job, status);
		job = next;
	}
}

int sendmail_send(struct sendmail *sendmail, struct sendmail_mail *mail, sendmail_done_fn *done,
	void *context)
{
	struct job *job = calloc(1, sizeof(*job));

	if (job == NULL) {
		buf_free(&mail->message);
		return -1;
	}
	*job = (struct job){.sendmail = sendmail,
		.message = mail->message,
		.command = strdup(mail->command),
		.sender = strdup(mail->sender),
		.recipient = strdup(mail->recipient),
		.done = done,
		.context = context,
		.output = -1};
	job->deadline = evtimer_new(sendmail->base, on_deadline, job);
	if (job->command == NULL || job->sender == NULL || job->recipient == NULL ||
		job->deadline == NULL) {
		job_free(job);
		return -1;
	}
	TAILQ_INSERT_TAIL(&sendmail->waiting, job, link);
	sendmail->waiting_n++;
	event_active(sendmail->kick, 0, 0);
	return 0;
}

size_t sendmail_pending(const struct sendmail *sendmail)
{
	return sendmail->waiting_n + sendmail->running_n;
}

struct sendmail *sendmail_new(struct event_base *base)
{
	struct sendmail *sendmail = calloc(1, sizeof(*sendmail));

	if (sendmail == NULL)
		return NULL;
	sendmail->base = base;
	TAILQ_INIT(&sendmail->waiting);
	TAILQ_INIT(&sendmail->running);
	sendmail->kick = event_new(base, -1, 0, on_kick, sendmail);
	sendmail->child = evsignal_new(base, SIGCHLD, on_child, sendmail);
	if (sendmail->kick == NULL || sendmail->child == NULL ||
		event_add(sendmail->child, NULL) != 0)
		sendmail_free(&sendmail);
	return sendmail;
}

static void drop_jobs(struct job_list *jobs)
{
	struct job *job;

	while ((job = TAILQ_FIRST(jobs)) != NULL) {
		TAILQ_REMOVE(jobs, job, link);
		job_free(job);
	}
}

void sendmail_free(struct sendmail **sendmail_r)
{
	struct sendmail *sendmail = *sendmail_r;

	if (sendmail == NULL)
		return;
	drop_jobs(&sendmail->waiting);
	drop_jobs(&sendmail->running);
	if (sendmail->kick != NULL)
		event_free(sendmail->kick);
	if (sendmail->child != NULL)
		event_free(sendmail->child);
	free(sendmail);
	*sendmail_r = NULL;
}
