/*
 * usage: policy_load ENDPOINT FILE CONNECTIONS SECONDS
 *
 * Sends the requests of the file, each ended by an empty line, over kept connections, one under
 * way on each, as Postfix does, and prints how many a second were answered. What is no answer
 * ends it.
 */
#include "base/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1000
#define FILE_MAX	(64 * 1024 * 1024)
#define REQUESTS_MAX	100000

static struct {
	const char *text;
	size_t len;
} requests[REQUESTS_MAX];
static size_t requests_n, next;

static void die(const char *what)
{
	fprintf(stderr, "policy_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void read_requests(const char *path)
{
	char *text = calloc(1, FILE_MAX), *end;
	FILE *file = fopen(path, "r");

	if (text == NULL || file == NULL || fread(text, 1, FILE_MAX - 1, file) == 0)
		die(path);
	fclose(file);
	while ((end = strstr(text, "\n\n")) != NULL && requests_n < REQUESTS_MAX) {
		requests[requests_n].text = text;
		requests[requests_n++].len = (size_t)(end + 2 - text);
		text = end + 2;
	}
	if (requests_n == 0)
		die("no requests");
}

static void ask(int fd)
{
	if (send(fd, requests[next].text, requests[next].len, 0) != (ssize_t)requests[next].len)
		die("send");
	next = (next + 1) % requests_n;
}

static void take_answer(int fd)
{
	char answer[1024];
	ssize_t n = recv(fd, answer, sizeof(answer), 0);

	if (n < 9 || memcmp(answer, "action=", 7) != 0 ||
		memcmp(answer + n - 2, "\n\n", 2) != 0)
		die("that was no answer");
}

static void open_connections(const char *endpoint, int connections, int epoll)
{
	struct error error;

	for (int i = 0; i < connections; i++) {
		struct epoll_event event = {.events = EPOLLIN};

		event.data.fd = endpoint_connect(endpoint, &error);
		if (event.data.fd < 0) {
			fprintf(stderr, "%s\n", error.text);
			exit(1);
		}
		epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
		ask(event.data.fd);
	}
}

int main(int argc, char **argv)
{
	struct epoll_event events[CONNECTIONS_MAX];
	int epoll = epoll_create1(0);
	double begin, end;
	long answers = 0;

	if (argc != 5 || atoi(argv[3]) > CONNECTIONS_MAX) {
		fprintf(stderr, "usage: policy_load ENDPOINT FILE CONNECTIONS SECONDS\n");
		return 2;
	}
	read_requests(argv[2]);
	begin = now();
	end = begin + atof(argv[4]);
	open_connections(argv[1], atoi(argv[3]), epoll);
	while (now() < end) {
		int n = epoll_wait(epoll, events, CONNECTIONS_MAX, 10000);

		if (n <= 0)
			die("no answer for 10 s");
		for (int i = 0; i < n; i++) {
			take_answer(events[i].data.fd);
			ask(events[i].data.fd);
			answers++;
		}
	}
	printf("%.1f\n", (double)answers / (now() - begin));
	return 0;
}
