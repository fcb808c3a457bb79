/*
 * A server in a thread. Answers that come later keep their peer until it is closed; whoever
 * stops the thread writes a byte into its pipe.
 */
#include "support.h"
#include "support_ipc.h"

#include "base/buf.h"
#include "base/endpoint.h"
#include "base/ipc_server.h"
#include "base/json.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

struct later {
	LIST_ENTRY(later) entry;
	struct ipc_peer *peer;
	uint32_t call;
	struct json_object *reply;
	struct event *timer;
};

struct ipc_fixture {
	pthread_t thread;
	bool mute;
	int stop[2];
	struct event_base *base;
	struct ipc_server *server;
	struct buf seen;
	LIST_HEAD(, later) laters;
};

struct asked {
	struct ipc_fixture *fixture;
	struct ipc_peer *peer;
	uint32_t call;
	struct json_object *request;
};

static void later_free(struct later *later)
{
	LIST_REMOVE(later, entry);
	event_free(later->timer);
	json_object_put(later->reply);
	free(later);
}

static void on_later(evutil_socket_t fd, short what, void *context)
{
	struct later *later = context;

	(void)fd;
	(void)what;
	ipc_reply(later->peer, later->call, later->reply);
	later_free(later);
}

static void op_echo(const struct asked *asked)
{
	ipc_reply(asked->peer, asked->call, asked->request);
}

static void op_later(const struct asked *asked)
{
	struct later *later = calloc(1, sizeof(*later));
	int ms = (int)json_int(asked->request, "ms", 0);
	struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	later->peer = asked->peer;
	later->call = asked->call;
	later->reply = json_object_get(asked->request);
	later->timer = event_new(asked->fixture->base, -1, 0, on_later, later);
	event_add(later->timer, &delay);
	LIST_INSERT_HEAD(&asked->fixture->laters, later, entry);
}

static void op_never(const struct asked *asked)
{
	(void)asked;
}

static void op_fail(const struct asked *asked)
{
	struct error error;

	error_set(&error, error_kind_named(json_string(asked->request, "kind", NULL)), "%s",
		json_string(asked->request, "text", "none"));
	ipc_fail(asked->peer, asked->call, &error);
}

static void op_large(const struct asked *asked)
{
	char *body = calloc(1, FRAME_MAX);

	ipc_reply_text(asked->peer, asked->call, body, FRAME_MAX);
	free(body);
}

static void op_flood(const struct asked *asked)
{
	size_t len = 1024 * 1024;
	char *body = malloc(len);

	memset(body, ' ', len);
	memcpy(body, "{}", 2);
	for (int64_t n = json_int(asked->request, "n", 0); n > 0; n--)
		ipc_event(asked->peer, asked->call, body, len);
	free(body);
	if (ipc_peer_waiting(asked->peer) > 4 * len)
		buf_byte(&asked->fixture->seen, 'w');
	op_echo(asked);
}

static void op_subscribe(const struct asked *asked)
{
	int64_t since = json_int(asked->request, "since", 0);
	char body[64];

	for (int64_t i = 0; i <= 3; i++) {
		int len = snprintf(
			body, sizeof(body), "{\"sequence\":%lld}", (long long)(since + i));

		if (i == 0)
			ipc_reply_text(asked->peer, asked->call, body, (size_t)len);
		else
			ipc_event(asked->peer, asked->call, body, (size_t)len);
	}
}

static void op_broken(const struct asked *asked)
{
	ipc_reply_text(asked->peer, asked->call, "{\"a\":", 5);
}

static void op_who(const struct asked *asked)
{
	const struct ipc_peer_identity *identity = ipc_peer_identity(asked->peer);
	struct json_object *reply = json_object_new_object();

	json_set_int(reply, "uid", identity->uid);
	json_set_int(reply, "gid", identity->gid);
	json_set_int(reply, "pid", identity->pid);
	ipc_reply(asked->peer, asked->call, reply);
	json_object_put(reply);
}

