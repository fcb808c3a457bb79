/*
 * Bytes are read into one buffer of the server's and taken where they lie; a client owns memory
 * only for the beginning of a request. While a client waits its event stays armed, since it
 * hardly ever fires: when it does, it is disarmed until the answer is there.
 *
 * Answers are small and Postfix waits for them: they are written at once. What the socket does
 * not take means a client that does not read.
 *
 * A client whose connection is of no use is marked gone, and freed where nothing of it is on
 * the stack.
 */
#include "serve.h"

#include "base/buf.h"
#include "base/log.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_SIZE  65536
#define ACCEPT_MAX 64 /* in one turn of the loop */
#define LISTENERS  2

struct client {
	struct server *server;
	const struct service *service;
	TAILQ_ENTRY(client) entry;
	struct event readable;
	int in, out;
	bool owned; /* the descriptor is ours to close */
	bool gone;
	bool ended;  /* it sends nothing more */
	bool paused; /* its event is disarmed */
	void *waiting;
	size_t scanned;
	struct buf input; /* the beginning of a request; while waiting, what comes behind it */
};

TAILQ_HEAD(clients, client);

struct listener {
	struct server *server;
	const struct service *service;
	int fd;
	struct event *acceptable;
	struct event *again;
};

struct server {
	struct event_base *base;
	void *context;
	server_fn *idle;
	struct event *idle_event;
	bool draining;
	size_t clients_n;
	struct clients clients;
	size_t listeners_n;
	struct listener listeners[LISTENERS];
	char bytes[READ_SIZE];
};

void *client_context(const struct client *client)
{
	return client->server->context;
}

static void client_free(struct client *client)
{
	struct server *server = client->server;

	if (client->waiting != NULL)
		client->service->forget(client->waiting);
	event_del(&client->readable);
	if (client->owned)
		close(client->in);
	buf_free(&client->input);
	TAILQ_REMOVE(&server->clients, client, entry);
	free(client);
	if (--server->clients_n == 0)
		event_active(server->idle_event, EV_TIMEOUT, 0);
}

void client_answer(struct client *client, const char *bytes, size_t len)
{
	ssize_t n;

	if (client->gone)
		return;
	do
		n = client->owned ? send(client->out, bytes, len, MSG_NOSIGNAL)
				  : write(client->out, bytes, len);
	while (n < 0 && errno == EINTR);
	client->gone = n != (ssize_t)len;
}

void client_wait(struct client *client, void *waiting)
{
	client->waiting = waiting;
}

/* Hands requests over for as long as none waits. Returns how many bytes they were. */
static size_t client_requests(struct client *client, const char *bytes, size_t len)
{
	struct error error;
	size_t used = 0;

	while (!client->gone && client->waiting == NULL && !client->server->draining &&
		used < len) {
		ssize_t size = client->service->take(
			client, bytes + used, len - used, &client->scanned, &error);

		if (size < 0) {
			log_warning("%s: malformed request, connection closed: %s",
				client->service->name, error.text);
			client->gone = true;
		}
		if (size <= 0)
			break;
		used += (size_t)size;
	}
	return used;
}

static void client_bytes(struct client *client, const char *bytes, size_t len)
{
	size_t used;

	if (client->input.len == 0) {
		used = client_requests(client, bytes, len);
		buf_append(&client->input, bytes + used, len - used);
	} else {
		buf_append(&client->input, bytes, len);
		used = client_requests(client, client->input.data, client->input.len);
		buf_consume(&client->input, used);
	}
	if (client->input.len == 0)
		buf_free(&client->input);
	client->gone = client->gone || client->input.failed;
}

/* Frees it when it is of no use any more. */
static void client_settle(struct client *client)
{
	bool done = client->waiting == NULL && (client->ended || client->server->draining);

	if (client->gone || done)
		client_free(client);
}

void client_resume(struct client *client)
{
	client->waiting = NULL;
	client_bytes(client, "", 0);
	if (client->paused && client->waiting == NULL && !client->gone && !client->ended)
		client->paused = event_add(&client->readable, NULL) != 0;
	client_settle(client);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct client *client = context;
	ssize_t n;

	(void)what;
	if (client->waiting != NULL) {
		event_del(&client->readable);
		client->paused = true;
		return;
	}
	n = read(fd, client->server->bytes, READ_SIZE);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	client->ended = n <= 0;
	if (n > 0)
		client_bytes(client, client->server->bytes, (size_t)n);
	client_settle(client);
}

