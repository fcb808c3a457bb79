/*
 * The serving side. One read for each peer that is readable; every frame in it is handed out;
 * answers gather in the peer's buffer and leave with one write.
 *
 * "drained" and what must not happen while a handler is on the stack (closing a peer) are the
 * business of one event, turn_end, which whatever happens in a turn of the loop activates. libevent
 * runs what is activated from a callback behind all that was ready in that turn, within one
 * priority. So all requests of all peers that were ready are handed out before "drained" is called
 * once; this holds when the loop has priorities too, since all events here have the default one.
 *
 * A peer whose connection is of no use any more is marked gone at once, and what is said to it from
 * then on is dropped; closed() and its end come with turn_end, behind "drained". So a handler may
 * keep the peer in a batch, and may walk over its peers while it sends.
 */
#include "base/ipc_server.h"

#include "base/json.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_SIZE  65536
#define WRITE_SIZE (256 * 1024) /* more than this is written before the turn ends */
#define ACCEPT_MAX 64		/* in one turn */

struct ipc_peer {
	struct ipc_server *server;
	TAILQ_ENTRY(ipc_peer) entry;
	TAILQ_ENTRY(ipc_peer) due_entry;
	bool due; /* in the server's list of those with something to do at the end of the turn */
	bool gone;
	int fd;
	struct event *readable;
	struct event *writable; /* pending: the socket is full */
	struct buf in;		/* the beginning of a frame */
	struct buf out;
	struct ipc_peer_identity identity;
};

TAILQ_HEAD(peers, ipc_peer);

struct ipc_server {
	struct event_base *base;
	const struct ipc_server_handler *handler;
	void *context;
	int listener; /* -1: draining */
	struct event *acceptable;
	struct event *accept_again;
	struct event *turn_end;
	bool handed_out; /* requests, in this turn */
	struct peers peers;
	struct peers due;
	char bytes[READ_SIZE];
};

static void peer_is_due(struct ipc_peer *peer)
{
	if (peer->due)
		return;
	peer->due = true;
	TAILQ_INSERT_TAIL(&peer->server->due, peer, due_entry);
	event_active(peer->server->turn_end, EV_TIMEOUT, 0);
}

static void peer_is_gone(struct ipc_peer *peer)
{
	peer->gone = true;
	event_del(peer->readable);
	event_del(peer->writable);
	buf_free(&peer->out);
	peer_is_due(peer);
}

/* Writes what the socket takes; the rest goes when it is writable again. */
static void peer_write(struct ipc_peer *peer)
{
	size_t sent = 0;

	while (sent < peer->out.len) {
		ssize_t n = send(
			peer->fd, peer->out.data + sent, peer->out.len - sent, MSG_NOSIGNAL);

		if (n >= 0) {
			sent += (size_t)n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			break;
		} else if (errno != EINTR) {
			peer_is_gone(peer);
			return;
		}
	}
	buf_consume(&peer->out, sent);
	if (peer->out.len > 0)
		event_add(peer->writable, NULL);
	else if (peer->out.cap > WRITE_SIZE)
		buf_free(&peer->out);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	peer_write(context);
}

/* What was put into the buffer leaves with the turn, or now when it is much. */
static void peer_has_output(struct ipc_peer *peer)
{
	if (peer->out.failed)
		peer_is_gone(peer);
	else if (event_pending(peer->writable, EV_WRITE, NULL))
		return;
	else if (peer->out.len > WRITE_SIZE)
		peer_write(peer);
	else
		peer_is_due(peer);
}

static void peer_request(struct ipc_peer *peer, const struct frame *frame)
{
	struct ipc_server *server = peer->server;
	struct json_object *request;
	struct error error;

	if (frame_object(frame, &request, &error) != 0) {
		ipc_fail(peer, frame->call, &error);
		return;
	}
	server->handed_out = true;
	event_active(server->turn_end, EV_TIMEOUT, 0);
	server->handler->request(server->context, peer, frame->call, request);
	json_object_put(request);
}

