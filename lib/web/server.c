/*
 * libmicrohttpd in external-epoll mode: its epoll descriptor is one event of the caller's loop,
 * and each wake-up runs MHD_run once. A deferred request's connection is suspended, which takes
 * it out of that epoll set; MHD_resume_connection shows in no descriptor, so that whoever
 * resumes also wakes the loop.
 *
 * libmicrohttpd's own time-out counts idle time only, so a client that sends a byte a second
 * would stay for ever. Every connection therefore has a deadline of ours, checked once a
 * second; what is over it is shut down at the socket, which libmicrohttpd then sees as a closed
 * peer.
 */
#include "web/internal.h"

#include "base/clock.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define FORM_TYPE "application/x-www-form-urlencoded"

struct web_server {
	struct web_server_options options;
	struct MHD_Daemon *mhd;
	struct event *readable; /* libmicrohttpd's epoll descriptor */
	struct event *wake;	/* to run libmicrohttpd without it: resumed, or it asked to */
	struct event *tick;	/* deadlines */
	struct web_connection *connections;
	uint64_t drain_deadline; /* 0: serving */
	void (*drained)(void *context);
	void *drained_context;
};

static uint64_t request_deadline(const struct web_server *server)
{
	int ms = server->options.request_ms;

	return clock_monotonic_ms() + (uint64_t)(ms > 0 ? ms : WEB_REQUEST_MS);
}

/* "" of a Unix socket. */
static void find_client(const struct sockaddr *address, char client_r[CLIENT_KEY_SIZE])
{
	struct in6_addr peer;

	client_r[0] = '\0';
	if (address_of(address, &peer) == 0)
		client_key(&peer, client_r);
}

/* A client that holds all connections would keep everybody else out. */
static enum MHD_Result let_in(void *context, const struct sockaddr *address, socklen_t len)
{
	const struct web_server *server = context;
	const struct web_server_options *options = &server->options;
	char client[CLIENT_KEY_SIZE];
	struct in6_addr peer;
	unsigned most, n = 0;

	(void)len;
	if (options->connections == NULL || address_of(address, &peer) != 0)
		return MHD_YES;
	find_client(address, client);
	for (const struct web_connection *c = server->connections; c != NULL; c = c->next)
		n += strcmp(c->client, client) == 0;
	most = options->connections(options->context, &peer);
	return most == 0 || n < most ? MHD_YES : MHD_NO;
}

static void connection_changed(void *context, struct MHD_Connection *mhd, void **socket_context,
	enum MHD_ConnectionNotificationCode what)
{
	struct web_server *server = context;
	struct web_connection *connection = *socket_context;
	const union MHD_ConnectionInfo *info;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		connection = calloc(1, sizeof(*connection));
		*socket_context = connection;
		if (connection == NULL)
			return;
		connection->server = server;
		connection->mhd = mhd;
		info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
		find_client(info != NULL ? info->client_addr : NULL, connection->client);
		connection->deadline = request_deadline(server);
		connection->fresh_until = clock_monotonic_ms() + WEB_FRESH_MS;
		connection->next = server->connections;
		connection->link = &server->connections;
		if (connection->next != NULL)
			connection->next->link = &connection->next;
		server->connections = connection;
	} else if (connection != NULL) {
		*connection->link = connection->next;
		if (connection->next != NULL)
			connection->next->link = connection->link;
		free(connection);
		*socket_context = NULL;
	}
}

static struct web_connection *connection_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

static void request_completed(void *context, struct MHD_Connection *mhd, void **data,
	enum MHD_RequestTerminationCode why)
{
	struct web_request *request = *data;

	(void)context;
	(void)mhd;
	(void)why;
	if (request == NULL)
		return;
	web_request_cancel(request);
	request->connection->request = NULL;
	request->connection->deadline = request_deadline(request->connection->server);
	web_request_free(&request);
	*data = NULL;
}

