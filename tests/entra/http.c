/*
 * Reads a whole request, runs its handler under sim.lock, sends the answer. A
 * delayed answer suspends the connection, so that no thread waits.
 */
#include "http.h"

#include "req.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BODY_MAX (8u << 20)

static struct MHD_Daemon *daemon_handle;
static atomic_ulong connection_count;

struct sending { /* an answer that is made while it is read */
	char *data;
	size_t len, padding, end;
};

static enum MHD_Result add_arg(
	void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct req *req = cls;

	(void)kind;
	args_add(&req->args, name, value);
	return MHD_YES;
}

static struct req *req_new(struct MHD_Connection *conn, const char *method, const char *url)
{
	struct req *req = xcalloc(1, sizeof *req);
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	const char *bearer =
		MHD_lookup_connection_value(conn, MHD_HEADER_KIND, "Authorization");
	const char *agent = MHD_lookup_connection_value(conn, MHD_HEADER_KIND, "User-Agent");

	req->conn = conn;
	req->method = xstrdup(strcmp(method, "HEAD") ? method : "GET");
	req->path = xstrdup(url);
	req->arrived = now_ms();
	req->connection = info ? (unsigned long)(uintptr_t)info->socket_context : 0;
	if (bearer && !strncasecmp(bearer, "Bearer ", 7))
		req->bearer = xstrdup(bearer + 7);
	if (agent)
		req->user_agent = xstrdup(agent);
	MHD_get_connection_values(conn, MHD_GET_ARGUMENT_KIND, add_arg, req);
	return req;
}

static void req_free(struct req *req)
{
	free(req->method);
	free(req->path);
	free(req->tenant_name);
	free(req->bearer);
	free(req->user_agent);
	free(req->content_type);
	args_free(&req->args);
	args_free(&req->headers);
	buf_free(&req->body);
	buf_free(&req->out);
	json_object_put(req->json);
	json_object_put(req->fault);
	free(req);
}

static void parse_body(struct req *req)
{
	if (!req->body.len)
		return;
	if (!strncmp(req->path, "/_sim/", 6))
		req->json = json_tokener_parse(req->body.data);
	else
		args_parse(&req->args, req->body.data);
}

static void handle(struct req *req)
{
	req->handled = true;
	parse_body(req);
	pthread_mutex_lock(&sim.lock);
	req->route = route_find(req->method, req->path, &req->tenant_name);
	fault_choose(req);
	if (!fault_answers(req)) {
		if (req->route)
			req->route->handle(req);
		else
			answer_text(req, 404, "text/plain", "no such page\n");
	}
	fault_shape(req);
	log_request(req);
	pthread_mutex_unlock(&sim.lock);
}

static ssize_t read_sending(void *cls, uint64_t pos, char *to, size_t max)
{
	struct sending *s = cls;
	size_t len;

	if (pos >= s->end)
		return MHD_CONTENT_READER_END_WITH_ERROR; /* cut: more was announced */
	len = s->end - (size_t)pos < max ? s->end - (size_t)pos : max;
	if (pos < s->padding) {
		/* White space first: no JSON parser can answer before it has read it all. */
		len = len < s->padding - pos ? len : s->padding - (size_t)pos;
		memset(to, ' ', len);
	} else {
		memcpy(to, s->data + (pos - s->padding), len);
	}
	return (ssize_t)len;
}

static void free_sending(void *cls)
{
	struct sending *s = cls;

	free(s->data);
	free(s);
}

static struct MHD_Response *make_response(struct req *req)
{
	size_t total = req->out.len + req->padding;
	struct sending *s;

	if (req->ending == END_WHOLE && !req->padding)
		return MHD_create_response_from_buffer(
			req->out.len, req->out.data, MHD_RESPMEM_MUST_COPY);
	s = xcalloc(1, sizeof *s);
	s->data = xstrdup(req->out.data);
	s->len = req->out.len;
	s->padding = req->padding;
	s->end = req->ending == END_TRUNCATED && req->cut_at < total ? req->cut_at : total;
	return MHD_create_response_from_callback(total, 32768, read_sending, s, free_sending);
}