/* Hands out the requests at the front of the bytes. Returns how many bytes they were. */
static size_t peer_requests(struct ipc_peer *peer, const char *bytes, size_t len)
{
	struct frame frame;
	struct error ignored;
	size_t used = 0;

	while (!peer->gone && peer->server->listener >= 0) {
		ssize_t size = frame_get(bytes + used, len - used, &frame, &ignored);

		if (size == 0)
			break;
		if (size < 0 || frame.type != FRAME_REQUEST) {
			peer_is_gone(peer);
			break;
		}
		peer_request(peer, &frame);
		used += (size_t)size;
	}
	return used;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct ipc_peer *peer = context;
	char *bytes = peer->server->bytes;
	ssize_t n = recv(fd, bytes, READ_SIZE, 0);
	size_t used;

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (n <= 0) {
		peer_is_gone(peer);
		return;
	}
	if (peer->in.len == 0) {
		used = peer_requests(peer, bytes, (size_t)n);
		buf_append(&peer->in, bytes + used, (size_t)n - used);
	} else {
		buf_append(&peer->in, bytes, (size_t)n);
		buf_consume(&peer->in, peer_requests(peer, peer->in.data, peer->in.len));
		if (peer->in.len == 0)
			buf_free(&peer->in);
	}
	if (peer->in.failed && !peer->gone)
		peer_is_gone(peer);
	/* What could be answered at once does not wait for others' changes to be committed. */
	if (!peer->gone && !event_pending(peer->writable, EV_WRITE, NULL))
		peer_write(peer);
}

static void peer_free(struct ipc_peer *peer)
{
	if (peer->readable != NULL)
		event_free(peer->readable);
	if (peer->writable != NULL)
		event_free(peer->writable);
	close(peer->fd);
	buf_free(&peer->in);
	buf_free(&peer->out);
	free(peer);
}

static void peer_close(struct ipc_peer *peer)
{
	struct ipc_server *server = peer->server;

	if (server->handler->closed != NULL)
		server->handler->closed(server->context, peer);
	if (peer->due)
		TAILQ_REMOVE(&server->due, peer, due_entry);
	TAILQ_REMOVE(&server->peers, peer, entry);
	peer_free(peer);
}

static void on_turn_end(evutil_socket_t fd, short what, void *context)
{
	struct ipc_server *server = context;
	struct ipc_peer *peer;

	(void)fd;
	(void)what;
	if (server->handed_out) {
		server->handed_out = false;
		if (server->handler->drained != NULL)
			server->handler->drained(server->context);
	}
	while ((peer = TAILQ_FIRST(&server->due)) != NULL) {
		TAILQ_REMOVE(&server->due, peer, due_entry);
		peer->due = false;
		if (peer->gone)
			peer_close(peer);
		else
			peer_write(peer);
	}
}

static void peer_new(struct ipc_server *server, int fd)
{
	struct ipc_peer *peer = calloc(1, sizeof(*peer));
	struct ucred credentials;
	socklen_t size = sizeof(credentials);

	if (peer == NULL || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
		free(peer);
		close(fd);
		return;
	}
	*peer = (struct ipc_peer){
		.server = server,
		.fd = fd,
		.identity = {.uid = credentials.uid,
			.gid = credentials.gid,
			.pid = credentials.pid},
		.readable =
			event_new(server->base, fd, EV_READ | EV_PERSIST, on_readable, peer),
		.writable = event_new(server->base, fd, EV_WRITE, on_writable, peer),
	};
	buf_init(&peer->in, FRAME_MAX + FRAME_HEADER + READ_SIZE);
	buf_init(&peer->out, IPC_SERVER_BACKLOG);
	if (peer->readable == NULL || peer->writable == NULL ||
		event_add(peer->readable, NULL) != 0) {
		peer_free(peer);
		return;
	}
	TAILQ_INSERT_TAIL(&server->peers, peer, entry);
}

static void on_acceptable(evutil_socket_t listener, short what, void *context)
{
	static const struct timeval pause = {.tv_usec = 100 * 1000};
	struct ipc_server *server = context;

	(void)what;
	for (int i = 0; i < ACCEPT_MAX; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			peer_new(server, fd);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			/* No descriptors or no memory: the socket would stay readable and the
			 * loop spin. */
			event_del(server->acceptable);
			event_add(server->accept_again, &pause);
			return;
		}
	}
}

static void on_accept_again(evutil_socket_t fd, short what, void *context)
{
	struct ipc_server *server = context;

	(void)fd;
	(void)what;
	event_add(server->acceptable, NULL);
}