/* 413 before the body comes, when its length is announced. */
static bool announces_too_much(struct MHD_Connection *mhd)
{
	const char *length = MHD_lookup_connection_value(
		mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return length != NULL && strtoull(length, NULL, 10) > WEB_BODY_MAX;
}

static void read_form(struct web_request *request)
{
	const char *type = MHD_lookup_connection_value(
		request->connection->mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
	size_t len = type != NULL ? strcspn(type, "; \t") : 0;
	struct error error = {0};

	if (request->body.failed) {
		request->fault = MHD_HTTP_CONTENT_TOO_LARGE;
		return;
	}
	if (len != strlen(FORM_TYPE) || strncasecmp(type, FORM_TYPE, len) != 0)
		return;
	request->form = form_parse(request->body.data, request->body.len, &error);
	if (request->form == NULL)
		request->fault = error.kind == ERROR_TEMPORARY ? MHD_HTTP_SERVICE_UNAVAILABLE
							       : MHD_HTTP_BAD_REQUEST;
}

static void add_allow(
	struct web_request *request, const struct web_route *routes, const char *path)
{
	const struct web_route *route;
	char parameter[ROUTE_PARAMETER_MAX + 1];

	if (route_find(routes, "GET", path, &route, parameter) == ROUTE_FOUND)
		web_header(request, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	else
		web_header(request, MHD_HTTP_HEADER_ALLOW, "POST");
}

/* Is the client, or the link, asking too often? Then the fault is set. */
static void admit(const struct web_server *server, struct web_request *request)
{
	unsigned seconds = server->options.admit(server->options.context, request);
	char text[16];

	if (seconds == 0)
		return;
	snprintf(text, sizeof(text), "%u", seconds);
	web_header(request, MHD_HTTP_HEADER_RETRY_AFTER, text);
	request->fault = MHD_HTTP_TOO_MANY_REQUESTS;
}

static void dispatch(struct web_server *server, struct web_request *request, const char *path)
{
	static const unsigned statuses[] = {
		[ROUTE_NO_PATH] = MHD_HTTP_NOT_FOUND,
		[ROUTE_NO_METHOD] = MHD_HTTP_METHOD_NOT_ALLOWED,
	};

	request->connection->deadline = clock_monotonic_ms() + WEB_ANSWER_MS;
	if (server->options.admit != NULL)
		admit(server, request);
	if (request->fault == 0)
		read_form(request);
	if (request->fault == 0 && request->match >= ROUTE_NO_PATH)
		request->fault = statuses[request->match];
	if (request->fault == MHD_HTTP_METHOD_NOT_ALLOWED)
		add_allow(request, server->options.routes, path);
	if (request->fault != 0)
		server->options.problem(server->options.context, request, request->fault);
	else if (request->match == ROUTE_HEAD && !request->route->head)
		web_answer(request, MHD_HTTP_OK, "text/html; charset=utf-8", NULL);
	else
		request->route->handle(server->options.context, request);
}

static void count(const struct web_request *request)
{
	const struct web_server_options *options = &request->connection->server->options;
	const struct web_answered answered = {.route = request->route,
		.status = request->status,
		.us = clock_monotonic_us() - request->begun_us,
		.idle = request->idle};

	if (options->answered != NULL)
		options->answered(options->context, &answered);
}

static enum MHD_Result queue_answer(struct web_request *request, struct MHD_Connection *mhd)
{
	if (request->response == NULL)
		return MHD_NO;
	count(request);
	if (request->connection->server->drain_deadline != 0)
		MHD_add_response_header(request->response, MHD_HTTP_HEADER_CONNECTION, "close");
	return MHD_queue_response(mhd, request->status, request->response);
}

static enum MHD_Result begin(struct web_server *server, struct MHD_Connection *mhd,
	const char *path, const char *method, void **data)
{
	struct web_connection *connection = connection_of(mhd);
	struct web_request *request = connection != NULL ? web_request_new(connection) : NULL;

	if (request == NULL)
		return MHD_NO;
	*data = request;
	connection->request = request;
	connection->fresh_until = 0;
	request->begun_us = clock_monotonic_us();
	request->match = route_find(
		server->options.routes, method, path, &request->route, request->parameter);
	if (!announces_too_much(mhd))
		return MHD_YES;
	server->options.problem(server->options.context, request, MHD_HTTP_CONTENT_TOO_LARGE);
	return queue_answer(request, mhd);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *mhd, const char *path,
	const char *method, const char *version, const char *upload, size_t *upload_len,
	void **data)
{
	struct web_server *server = context;
	struct web_request *request = *data;

	(void)version;
	if (request == NULL)
		return begin(server, mhd, path, method, data);
	if (*upload_len > 0) {
		buf_append(&request->body, upload, *upload_len);
		*upload_len = 0;
		return MHD_YES;
	}
	if (!request->dispatched) {
		request->dispatched = true;
		request->begun_us = clock_monotonic_us();
		dispatch(server, request, path);
	}
	if (request->answered)
		return queue_answer(request, mhd);
	request->suspended = true;
	MHD_suspend_connection(mhd);
	return MHD_YES;
}

static void run(evutil_socket_t fd, short what, void *context)
{
	struct web_server *server = context;
	MHD_UNSIGNED_LONG_LONG ms;

	(void)fd;
	(void)what;
	MHD_run(server->mhd);
	if (server->drain_deadline != 0 && server->connections == NULL) {
		void (*drained)(void *) = server->drained;

		server->drained = NULL;
		if (drained != NULL)
			drained(server->drained_context);
		return;
	}
	if (MHD_get_timeout(server->mhd, &ms) == MHD_YES) {
		struct timeval after = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};

		event_add(server->wake, &after);
	}
}

void web_server_wake(struct web_server *server)
{
	event_active(server->wake, EV_TIMEOUT, 1);
}

/* Answers a deferred request in its handler's place. */
static void give_up(struct web_request *request)
{
	struct web_server *server = request->connection->server;

	web_request_cancel(request);
	if (request->more != NULL)
		web_piece(request, NULL, true);
	else
		server->options.problem(
			server->options.context, request, MHD_HTTP_SERVICE_UNAVAILABLE);
}

static void close_late(struct web_connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (info != NULL)
		shutdown(info->connect_fd, SHUT_RDWR);
}

/* When a connection must go while the server stops: at once when nothing is under way on it,
 * but not one whose client has just been let in and is about to ask. */
static bool over(const struct web_connection *connection, uint64_t now)
{
	uint64_t drain_deadline = connection->server->drain_deadline;

	if (now >= connection->deadline)
		return true;
	if (drain_deadline == 0)
		return false;
	return now >= drain_deadline ||
	       (connection->request == NULL && now >= connection->fresh_until);
}

static void tick(evutil_socket_t fd, short what, void *context)
{
	struct web_server *server = context;
	uint64_t now = clock_monotonic_ms();

	(void)fd;
	(void)what;
	for (struct web_connection *c = server->connections; c != NULL; c = c->next) {
		bool stopping = server->drain_deadline != 0;

		if (c->request != NULL && c->request->suspended) {
			if (now >= c->deadline || (stopping && c->request->idle) ||
				(stopping && now >= server->drain_deadline))
				give_up(c->request);
		} else if (over(c, now)) {
			close_late(c);
		}
	}
	run(-1, 0, server);
}

static struct MHD_Daemon *start_mhd(struct web_server *server)
{
	const struct web_server_options *o = &server->options;
	bool tls = o->tls_cert != NULL && o->tls_cert[0] != '\0';
	bool ca = tls && o->tls_client_ca != NULL && o->tls_client_ca[0] != '\0';
	struct MHD_OptionItem items[] = {
		{MHD_OPTION_LISTEN_SOCKET, o->listener, NULL},
		{MHD_OPTION_CONNECTION_LIMIT, WEB_CONNECTIONS, NULL},
		{MHD_OPTION_CONNECTION_MEMORY_LIMIT, WEB_CONNECTION_MEMORY, NULL},
		{MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
		{MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)request_completed, server},
		{MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)connection_changed, server},
		{tls ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0,
			(void *)(uintptr_t)o->tls_cert},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)o->tls_key},
		{ca ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0,
			(void *)(uintptr_t)o->tls_client_ca},
		{MHD_OPTION_END, 0, NULL},
	};
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (tls ? MHD_USE_TLS : 0);

	return MHD_start_daemon(flags, 0, let_in, server, on_request, server, MHD_OPTION_ARRAY,
		items, MHD_OPTION_END);
}