static struct client *client_new(
	struct server *server, const struct service *service, const int fds[2])
{
	struct client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		return NULL;
	client->server = server;
	client->service = service;
	client->in = fds[0];
	client->out = fds[1];
	buf_init(&client->input, service->input_max + READ_SIZE);
	if (event_assign(&client->readable, server->base, fds[0], EV_READ | EV_PERSIST,
		    on_readable, client) != 0 ||
		event_add(&client->readable, NULL) != 0) {
		free(client);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&server->clients, client, entry);
	server->clients_n++;
	return client;
}

static void on_acceptable(evutil_socket_t fd, short what, void *context)
{
	static const struct timeval pause = {.tv_usec = 100 * 1000};
	struct listener *listener = context;

	(void)what;
	for (int i = 0; i < ACCEPT_MAX; i++) {
		int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct client *client =
			peer < 0 ? NULL
				 : client_new(listener->server, listener->service,
					   (const int[]){peer, peer});

		if (client != NULL) {
			client->owned = true;
		} else if (peer >= 0) {
			close(peer);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			/* No descriptors or no memory: the socket would stay readable and the
			 * loop spin. */
			event_del(listener->acceptable);
			event_add(listener->again, &pause);
			return;
		}
	}
}

static void on_again(evutil_socket_t fd, short what, void *context)
{
	struct listener *listener = context;

	(void)fd;
	(void)what;
	event_add(listener->acceptable, NULL);
}

static void on_idle(evutil_socket_t fd, short what, void *context)
{
	struct server *server = context;

	(void)fd;
	(void)what;
	if (server->clients_n == 0 && server->idle != NULL)
		server->idle(server->context);
}

struct server *server_new(struct event_base *base, void *context)
{
	struct server *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return NULL;
	server->base = base;
	server->context = context;
	TAILQ_INIT(&server->clients);
	server->idle_event = event_new(base, -1, 0, on_idle, server);
	if (server->idle_event == NULL) {
		free(server);
		return NULL;
	}
	return server;
}

static void listener_close(struct listener *listener)
{
	if (listener->acceptable != NULL)
		event_free(listener->acceptable);
	if (listener->again != NULL)
		event_free(listener->again);
	close(listener->fd);
}

int server_listen(struct server *server, const struct service *service, int fd)
{
	struct listener *listener = &server->listeners[server->listeners_n];

	*listener = (struct listener){.server = server, .service = service, .fd = fd};
	listener->acceptable =
		event_new(server->base, fd, EV_READ | EV_PERSIST, on_acceptable, listener);
	listener->again = event_new(server->base, -1, 0, on_again, listener);
	if (listener->acceptable == NULL || listener->again == NULL ||
		event_add(listener->acceptable, NULL) != 0) {
		listener_close(listener);
		return -1;
	}
	server->listeners_n++;
	return 0;
}

int server_stream(struct server *server, const struct service *service, const int fds[2])
{
	return client_new(server, service, fds) != NULL ? 0 : -1;
}

void server_when_idle(struct server *server, server_fn *idle)
{
	server->idle = idle;
}

size_t server_clients(const struct server *server)
{
	return server->clients_n;
}

void server_drain(struct server *server)
{
	struct client *client = TAILQ_FIRST(&server->clients), *next;

	server->draining = true;
	while (server->listeners_n > 0)
		listener_close(&server->listeners[--server->listeners_n]);
	for (; client != NULL; client = next) {
		next = TAILQ_NEXT(client, entry);
		client_settle(client);
	}
	if (server->clients_n == 0)
		event_active(server->idle_event, EV_TIMEOUT, 0);
}

void server_free(struct server **server)
{
	struct client *client;

	if (*server == NULL)
		return;
	while ((client = TAILQ_FIRST(&(*server)->clients)) != NULL)
		client_free(client);
	while ((*server)->listeners_n > 0)
		listener_close(&(*server)->listeners[--(*server)->listeners_n]);
	event_free((*server)->idle_event);
	free(*server);
	*server = NULL;
}
