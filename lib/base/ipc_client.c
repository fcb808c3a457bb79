/*
 * The blocking client. A call takes an idle connection or makes one, sends one frame, waits for one
 * and gives the connection back: no two calls share one at a time, so that the call number can be
 * constant. A connection on which anything unexpected happened is closed, never given back: a late
 * answer can not meet the next call.
 *
 * Sockets do not block; every wait is a poll(2) bounded by the call's deadline, which covers
 * connecting, reconnecting and repeating. An idle connection that turns out dead (the server was
 * started again) costs no pause, since a new one is tried at once; a new one that fails is tried
 * again after a short pause.
 */
#include "base/ipc_client.h"

#include "base/clock.h"
#include "base/endpoint.h"
#include "base/frame.h"
#include "base/json.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CALL_NUMBER	 1
#define READ_SIZE	 16384
#define IDLE_MAX	 64
#define FIRST_PAUSE_MS	 50
#define LONGEST_PAUSE_MS 200
#define SILENCE_MS	 1000
#define FOR_EVER	 UINT64_MAX

struct connection {
	struct connection *next;
	int fd;
	struct buf in;
};

struct ipc_client {
	char *endpoint;
	char *service;
	int timeout_ms;
	atomic_uint_fast64_t silent_until; /* clock_monotonic_ms; 0: it answers */
	pthread_mutex_t lock;		   /* guards what follows */
	struct connection *idle;
	unsigned idle_count;
};

/* One request on its way. */
struct asking {
	struct ipc_client *client;
	struct buf frame;
	int timeout_ms;
	uint64_t deadline;
	struct connection *connection; /* in use, or NULL */
};

enum outcome {
	OUTCOME_DONE,
	OUTCOME_REFUSED, /* the server's own error */
	OUTCOME_LOST,	 /* the connection is of no use any more */
	OUTCOME_LATE,
};

struct ipc_client *ipc_client_new(const char *endpoint, const char *service, int timeout_ms)
{
	struct ipc_client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		return NULL;
	client->endpoint = strdup(endpoint);
	client->service = strdup(service);
	client->timeout_ms = timeout_ms;
	pthread_mutex_init(&client->lock, NULL);
	if (client->endpoint == NULL || client->service == NULL)
		ipc_client_free(&client);
	return client;
}

static void connection_close(struct connection **connection)
{
	if (*connection == NULL)
		return;
	close((*connection)->fd);
	buf_free(&(*connection)->in);
	free(*connection);
	*connection = NULL;
}

void ipc_client_free(struct ipc_client **client)
{
	struct connection *connection;

	if (*client == NULL)
		return;
	while ((connection = (*client)->idle) != NULL) {
		(*client)->idle = connection->next;
		connection_close(&connection);
	}
	pthread_mutex_destroy(&(*client)->lock);
	free((*client)->endpoint);
	free((*client)->service);
	free(*client);
	*client = NULL;
}

static struct connection *connection_open(struct ipc_client *client, struct error *error)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL) {
		error_memory(error);
		return NULL;
	}
	connection->fd = endpoint_connect_start(client->endpoint, error);
	if (connection->fd < 0) {
		free(connection);
		return NULL;
	}
	buf_init(&connection->in, FRAME_MAX + FRAME_HEADER + READ_SIZE);
	return connection;
}

static struct connection *idle_take(struct ipc_client *client)
{
	struct connection *connection;

	pthread_mutex_lock(&client->lock);
	connection = client->idle;
	if (connection != NULL) {
		client->idle = connection->next;
		client->idle_count--;
	}
	pthread_mutex_unlock(&client->lock);
	return connection;
}

static void idle_give(struct ipc_client *client, struct connection *connection)
{
	/* What came behind the answer belongs to no call. */
	bool keep = connection->in.len == 0;

	if (connection->in.cap > READ_SIZE * 4)
		buf_free(&connection->in);
	pthread_mutex_lock(&client->lock);
	keep = keep && client->idle_count < IDLE_MAX;
	if (keep) {
		connection->next = client->idle;
		client->idle = connection;
		client->idle_count++;
	}
	pthread_mutex_unlock(&client->lock);
	if (!keep)
		connection_close(&connection);
}

static enum outcome wait_for(int fd, short events, uint64_t deadline)
{
	struct pollfd waiting = {.fd = fd, .events = events};

	for (;;) {
		uint64_t now = clock_monotonic_ms();
		int left = -1;

		if (deadline != FOR_EVER) {
			if (now >= deadline)
				return OUTCOME_LATE;
			left = deadline - now < INT_MAX ? (int)(deadline - now) : INT_MAX;
		}
		if (poll(&waiting, 1, left) > 0)
			return OUTCOME_DONE;
	}
}