static int start_events(struct web_server *server)
{
	static const struct timeval second = {1, 0};
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->mhd, MHD_DAEMON_INFO_EPOLL_FD);
	struct event_base *base = server->options.base;

	if (info == NULL)
		return -1;
	server->readable = event_new(base, info->epoll_fd, EV_READ | EV_PERSIST, run, server);
	server->wake = event_new(base, -1, 0, run, server);
	server->tick = event_new(base, -1, EV_PERSIST, tick, server);
	if (server->readable == NULL || server->wake == NULL || server->tick == NULL)
		return -1;
	return event_add(server->readable, NULL) | event_add(server->tick, &second);
}

struct web_server *web_server_new(const struct web_server_options *options, struct error *error)
{
	struct web_server *server = calloc(1, sizeof(*server));

	if (server == NULL) {
		close(options->listener);
		error_memory(error);
		return NULL;
	}
	server->options = *options;
	server->mhd = start_mhd(server);
	if (server->mhd == NULL) {
		close(options->listener);
		error_set(error, ERROR_CONFIGURATION, "HTTP server does not start%s",
			options->tls_cert != NULL && options->tls_cert[0] != '\0'
				? ": certificate and key may not fit"
				: "");
	} else if (start_events(server) != 0) {
		error_memory(error);
	} else {
		return server;
	}
	web_server_free(&server);
	return NULL;
}

void web_server_drain(struct web_server *server, void (*drained)(void *context), void *context)
{
	MHD_socket listener;

	if (server->drain_deadline != 0)
		return;
	listener = MHD_quiesce_daemon(server->mhd);
	if (listener != MHD_INVALID_SOCKET)
		close(listener);
	server->drain_deadline = clock_monotonic_ms() + WEB_DRAIN_MS;
	server->drained = drained;
	server->drained_context = context;
	event_active(server->tick, EV_TIMEOUT, 1);
}

static void retired(void *context)
{
	struct web_server *server = context;

	web_server_free(&server);
}

void web_server_retire(struct web_server **server)
{
	if ((*server)->drain_deadline == 0) {
		web_server_drain(*server, retired, *server);
		(*server)->drain_deadline = UINT64_MAX;
	}
	*server = NULL;
}

void web_server_free(struct web_server **server)
{
	struct web_server *s = *server;

	if (s == NULL)
		return;
	for (struct web_connection *c = s->connections; c != NULL; c = c->next) {
		if (c->request != NULL && c->request->suspended)
			give_up(c->request);
	}
	if (s->mhd != NULL)
		MHD_stop_daemon(s->mhd);
	if (s->readable != NULL)
		event_free(s->readable);
	if (s->wake != NULL)
		event_free(s->wake);
	if (s->tick != NULL)
		event_free(s->tick);
	free(s);
	*server = NULL;
}
