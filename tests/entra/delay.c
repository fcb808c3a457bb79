/* A thread that resumes suspended connections when their time has come. */
#include "http.h"
#include "util.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct waiting {
	struct waiting *next;
	struct MHD_Connection *conn;
	int64_t due;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_t thread;
static struct waiting *list;
static bool stopping;

/* Resumes who is due; when the next one is, or at most in an hour. */
static int64_t resume_due(void)
{
	int64_t now = now_ms(), next = now + 3600000;

	for (struct waiting **at = &list; *at;) {
		struct waiting *one = *at;

		if (!stopping && one->due > now) {
			next = one->due < next ? one->due : next;
			at = &one->next;
			continue;
		}
		*at = one->next;
		MHD_resume_connection(one->conn);
		free(one);
	}
	return next;
}

static void *run(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&lock);
	for (;;) {
		int64_t next = resume_due();
		struct timespec ts = {next / 1000, next % 1000 * 1000000};

		if (stopping)
			break;
		pthread_cond_timedwait(&changed, &lock, &ts);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

void delay_start(void)
{
	if (pthread_create(&thread, NULL, run, NULL))
		abort();
}

void delay_connection(struct MHD_Connection *conn, long ms)
{
	struct waiting *one;

	pthread_mutex_lock(&lock);
	if (!stopping) {
		one = xcalloc(1, sizeof *one);
		one->conn = conn;
		one->due = now_ms() + ms;
		one->next = list;
		list = one;
		MHD_suspend_connection(conn);
		pthread_cond_signal(&changed);
	}
	pthread_mutex_unlock(&lock);
}

void delay_stop(void)
{
	pthread_mutex_lock(&lock);
	stopping = true;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
}