static void op_stall(const struct asked *asked)
{
	usleep((useconds_t)json_int(asked->request, "ms", 0) * 1000);
	op_echo(asked);
}

static void op_drain(const struct asked *asked)
{
	ipc_server_drain(asked->fixture->server);
	op_later(asked);
}

static const struct {
	const char *name;
	void (*run)(const struct asked *asked);
} ops[] = {
	{"echo", op_echo},
	{"later", op_later},
	{"never", op_never},
	{"fail", op_fail},
	{"large", op_large},
	{"flood", op_flood},
	{"subscribe", op_subscribe},
	{"broken", op_broken},
	{"who", op_who},
	{"stall", op_stall},
	{"drain", op_drain},
};

static void on_request(
	void *context, struct ipc_peer *peer, uint32_t call, struct json_object *request)
{
	struct ipc_fixture *fixture = context;
	struct asked asked = {fixture, peer, call, request};
	const char *op = json_string(request, "op", "");

	buf_byte(&fixture->seen, 'r');
	for (size_t i = 0; i < ARRAY_SIZE(ops) && !fixture->mute; i++)
		if (strcmp(ops[i].name, op) == 0)
			ops[i].run(&asked);
}

static void on_closed(void *context, struct ipc_peer *peer)
{
	struct ipc_fixture *fixture = context;
	struct later *later, *next;

	buf_byte(&fixture->seen, 'c');
	for (later = LIST_FIRST(&fixture->laters); later != NULL; later = next) {
		next = LIST_NEXT(later, entry);
		if (later->peer == peer)
			later_free(later);
	}
}

static void on_drained(void *context)
{
	buf_byte(&((struct ipc_fixture *)context)->seen, 'd');
}

static void on_stop(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(context);
}

static void *serve(void *context)
{
	struct ipc_fixture *fixture = context;
	struct event *stop =
		event_new(fixture->base, fixture->stop[0], EV_READ, on_stop, fixture->base);

	event_add(stop, NULL);
	event_base_dispatch(fixture->base);
	event_free(stop);
	return NULL;
}

struct ipc_fixture *ipc_fixture_start(const char *endpoint, bool mute)
{
	static const struct ipc_server_handler handler = {on_request, on_closed, on_drained};
	struct ipc_fixture *fixture = calloc(1, sizeof(*fixture));
	struct error error;
	int listener = endpoint_listen(endpoint, 0600, (gid_t)-1, &error);

	if (listener < 0)
		fail_msg("%s", error.text);
	fixture->mute = mute;
	buf_init(&fixture->seen, 1024 * 1024);
	LIST_INIT(&fixture->laters);
	fixture->base = event_base_new();
	fixture->server = ipc_server_new(fixture->base, listener, &handler, fixture);
	if (fixture->server == NULL || pipe(fixture->stop) != 0 ||
		pthread_create(&fixture->thread, NULL, serve, fixture) != 0)
		fail_msg("no server");
	return fixture;
}

char *ipc_fixture_stop(struct ipc_fixture **fixture)
{
	char *seen;

	if (write((*fixture)->stop[1], "", 1) != 1)
		fail_msg("cannot stop the server");
	pthread_join((*fixture)->thread, NULL);
	ipc_server_free(&(*fixture)->server);
	assert_true(LIST_EMPTY(&(*fixture)->laters));
	event_base_free((*fixture)->base);
	close((*fixture)->stop[0]);
	close((*fixture)->stop[1]);
	seen = buf_take(&(*fixture)->seen, NULL);
	free(*fixture);
	*fixture = NULL;
	return seen;
}

struct json_object *ipc_request_new(const char *op, const char *name, int number)
{
	struct json_object *request = json_object_new_object();

	json_set_string(request, "op", op);
	if (name != NULL)
		json_set_int(request, name, number);
	return request;
}