static bool would_block(int errnum)
{
	return errnum == EAGAIN || errnum == EWOULDBLOCK || errnum == EINTR;
}

static enum outcome send_frame(const struct asking *asking, struct error *error)
{
	int fd = asking->connection->fd;
	size_t sent = 0;

	while (sent < asking->frame.len) {
		ssize_t n = send(
			fd, asking->frame.data + sent, asking->frame.len - sent, MSG_NOSIGNAL);

		if (n >= 0) {
			sent += (size_t)n;
		} else if (!would_block(errno)) {
			error_errno(error, errno, "send to %s", asking->client->endpoint);
			return OUTCOME_LOST;
		} else if (wait_for(fd, POLLOUT, asking->deadline) == OUTCOME_LATE) {
			return OUTCOME_LATE;
		}
	}
	return OUTCOME_DONE;
}

/* Reads what there is. */
static enum outcome receive_some(struct connection *connection, struct error *error)
{
	char bytes[READ_SIZE];
	ssize_t n = recv(connection->fd, bytes, sizeof(bytes), 0);

	if (n > 0) {
		buf_append(&connection->in, bytes, (size_t)n);
		if (!connection->in.failed)
			return OUTCOME_DONE;
		error_memory(error);
	} else if (n == 0) {
		error_set(error, ERROR_TEMPORARY, "it closed the connection");
	} else if (would_block(errno)) {
		return OUTCOME_DONE;
	} else {
		error_errno(error, errno, "receive");
	}
	return OUTCOME_LOST;
}

/* The next frame, whose bytes stay in the connection's buffer until they are consumed. */
static enum outcome receive_frame(struct connection *connection, uint64_t deadline,
	struct frame *frame_r, struct error *error)
{
	enum outcome outcome;

	for (;;) {
		ssize_t size =
			frame_get(connection->in.data, connection->in.len, frame_r, error);

		if (size < 0)
			return OUTCOME_LOST;
		if (size > 0)
			return OUTCOME_DONE;
		outcome = wait_for(connection->fd, POLLIN, deadline);
		if (outcome == OUTCOME_DONE)
			outcome = receive_some(connection, error);
		if (outcome != OUTCOME_DONE)
			return outcome;
	}
}

/* Reads what the frame says, which must be of the type that is expected or an error, and takes
 * it out of the buffer. */
static enum outcome take_frame(struct connection *connection, const struct frame *frame,
	enum frame_type expected, struct json_object **body_r, struct error *error)
{
	enum outcome outcome = OUTCOME_LOST;

	if (frame->call != CALL_NUMBER ||
		(frame->type != expected && frame->type != FRAME_ERROR)) {
		error_set(error, ERROR_TEMPORARY, "it answers what was not asked");
	} else if (frame->type == FRAME_ERROR) {
		frame_error(frame, error);
		outcome = OUTCOME_REFUSED;
	} else if (frame_object(frame, body_r, error) == 0) {
		outcome = OUTCOME_DONE;
	}
	buf_consume(&connection->in, FRAME_HEADER + frame->body_len);
	return outcome;
}

static enum outcome exchange(
	struct asking *asking, struct json_object **reply_r, struct error *error)
{
	struct frame frame;
	enum outcome outcome = send_frame(asking, error);

	if (outcome == OUTCOME_DONE)
		outcome = receive_frame(asking->connection, asking->deadline, &frame, error);
	if (outcome == OUTCOME_DONE)
		outcome = take_frame(asking->connection, &frame, FRAME_REPLY, reply_r, error);
	return outcome;
}

/* Waits before the next try. Returns false when no time is left for one. */
static bool pause_before_next(int *pause_ms, uint64_t deadline)
{
	*pause_ms = *pause_ms == 0 ? FIRST_PAUSE_MS : *pause_ms * 2;
	if (*pause_ms > LONGEST_PAUSE_MS)
		*pause_ms = LONGEST_PAUSE_MS;
	if (clock_monotonic_ms() + (uint64_t)*pause_ms >= deadline)
		return false;
	poll(NULL, 0, *pause_ms);
	return true;
}

static int no_answer(const struct asking *asking, struct error *error)
{
	struct ipc_client *client = asking->client;
	struct error why = *error;

	atomic_store(&client->silent_until, clock_monotonic_ms() + SILENCE_MS);
	return error_set(error, ERROR_TEMPORARY,
		"%s (%s) gave no answer within %d ms; is it running? Last: %s", client->service,
		client->endpoint, asking->timeout_ms, why.text);
}

