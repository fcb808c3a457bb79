/*
 * postinvite-milter: recognises Welcome mails, delivery reports and consent mails as they pass
 * Postfix.
 *
 * libmilter waits for SIGHUP, SIGTERM and SIGINT in a thread of its own and ends on each of
 * them. Here the main thread keeps them unblocked with handlers, always, and the kernel prefers
 * it to any thread that waits for them: libmilter's never sees one. The handlers only note and
 * wake; the main thread reloads and stops.
 *
 * A stop does not go through smfi_stop either, for that drops the sessions under way. New
 * connections find no socket, messages under way get a few seconds to end, and the process goes
 * without tearing anything down under threads that libmilter does not let us join.
 */
#include "callbacks.h"
#include "config.h"
#include "monitor.h"
#include "session.h"
#include "turn.h"

#include "base/daemon.h"
#include "base/endpoint.h"
#include "base/log.h"
#include "mail/mime.h"

#include <errno.h>
#include <libmilter/mfapi.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define LARGE_PIECE   (256 * 1024)
#define ARENAS_MAX    4
#define DRAIN_MS      5000
#define DRAIN_STEP_MS 20

static sem_t woken;
static volatile sig_atomic_t reload_asked, stop_asked;
static char *listens; /* milter_listen as it is served: a reload does not change that */

static void on_signal(int number)
{
	int errnum = errno;

	if (number == SIGHUP)
		reload_asked = 1;
	else
		stop_asked = 1;
	sem_post(&woken);
	errno = errnum;
}

/* "inet:host:port" as libmilter spells it: "inet:port@host". */
static int connection_name(const char *endpoint, struct buf *name, struct error *error)
{
	const char *host, *port;
	size_t host_len;

	if (strncmp(endpoint, "inet:", 5) != 0) {
		buf_string(name, endpoint);
		return 0;
	}
	host = endpoint + 5;
	port = strrchr(host, ':');
	if (port == NULL)
		return error_set(
			error, ERROR_CONFIGURATION, "milter_listen: %s has no port", endpoint);
	host_len = (size_t)(port - host);
	if (host_len > 2 && *host == '[')
		buf_printf(name, "inet6:%s@%.*s", port + 1, (int)host_len - 2, host + 1);
	else
		buf_printf(name, "inet:%s@%.*s", port + 1, (int)host_len, host);
	return 0;
}

static int give_to_group(const char *endpoint, gid_t group, struct error *error)
{
	const char *path = endpoint + strlen("unix:");

	if (strncmp(endpoint, "unix:", 5) != 0 || group == (gid_t)-1)
		return 0;
	if (chown(path, (uid_t)-1, group) < 0)
		return error_errno(error, errno, "chgrp %s", path);
	return 0;
}

/* A socket that somebody answers on belongs to another milter; a stale one libmilter replaces. */
static int nobody_listens(const char *endpoint, struct error *error)
{
	int fd = endpoint_connect(endpoint, error);

	if (fd < 0)
		return 0;
	close(fd);
	return error_set(error, ERROR_TEMPORARY,
		"milter_listen: another process serves %s: stop that first; one "
		"that is stopping ends when its mails are through",
		endpoint);
}

static int listen_on(const struct settings *settings, struct error *error)
{
	const char *endpoint = settings->milter_listen;
	struct buf name;
	mode_t mask;
	int result;

	if (endpoint_check(endpoint, error) < 0 || nobody_listens(endpoint, error) < 0)
		return -1;
	listens = strdup(endpoint);
	if (listens == NULL)
		return error_memory(error);
	buf_init(&name, 4096);
	result = connection_name(endpoint, &name, error);
	mask = umask(0117);
	if (result == 0 && (smfi_setconn(name.data) != MI_SUCCESS ||
				   smfi_opensocket(true) != MI_SUCCESS)) {
		endpoint_listen_fault(endpoint, errno, error);
		result = error_prefix(error, "milter_listen");
	}
	umask(mask);
	buf_free(&name);
	return result == 0 ? give_to_group(endpoint, daemon_socket_group(settings), error) : -1;
}

static int prepare(struct daemon *daemon, struct error *error)
{
	const struct daemon_generation *generation;
	struct metrics *metrics = metrics_new("milter", NULL);
	int result;

	if (metrics == NULL)
		return error_memory(error);
	daemon_set_data(daemon, metrics);
	mail_init();
	generation = daemon_generation(daemon);
	result = callbacks_register(daemon, error);
	if (result == 0)
		result = listen_on(generation->settings, error);
	if (result == 0)
		daemon_own_socket(
			daemon, generation->settings, generation->settings->milter_listen);
	daemon_generation_release(&generation);
	return result;
}

static void *serve(void *unused)
{
	(void)unused;
	if (smfi_main() != MI_SUCCESS)
		log_error("libmilter ended with an error");
	stop_asked = 1;
	sem_post(&woken);
	return NULL;
}

/* libmilter and all its threads have the signals blocked, this thread never. */
static int start_serving(struct daemon *daemon, struct error *error)
{
	static const int signals[] = {SIGHUP, SIGTERM, SIGINT};
	struct sigaction action = {
		.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_NODEFER};
	pthread_t thread;
	sigset_t set;
	int result;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&set, signals[i]);
	if (sem_init(&woken, 0, 0) < 0)
		return error_errno(error, errno, "semaphore");
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	result = pthread_create(&thread, NULL, serve, NULL);
	if (result == 0)
		monitor_start(daemon);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	if (result != 0)
		return error_errno(error, result, "start libmilter");
	pthread_detach(thread);
	return 0;
}

static void drain(void)
{
	endpoint_unlink(listens);
	turn_close();
	for (int waited = 0; session_messages() > 0 && waited < DRAIN_MS;
		waited += DRAIN_STEP_MS)
		usleep(DRAIN_STEP_MS * 1000);
}

static int run(struct daemon *daemon)
{
	struct error error;

	if (start_serving(daemon, &error) < 0) {
		log_error("%s", error.text);
		return EX_OSERR;
	}
	daemon_ready(daemon);
	while (!stop_asked) {
		while (sem_wait(&woken) < 0 && errno == EINTR)
			continue;
		if (reload_asked) {
			reload_asked = 0;
			daemon_reload(daemon);
		}
	}
	daemon_stopping(daemon);
	drain();
	monitor_stop();
	_exit(EX_OK);
}

static const struct daemon_program program = {
	.name = "postinvite-milter",
	.purpose = "recognises Welcome and consent mails and injects invitation links",
	.check = config_new,
	.release = config_free,
	.prepare = prepare,
	.run = run,
};

int main(int argc, char **argv)
{
	/* Memory of a large mail goes back when it is done with: the C library would rather get
	 * used to its size, and keep such pieces within the arena of each thread. Small pieces it
	 * keeps there, and of arenas it would have eight for each CPU. */
	mallopt(M_MMAP_THRESHOLD, LARGE_PIECE);
	mallopt(M_ARENA_MAX, ARENAS_MAX);
	return daemon_main(&program, argc, argv);
}
