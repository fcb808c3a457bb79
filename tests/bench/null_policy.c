/*
 * The cheapest policy server there can be, to compare with: it reads, does not look, and says
 * DUNNO. A read that ends with an empty line was a request.
 *
 * usage: null_policy unix:PATH
 */
#include "base/endpoint.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#define EVENTS 64

static void serve(int fd)
{
	static const char answer[] = "action=DUNNO\n\n";
	static char bytes[65536];
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

	if (n <= 0)
		close(fd);
	else if (n >= 2 && bytes[n - 1] == '\n' && bytes[n - 2] == '\n' &&
		 send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) < 0)
		close(fd);
}

static void watch(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	struct error error = {0};
	int epoll = epoll_create1(0);
	int listener = argc == 2 ? endpoint_listen(argv[1], 0666, (gid_t)-1, &error) : -1;

	if (listener < 0) {
		fprintf(stderr, "usage: null_policy unix:PATH\n%s\n", error.text);
		return EX_USAGE;
	}
	watch(epoll, listener);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.fd != listener)
				serve(events[i].data.fd);
			else
				watch(epoll, accept4(listener, NULL, NULL, SOCK_NONBLOCK));
		}
	}
}
