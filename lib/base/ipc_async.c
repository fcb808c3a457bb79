/*
 * The event-driven client. A call waits in one of two queues: `waiting` to be sent, or `sent`.
 * Losing the connection moves what was sent back to the front of what waits, in order, and so
 * everything unanswered is sent again. Frames are made only as the socket takes them, which bounds
 * the buffer whatever the number of calls.
 *
 * Nothing is sent and no callback called from within the functions of the header: ipc_async_call
 * activates an event, `push`, which connects and sends; answers come from the socket's event,
 * time-outs from a timer for each call. A call whose callback runs (`busy`) is freed behind it, so
 * that the callback may cancel any call, its own included.
 *
 * A subscription that is refused tells its callback and is asked again after a while: it stays
 * until cancelled.
 */
#include "base/ipc_client.h"

#include "base/endpoint.h"
#include "base/frame.h"
#include "base/json.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUCKETS		   1024
#define READ_SIZE	   65536
#define WRITE_SIZE	   65536 /* frames are made until so much waits to be written */
#define FIRST_PAUSE_MS	   50
#define LONGEST_PAUSE_MS   200
#define SUBSCRIBE_PAUSE_MS 2000

TAILQ_HEAD(queue, ipc_async_call);
LIST_HEAD(bucket, ipc_async_call);

struct ipc_async_call {
	struct ipc_async *async;
	TAILQ_ENTRY(ipc_async_call) entry;
	LIST_ENTRY(ipc_async_call) bucket_entry;
	struct queue *queue; /* the one it is in; NULL: only its timer waits */
	uint32_t number;
	bool known; /* in the table: an answer would find it */
	bool busy;  /* its callback runs */
	int timeout_ms;
	struct event *timer; /* or NULL */
	char *text;	     /* the request; NULL: a subscription, or too large to be sent */
	size_t text_len;
	ipc_request_fn *request; /* of a subscription */
	ipc_reply_fn *reply;
	void *context;
};

struct ipc_async {
	struct event_base *base;
	char *endpoint;
	char *service;
	int fd; /* -1: not connected */
	struct event *readable;
	struct event *writable;
	struct event *push;
	struct event *retry;
	int pause_ms;	      /* before the next try to connect */
	struct error trouble; /* why there was no answer lately; ERROR_NONE when all is well */
	struct buf in;
	struct buf out;
	uint32_t last_number;
	struct queue waiting;
	struct queue sent;
	struct bucket calls[BUCKETS];
	char bytes[READ_SIZE];
};

