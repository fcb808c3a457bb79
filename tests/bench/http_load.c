/*
 * usage: http_load PORT PATH CONNECTIONS SECONDS
 *
 * Asks 127.0.0.1 for a path over kept connections, each with one request under way, and prints
 * how many whole answers a second came. Anything but 200 ends it. It reads no more of an answer
 * than it must, to leave the machine to the server.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256
#define ANSWER_MAX	65536

struct connection {
	int fd;
	char answer[ANSWER_MAX + 1];
	size_t len;
};

static char request[1024];
static struct connection connections[CONNECTIONS_MAX];

static void die(const char *what)
{
	fprintf(stderr, "http_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void ask(struct connection *connection)
{
	size_t len = strlen(request);

	connection->len = 0;
	if (send(connection->fd, request, len, 0) != (ssize_t)len)
		die("send");
}

static void open_connection(struct connection *connection, int port, int epoll)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

	connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection->fd < 0 ||
		connect(connection->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
		epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event) != 0)
		die("connect");
	ask(connection);
}

/* Is the answer whole? */
static bool whole(const struct connection *connection)
{
	const char *end = strstr(connection->answer, "\r\n\r\n");
	const char *length =
		end != NULL ? strcasestr(connection->answer, "\r\nContent-Length:") : NULL;

	if (length == NULL)
		return false;
	if (strncmp(connection->answer, "HTTP/1.1 200 ", 13) != 0) {
		fprintf(stderr, "http_load: %.12s\n", connection->answer);
		exit(1);
	}
	return connection->len >=
	       (size_t)(end + 4 - connection->answer) + strtoul(length + 17, NULL, 10);
}

/* Returns 1 when an answer is whole. */
static unsigned take(struct connection *connection)
{
	ssize_t n = recv(connection->fd, connection->answer + connection->len,
		ANSWER_MAX - connection->len, 0);

	if (n <= 0)
		die("recv");
	connection->len += (size_t)n;
	connection->answer[connection->len] = '\0';
	if (!whole(connection))
		return 0;
	ask(connection);
	return 1;
}

int main(int argc, char **argv)
{
	struct epoll_event events[CONNECTIONS_MAX];
	int epoll = epoll_create1(EPOLL_CLOEXEC), count;
	unsigned long answers = 0;
	double begin, end;

	if (argc != 5 || (count = atoi(argv[3])) < 1 || count > CONNECTIONS_MAX)
		return 64;
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n",
		argv[2], argv[1]);
	for (int i = 0; i < count; i++)
		open_connection(&connections[i], atoi(argv[1]), epoll);
	begin = now();
	end = begin + atof(argv[4]);
	while (now() < end) {
		int n = epoll_wait(epoll, events, CONNECTIONS_MAX, 1000);

		for (int i = 0; i < n; i++)
			answers += take(events[i].data.ptr);
	}
	printf("%.1f\n", (double)answers / (now() - begin));
	return 0;
}