struct ipc_server *ipc_server_new(struct event_base *base, int listener,
	const struct ipc_server_handler *handler, void *context)
{
	struct ipc_server *server = calloc(1, sizeof(*server));

	if (server == NULL) {
		close(listener);
		return NULL;
	}
	server->base = base;
	server->handler = handler;
	server->context = context;
	server->listener = listener;
	TAILQ_INIT(&server->peers);
	TAILQ_INIT(&server->due);
	server->acceptable =
		event_new(base, listener, EV_READ | EV_PERSIST, on_acceptable, server);
	server->accept_again = event_new(base, -1, 0, on_accept_again, server);
	server->turn_end = event_new(base, -1, 0, on_turn_end, server);
	if (server->acceptable == NULL || server->accept_again == NULL ||
		server->turn_end == NULL || event_add(server->acceptable, NULL) != 0)
		ipc_server_free(&server);
	return server;
}

void ipc_server_drain(struct ipc_server *server)
{
	if (server->listener < 0)
		return;
	event_del(server->acceptable);
	event_del(server->accept_again);
	close(server->listener);
	server->listener = -1;
	for (struct ipc_peer *peer = TAILQ_FIRST(&server->peers); peer != NULL;
		peer = TAILQ_NEXT(peer, entry))
		event_del(peer->readable);
}

void ipc_server_free(struct ipc_server **server)
{
	struct event *events[3];
	struct ipc_peer *peer;

	if (*server == NULL)
		return;
	while ((peer = TAILQ_FIRST(&(*server)->peers)) != NULL) {
		if (!peer->gone)
			peer_write(peer);
		peer_close(peer);
	}
	events[0] = (*server)->acceptable;
	events[1] = (*server)->accept_again;
	events[2] = (*server)->turn_end;
	for (size_t i = 0; i < 3; i++)
		if (events[i] != NULL)
			event_free(events[i]);
	if ((*server)->listener >= 0)
		close((*server)->listener);
	free(*server);
	*server = NULL;
}

const struct ipc_peer_identity *ipc_peer_identity(const struct ipc_peer *peer)
{
	return &peer->identity;
}

bool ipc_peer_in_group(const struct ipc_peer *peer, gid_t group)
{
	gid_t *groups;
	socklen_t len = 0;
	bool found = false;

	if (peer->gone)
		return false;
	if (peer->identity.gid == group)
		return true;
	/* Says how long the list is. */
	if (getsockopt(peer->fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) == 0 || errno != ERANGE)
		return false;
	groups = malloc(len);
	if (groups != NULL &&
		getsockopt(peer->fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == 0)
		for (size_t i = 0; i < len / sizeof(*groups); i++)
			found = found || groups[i] == group;
	free(groups);
	return found;
}

size_t ipc_peer_waiting(const struct ipc_peer *peer)
{
	return peer->out.len;
}

static void put(struct ipc_peer *peer, uint32_t call, enum frame_type type, const char *body,
	size_t len)
{
	struct error error;

	if (peer->gone)
		return;
	if (body == NULL || len > FRAME_BODY_MAX) {
		error_set(&error, body == NULL ? ERROR_TEMPORARY : ERROR_PERMANENT, "%s",
			body == NULL ? "out of memory" : "the answer is too large");
		ipc_fail(peer, call, &error);
		return;
	}
	frame_put(&peer->out, call, type, body, len);
	peer_has_output(peer);
}

void ipc_reply(struct ipc_peer *peer, uint32_t call, struct json_object *reply)
{
	const char *text = json_text(reply);

	put(peer, call, FRAME_REPLY, text, text != NULL ? strlen(text) : 0);
}

void ipc_reply_text(struct ipc_peer *peer, uint32_t call, const char *body, size_t len)
{
	put(peer, call, FRAME_REPLY, body, len);
}

void ipc_event(struct ipc_peer *peer, uint32_t call, const char *body, size_t len)
{
	put(peer, call, FRAME_EVENT, body, len);
}

void ipc_fail(struct ipc_peer *peer, uint32_t call, const struct error *error)
{
	if (peer->gone)
		return;
	frame_put_error(&peer->out, call, error);
	peer_has_output(peer);
}