static enum MHD_Result send_answer(struct req *req)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	if (req->ending == END_DROPPED)
		return MHD_NO;
	response = make_response(req);
	if (!response)
		return MHD_NO;
	if (req->content_type)
		MHD_add_response_header(response, "Content-Type", req->content_type);
	MHD_add_response_header(response, "Cache-Control", "no-store, no-cache");
	for (size_t i = 0; i < req->headers.n; i++)
		MHD_add_response_header(
			response, req->headers.v[i].name, req->headers.v[i].value);
	result = MHD_queue_response(req->conn, (unsigned)req->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *conn, const char *url,
	const char *method, const char *version, const char *data, size_t *size, void **ctx)
{
	struct req *req = *ctx;

	(void)cls;
	(void)version;
	if (!req) {
		*ctx = req_new(conn, method, url);
		return MHD_YES;
	}
	if (*size) {
		if (req->body.len + *size > BODY_MAX)
			return MHD_NO;
		buf_add(&req->body, data, *size);
		*size = 0;
		return MHD_YES;
	}
	if (!req->handled) {
		handle(req);
		if (req->delay_ms > 0) {
			delay_connection(conn, req->delay_ms);
			return MHD_YES;
		}
	}
	return send_answer(req);
}

static void on_completed(void *cls, struct MHD_Connection *conn, void **ctx,
	enum MHD_RequestTerminationCode code)
{
	(void)cls;
	(void)conn;
	(void)code;
	if (*ctx)
		req_free(*ctx);
	*ctx = NULL;
}

/* Numbers the connections: tests see whether a request went over a fresh one. */
static void on_connection(void *cls, struct MHD_Connection *conn, void **socket_context,
	enum MHD_ConnectionNotificationCode code)
{
	(void)cls;
	(void)conn;
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		*socket_context =
			(void *)(uintptr_t)(atomic_fetch_add(&connection_count, 1) + 1);
}

static struct MHD_Daemon *start_daemon(
	const struct sockaddr_in *address, const char *cert, const char *key)
{
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)cert},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key},
		{MHD_OPTION_END, 0, NULL},
	};
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
			 MHD_USE_ERROR_LOG | (cert ? MHD_USE_TLS : 0);

	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, NULL, MHD_OPTION_SOCK_ADDR,
		address, MHD_OPTION_THREAD_POOL_SIZE, 2u, MHD_OPTION_CONNECTION_LIMIT, 20000u,
		MHD_OPTION_CONNECTION_TIMEOUT, 300u, MHD_OPTION_LISTEN_BACKLOG_SIZE, 1024u,
		MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION, on_connection, NULL,
		MHD_OPTION_ARRAY, cert ? tls : tls + 2, MHD_OPTION_END);
}

bool http_start(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	char *cert = NULL, *key = NULL, host[64];
	int port;

	if (!split_address(sim.listen, host, sizeof host, &port) ||
		inet_pton(AF_INET, host, &address.sin_addr) != 1) {
		fprintf(stderr, "entra: bad listen address %s\n", sim.listen);
		return false;
	}
	address.sin_port = htons((uint16_t)port);
	if (sim.tls_cert_file) {
		cert = read_whole_file(sim.tls_cert_file);
		key = read_whole_file(sim.tls_key_file ? sim.tls_key_file : sim.tls_cert_file);
	}
	if (!sim.tls_cert_file || (cert && key))
		daemon_handle = start_daemon(&address, cert, key);
	free(cert);
	free(key);
	if (!daemon_handle) {
		fprintf(stderr,
			"entra: cannot listen on %s (address in use, or bad certificate)\n",
			sim.listen);
		return false;
	}
	delay_start();
	return true;
}

void http_stop(void)
{
	delay_stop();
	MHD_stop_daemon(daemon_handle);
}