/* Asks until there is an answer or no time left. Returns 0 or -1; asking->connection is in
 * order when it is not NULL. Idle connections are used only where `idle` says so. */
static int ask(
	struct asking *asking, bool idle, struct json_object **reply_r, struct error *error)
{
	struct ipc_client *client = asking->client;
	int pause_ms = 0;

	for (;;) {
		enum outcome outcome = OUTCOME_LOST;
		bool fresh;

		asking->connection = idle ? idle_take(client) : NULL;
		fresh = asking->connection == NULL;
		if (fresh)
			asking->connection = connection_open(client, error);
		if (asking->connection != NULL)
			outcome = exchange(asking, reply_r, error);
		else if (error->kind == ERROR_CONFIGURATION)
			return -1;
		if (outcome == OUTCOME_DONE || outcome == OUTCOME_REFUSED) {
			atomic_store(&client->silent_until, 0);
			return outcome == OUTCOME_DONE ? 0 : -1;
		}
		connection_close(&asking->connection);
		if (outcome == OUTCOME_LATE)
			error_set(error, ERROR_TEMPORARY, "no reply");
		if (outcome == OUTCOME_LATE ||
			(fresh && !pause_before_next(&pause_ms, asking->deadline)))
			return no_answer(asking, error);
	}
}

static int asking_init(struct asking *asking, struct ipc_client *client, int timeout_ms,
	struct json_object *request, struct error *error)
{
	const char *text = json_text(request);

	*asking = (struct asking){
		.client = client,
		.timeout_ms = timeout_ms,
		.deadline = clock_monotonic_ms() + (uint64_t)timeout_ms,
	};
	buf_init(&asking->frame, FRAME_MAX + FRAME_HEADER);
	frame_put(&asking->frame, CALL_NUMBER, FRAME_REQUEST, text, strlen(text));
	if (!asking->frame.failed)
		return 0;
	buf_free(&asking->frame);
	return error_set(
		error, ERROR_PERMANENT, "%s: the request is too large", client->service);
}

int ipc_call(struct ipc_client *client, struct json_object *request,
	struct json_object **reply_r, struct error *error)
{
	return ipc_call_within(client, client->timeout_ms, request, reply_r, error);
}

bool ipc_client_silent(struct ipc_client *client)
{
	uint_fast64_t until = atomic_load(&client->silent_until), now = clock_monotonic_ms();

	if (until == 0)
		return false;
	return now < until ||
	       !atomic_compare_exchange_strong(&client->silent_until, &until, now + SILENCE_MS);
}

int ipc_call_within(struct ipc_client *client, int timeout_ms, struct json_object *request,
	struct json_object **reply_r, struct error *error)
{
	struct asking asking;
	int result;

	*reply_r = NULL;
	if (asking_init(&asking, client, timeout_ms, request, error) != 0)
		return -1;
	result = ask(&asking, true, reply_r, error);
	if (asking.connection != NULL)
		idle_give(client, asking.connection);
	buf_free(&asking.frame);
	return result;
}

/* Hands one event out, or that none came. Returns what the callback does, or -1 with error set. */
static int stream_next(struct connection *connection, int wait_ms, ipc_stream_fn *event,
	void *context, struct error *error)
{
	uint64_t deadline = wait_ms < 0 ? FOR_EVER : clock_monotonic_ms() + (uint64_t)wait_ms;
	struct json_object *body = NULL;
	struct frame frame;
	enum outcome outcome = receive_frame(connection, deadline, &frame, error);
	int result;

	if (outcome == OUTCOME_LATE)
		return event(context, NULL);
	if (outcome == OUTCOME_DONE)
		outcome = take_frame(connection, &frame, FRAME_EVENT, &body, error);
	if (outcome == OUTCOME_LOST)
		error->kind = ERROR_TEMPORARY;
	if (outcome != OUTCOME_DONE)
		return -1;
	result = event(context, body);
	json_object_put(body);
	return result;
}

int ipc_stream(struct ipc_client *client, struct json_object *request, int wait_ms,
	ipc_stream_fn *event, void *context, struct error *error)
{
	struct json_object *reply = NULL;
	struct asking asking;
	int result;

	if (asking_init(&asking, client, client->timeout_ms, request, error) != 0)
		return -1;
	result = ask(&asking, false, &reply, error);
	json_object_put(reply);
	while (result == 0)
		result = stream_next(asking.connection, wait_ms, event, context, error);
	connection_close(&asking.connection);
	buf_free(&asking.frame);
	return result;
}