static struct timeval milliseconds(int ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

static struct ipc_async_call *call_find(struct ipc_async *async, uint32_t number)
{
	struct ipc_async_call *call = LIST_FIRST(&async->calls[number % BUCKETS]);

	while (call != NULL && call->number != number)
		call = LIST_NEXT(call, bucket_entry);
	return call;
}

static void call_enqueue(struct ipc_async_call *call, struct queue *queue)
{
	if (call->queue != NULL)
		TAILQ_REMOVE(call->queue, call, entry);
	call->queue = queue;
	if (queue != NULL)
		TAILQ_INSERT_TAIL(queue, call, entry);
}

/* No answer and no timer finds it any more. */
static void call_forget(struct ipc_async_call *call)
{
	if (!call->known)
		return;
	call->known = false;
	LIST_REMOVE(call, bucket_entry);
	call_enqueue(call, NULL);
	if (call->timer != NULL)
		event_del(call->timer);
}

static void call_free(struct ipc_async_call *call)
{
	if (call->timer != NULL)
		event_free(call->timer);
	free(call->text);
	free(call);
}

/* Tells the caller. For a call that is its end, a refused subscription is asked again later. */
static void call_answer(
	struct ipc_async_call *call, struct json_object *reply, const struct error *error)
{
	struct timeval pause = milliseconds(SUBSCRIBE_PAUSE_MS);

	if (call->request == NULL) {
		call_forget(call);
	} else if (error != NULL) {
		call_enqueue(call, NULL);
		event_add(call->timer, &pause);
	}
	call->busy = true;
	call->reply(call->context, reply, error);
	call->busy = false;
	if (!call->known)
		call_free(call);
}

static void no_answer(const struct ipc_async *async, int timeout_ms, struct error *error_r)
{
	const struct error *why = &async->trouble;

	error_set(error_r, ERROR_TEMPORARY,
		"%s (%s) gave no answer within %d ms; is it running? Last: %s", async->service,
		async->endpoint, timeout_ms, why->kind != ERROR_NONE ? why->text : "no reply");
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
	struct ipc_async_call *call = context;
	struct error error;

	(void)fd;
	(void)what;
	if (call->request != NULL) {
		call_enqueue(call, &call->async->waiting);
		event_active(call->async->push, EV_TIMEOUT, 0);
		return;
	}
	if (call->text == NULL)
		error_set(&error, ERROR_PERMANENT, "%s: the request is too large",
			call->async->service);
	else
		no_answer(call->async, call->timeout_ms, &error);
	call_answer(call, NULL, &error);
}

/* Connects again after a pause if anybody waits for that. */
static void retry_later(struct ipc_async *async)
{
	struct timeval pause = milliseconds(async->pause_ms);

	if (!TAILQ_EMPTY(&async->waiting))
		event_add(async->retry, &pause);
	async->pause_ms = async->pause_ms == 0 ? FIRST_PAUSE_MS : async->pause_ms * 2;
	if (async->pause_ms > LONGEST_PAUSE_MS)
		async->pause_ms = LONGEST_PAUSE_MS;
}

static void disconnect(struct ipc_async *async)
{
	struct ipc_async_call *call;

	if (async->readable != NULL)
		event_free(async->readable);
	if (async->writable != NULL)
		event_free(async->writable);
	if (async->fd >= 0)
		close(async->fd);
	async->fd = -1;
	async->readable = async->writable = NULL;
	buf_free(&async->in);
	buf_free(&async->out);
	while ((call = TAILQ_LAST(&async->sent, queue)) != NULL) {
		TAILQ_REMOVE(&async->sent, call, entry);
		TAILQ_INSERT_HEAD(&async->waiting, call, entry);
		call->queue = &async->waiting;
	}
	retry_later(async);
}

static void lost(struct ipc_async *async, const char *why)
{
	error_set(&async->trouble, ERROR_TEMPORARY, "%s", why);
	disconnect(async);
}

/* Puts the call's frame into the buffer, which fails when it cannot be made. */
static void put_call(struct ipc_async *async, struct ipc_async_call *call)
{
	struct json_object *request = NULL;
	const char *text = call->text;
	size_t len = call->text_len;

	if (call->request != NULL) {
		request = call->request(call->context);
		text = request != NULL ? json_text(request) : NULL;
		len = text != NULL ? strlen(text) : 0;
	}
	if (text != NULL)
		frame_put(&async->out, call->number, FRAME_REQUEST, text, len);
	else
		async->out.failed = true;
	json_object_put(request);
}

/* Makes frames of what waits, as far as they are soon to be written. */
static int fill(struct ipc_async *async)
{
	struct ipc_async_call *call;

	while (async->out.len < WRITE_SIZE && (call = TAILQ_FIRST(&async->waiting)) != NULL) {
		put_call(async, call);
		if (async->out.failed)
			return -1;
		call_enqueue(call, &async->sent);
	}
	return 0;
}

static void write_calls(struct ipc_async *async)
{
	for (;;) {
		ssize_t n;

		if (fill(async) != 0) {
			lost(async, "out of memory");
			return;
		}
		if (async->out.len == 0)
			return;
		n = send(async->fd, async->out.data, async->out.len, MSG_NOSIGNAL);
		if (n >= 0) {
			buf_consume(&async->out, (size_t)n);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			event_add(async->writable, NULL);
			return;
		} else if (errno != EINTR) {
			lost(async, strerror(errno));
			return;
		}
	}
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	write_calls(context);
}

/* Does what the frame says. Returns -1 when the server cannot have meant it. */
static int take_frame(struct ipc_async *async, const struct frame *frame, struct error *error)
{
	struct ipc_async_call *call = call_find(async, frame->call);
	struct json_object *reply;

	/* Answers to calls that were cancelled or came too late. */
	if (call == NULL || call->queue != &async->sent)
		return 0;
	if (frame->type == FRAME_ERROR) {
		frame_error(frame, error);
		call_answer(call, NULL, error);
		return 0;
	}
	if (frame->type != FRAME_REPLY && (frame->type != FRAME_EVENT || call->request == NULL))
		return error_set(error, ERROR_PERMANENT, "it answers what was not asked");
	if (frame_object(frame, &reply, error) != 0)
		return -1;
	call_answer(call, reply, NULL);
	json_object_put(reply);
	return 0;
}

/* Returns how many bytes at the front were whole frames, or -1 when they are none. */
static ssize_t take_frames(
	struct ipc_async *async, const char *bytes, size_t len, struct error *error)
{
	struct frame frame;
	size_t used = 0;

	for (;;) {
		ssize_t size = frame_get(bytes + used, len - used, &frame, error);

		if (size == 0)
			return (ssize_t)used;
		if (size < 0 || take_frame(async, &frame, error) != 0)
			return -1;
		used += (size_t)size;
		async->trouble.kind = ERROR_NONE;
		async->pause_ms = 0;
	}
}

/* The bytes that came: read where they are, unless they continue a frame. */
static int take_bytes(struct ipc_async *async, size_t len, struct error *error)
{
	ssize_t used;

	if (async->in.len == 0) {
		used = take_frames(async, async->bytes, len, error);
		if (used >= 0)
			buf_append(&async->in, async->bytes + used, len - (size_t)used);
	} else {
		buf_append(&async->in, async->bytes, len);
		used = take_frames(async, async->in.data, async->in.len, error);
		if (used >= 0)
			buf_consume(&async->in, (size_t)used);
		if (async->in.len == 0)
			buf_free(&async->in);
	}
	if (used >= 0 && async->in.failed)
		return error_memory(error);
	return used >= 0 ? 0 : -1;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct ipc_async *async = context;
	ssize_t n = recv(fd, async->bytes, READ_SIZE, 0);
	struct error error;

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (n <= 0)
		lost(async, n == 0 ? "it closed the connection" : strerror(errno));
	else if (take_bytes(async, (size_t)n, &error) != 0)
		lost(async, error.text);
}

static int connect_to(struct ipc_async *async)
{
	async->fd = endpoint_connect_start(async->endpoint, &async->trouble);
	if (async->fd < 0) {
		retry_later(async);
		return -1;
	}
	async->readable =
		event_new(async->base, async->fd, EV_READ | EV_PERSIST, on_readable, async);
	async->writable = event_new(async->base, async->fd, EV_WRITE, on_writable, async);
	if (async->readable == NULL || async->writable == NULL ||
		event_add(async->readable, NULL) != 0) {
		lost(async, "out of memory");
		return -1;
	}
	async->trouble.kind = ERROR_NONE;
	return 0;
}

static void on_push(evutil_socket_t fd, short what, void *context)
{
	struct ipc_async *async = context;

	(void)fd;
	(void)what;
	if (async->fd < 0 && (TAILQ_EMPTY(&async->waiting) ||
				     event_pending(async->retry, EV_TIMEOUT, NULL) ||
				     connect_to(async) != 0))
		return;
	/* When it is pending the socket is full. */
	if (!event_pending(async->writable, EV_WRITE, NULL))
		write_calls(async);
}

struct ipc_async *ipc_async_new(
	struct event_base *base, const char *endpoint, const char *service)
{
	struct ipc_async *async = calloc(1, sizeof(*async));

	if (async == NULL)
		return NULL;
	async->base = base;
	async->fd = -1;
	buf_init(&async->in, FRAME_MAX + FRAME_HEADER + READ_SIZE);
	buf_init(&async->out, FRAME_MAX + FRAME_HEADER + WRITE_SIZE);
	TAILQ_INIT(&async->waiting);
	TAILQ_INIT(&async->sent);
	async->endpoint = strdup(endpoint);
	async->service = strdup(service);
	async->push = event_new(base, -1, 0, on_push, async);
	async->retry = event_new(base, -1, 0, on_push, async);
	if (async->endpoint == NULL || async->service == NULL || async->push == NULL ||
		async->retry == NULL)
		ipc_async_free(&async);
	return async;
}

void ipc_async_free(struct ipc_async **async)
{
	struct ipc_async *a = *async;
	struct ipc_async_call *call;

	if (a == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while ((call = LIST_FIRST(&a->calls[i])) != NULL) {
			call_forget(call);
			call_free(call);
		}
	disconnect(a);
	if (a->push != NULL)
		event_free(a->push);
	if (a->retry != NULL)
		event_free(a->retry);
	free(a->endpoint);
	free(a->service);
	free(a);
	*async = NULL;
}

static struct ipc_async_call *call_new(
	struct ipc_async *async, ipc_reply_fn *reply, void *context)
{
	struct ipc_async_call *call = calloc(1, sizeof(*call));

	if (call == NULL)
		return NULL;
	call->async = async;
	call->reply = reply;
	call->context = context;
	call->timer = event_new(async->base, -1, 0, on_timer, call);
	if (call->timer == NULL) {
		call_free(call);
		return NULL;
	}
	do
		call->number = ++async->last_number;
	while (call_find(async, call->number) != NULL);
	call->known = true;
	LIST_INSERT_HEAD(&async->calls[call->number % BUCKETS], call, bucket_entry);
	return call;
}

struct ipc_async_call *ipc_async_call(struct ipc_async *async, struct json_object *request,
	int timeout_ms, ipc_reply_fn *reply, void *context)
{
	struct ipc_async_call *call = call_new(async, reply, context);
	const char *text = json_text(request);
	bool fits = text != NULL && strlen(text) <= FRAME_BODY_MAX;
	struct timeval limit = milliseconds(fits ? timeout_ms : 0);

	if (call == NULL)
		return NULL;
	call->timeout_ms = timeout_ms;
	call->text = fits ? strdup(text) : NULL;
	call->text_len = fits ? strlen(text) : 0;
	if (text == NULL || (fits && call->text == NULL) ||
		((timeout_ms > 0 || !fits) && event_add(call->timer, &limit) != 0)) {
		ipc_async_cancel(&call);
		return NULL;
	}
	if (fits) {
		call_enqueue(call, &async->waiting);
		event_active(async->push, EV_TIMEOUT, 0);
	}
	return call;
}

void ipc_async_cancel(struct ipc_async_call **call)
{
	struct ipc_async_call *cancelled = *call;

	*call = NULL;
	if (cancelled == NULL)
		return;
	call_forget(cancelled);
	if (!cancelled->busy)
		call_free(cancelled);
}

struct ipc_async_call *ipc_async_subscribe(
	struct ipc_async *async, ipc_request_fn *request, ipc_reply_fn *reply, void *context)
{
	struct ipc_async_call *call = call_new(async, reply, context);

	if (call == NULL)
		return NULL;
	call->request = request;
	call_enqueue(call, &async->waiting);
	event_active(async->push, EV_TIMEOUT, 0);
	return call;
}
