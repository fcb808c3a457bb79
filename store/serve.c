/*
 * Requests. Look-ups are answered at once. Changes are applied as they come and answered together,
 * when all that had arrived is applied and one sync has made it durable: the more clients wait, the
 * more of them share it.
 */
#include "store.h"

#include "base/clock.h"
#include "base/log.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define TICK_S	       1
#define MORE_MS	       5     /* housekeeping with more to do */
#define SAY_AGAIN_MS   10000 /* the same trouble, in the log */
#define BATCH_TEXT_MAX (256 * 1024 * 1024)

/* A reply that waits for the sync. */
struct waiting {
	struct ipc_peer *peer; /* NULL: gone */
	uint32_t call;
	unsigned op;	/* as monitor_op says */
	size_t at, len; /* in the batch's text */
};

struct serve {
	struct engine *engine;
	struct ipc_server *server;
	struct follow *follow;
	struct monitor *monitor;
	struct peers peers;
	struct event *tick;
	struct event *commit;
	struct engine_reply reply;
	struct waiting *batch;
	size_t batch_n, batch_cap;
	struct buf batch_text;
	char said[sizeof(((struct error *)0)->text)]; /* the trouble said last */
	uint64_t said_ms;
};

/* Ends the process when the database needs recovery, which the next start does. */
static void end_if_fatal(struct serve *serve)
{
	if (!engine_fatal(serve->engine))
		return;
	log_error("the database needs recovery: ending, to be started again");
	_exit(EX_SOFTWARE);
}

/* The same text is logged once, and again when it lasts. */
static bool said_lately(struct serve *serve, const char *text)
{
	uint64_t now = clock_monotonic_ms();

	if (strcmp(serve->said, text) == 0 && now - serve->said_ms < SAY_AGAIN_MS)
		return true;
	strcpy(serve->said, text);
	serve->said_ms = now;
	return false;
}

/* Trouble that is ours, not the client's. */
static void say(struct serve *serve, const struct error *error)
{
	if ((error->kind == ERROR_TEMPORARY || error->kind == ERROR_CONFIGURATION) &&
		!said_lately(serve, error->text))
		log_error("%s", error->text);
	end_if_fatal(serve);
}

static void fail(
	struct serve *serve, struct ipc_peer *peer, uint32_t call, const struct error *error)
{
	const struct ipc_peer_identity *who = ipc_peer_identity(peer);

	if (error->kind == ERROR_POLICY && !said_lately(serve, error->text))
		log_warning("refused uid=%ld pid=%ld: %s", (long)who->uid, (long)who->pid,
			error->text);
	say(serve, error);
	ipc_fail(peer, call, error);
}

static void fail_memory(struct serve *serve, struct ipc_peer *peer, uint32_t call)
{
	struct error error;

	error_memory(&error);
	fail(serve, peer, call, &error);
}

static int batch_add(struct serve *serve, struct ipc_peer *peer, uint32_t call, unsigned op)
{
	const struct buf *text = &serve->reply.text;

	if (serve->batch_n == serve->batch_cap) {
		size_t cap = serve->batch_cap > 0 ? serve->batch_cap * 2 : 64;
		struct waiting *larger = realloc(serve->batch, cap * sizeof(*larger));

		if (larger == NULL)
			return -1;
		serve->batch = larger;
		serve->batch_cap = cap;
	}
	if (serve->batch_n == 0)
		buf_reset(&serve->batch_text); /* it may have failed before */
	serve->batch[serve->batch_n] =
		(struct waiting){peer, call, op, serve->batch_text.len, text->len};
	buf_append(&serve->batch_text, text->data, text->len);
	if (serve->batch_text.failed)
		return -1;
	serve->batch_n++;
	return 0;
}

/* With -v, each. */
static void say_request(
	const struct ipc_peer *peer, struct json_object *request, const struct error *error)
{
	const struct ipc_peer_identity *who = ipc_peer_identity(peer);
	const char *op = json_string(request, "op", "");

	if (error == NULL)
		log_debug("request op=%s uid=%ld pid=%ld answer=ok", op, (long)who->uid,
			(long)who->pid);
	else
		log_debug("request op=%s uid=%ld pid=%ld answer=%s reason=\"%s\"", op,
			(long)who->uid, (long)who->pid, error_answer(error->kind)->name,
			error->text);
}

static void on_request(
	void *context, struct ipc_peer *peer, uint32_t call, struct json_object *request)
{
	struct serve *serve = context;
	struct engine_reply *reply = &serve->reply;
	struct engine_caller caller = {
		peers_role(&serve->peers, ipc_peer_identity(peer)->uid), peer};
	unsigned op = monitor_op(serve->monitor, json_string(request, "op", ""));
	struct error error;
	int result = 0;

	buf_reset(&reply->text);
	if (engine_request(serve->engine, &caller, request, reply, &error) != 0) {
		monitor_request(serve->monitor, op, &error);
		if (reply->durable)
			monitor_change_failed(serve->monitor, &error);
		say_request(peer, request, &error);
		fail(serve, peer, call, &error);
		return;
	}
	say_request(peer, request, NULL);
	if (!reply->durable)
		monitor_request(serve->monitor, op, NULL);
	if (reply->durable)
		result = batch_add(serve, peer, call, op);
	else if (reply->next == ENGINE_WAIT)
		result = follow_watch(serve->follow, peer, call, &caller, request, reply);
	else
		ipc_reply_text(peer, call, reply->text.data, reply->text.len);
	if (result == 0 && reply->next == ENGINE_FOLLOW)
		result = follow_subscribe(serve->follow, peer, call, reply->sequence);
	if (result != 0)
		fail_memory(serve, peer, call);
}

static int make_durable(struct serve *serve, struct error *error)
{
	uint64_t begun = clock_monotonic_us();
	int result = engine_sync(serve->engine, error);

	monitor_sync(serve->monitor, result == 0 ? NULL : error);
	if (result == 0 && serve->batch_n > 0)
		monitor_commit(serve->monitor, clock_monotonic_us() - begun);
	return result;
}

static void commit(struct serve *serve)
{
	struct error error;
	int result = make_durable(serve, &error);

	if (result != 0)
		say(serve, &error);
	for (size_t i = 0; i < serve->batch_n; i++) {
		const struct waiting *waiting = &serve->batch[i];

		monitor_request(serve->monitor, waiting->op, result == 0 ? NULL : &error);
		if (waiting->peer == NULL)
			continue;
		if (result == 0)
			ipc_reply_text(waiting->peer, waiting->call,
				serve->batch_text.data + waiting->at, waiting->len);
		else
			ipc_fail(waiting->peer, waiting->call, &error);
	}
	serve->batch_n = 0;
	buf_reset(&serve->batch_text);
	if (result == 0)
		follow_events(serve->follow);
	if (engine_checkpoint(serve->engine, KV_CHECKPOINT_KB, &error) != 0)
		say(serve, &error);
}

static void on_commit(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	commit(context);
}

/* Once more around the loop before the wait for the disk: what came while these were applied
 * still joins. */
static void on_drained(void *context)
{
	static const struct timeval now;
	struct serve *serve = context;

	if (serve->batch_n > 0)
		event_add(serve->commit, &now);
}

static void on_closed(void *context, struct ipc_peer *peer)
{
	struct serve *serve = context;

	for (size_t i = 0; i < serve->batch_n; i++)
		if (serve->batch[i].peer == peer)
			serve->batch[i].peer = NULL;
	follow_peer_gone(serve->follow, peer);
	engine_client_gone(serve->engine, peer);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	struct serve *serve = context;
	struct timeval again = {.tv_sec = TICK_S};
	struct error error;
	int more = engine_housekeep(serve->engine, time(NULL), &error);

	(void)fd;
	(void)what;
	if (more == 1)
		again = (struct timeval){.tv_usec = MORE_MS * 1000};
	if (more < 0)
		say(serve, &error);
	if (make_durable(serve, &error) != 0 ||
		engine_checkpoint(serve->engine, more == 1 ? KV_CHECKPOINT_KB : 1, &error) != 0)
		say(serve, &error);
	follow_events(serve->follow); /* some may have waited for room on the disk */
	event_add(serve->tick, &again);
}

static const struct ipc_server_handler handler = {
	.request = on_request,
	.closed = on_closed,
	.drained = on_drained,
};

struct serve *serve_new(
	struct event_base *base, struct engine *engine, int listener, struct monitor *monitor)
{
	static const struct timeval first = {.tv_sec = TICK_S};
	struct serve *serve = calloc(1, sizeof(*serve));

	if (serve == NULL) {
		close(listener);
		return NULL;
	}
	serve->engine = engine;
	serve->monitor = monitor;
	engine_reply_init(&serve->reply);
	buf_init(&serve->batch_text, BATCH_TEXT_MAX);
	serve->server = ipc_server_new(base, listener, &handler, serve);
	serve->follow = follow_new(base, engine);
	serve->tick = event_new(base, -1, 0, on_tick, serve);
	serve->commit = event_new(base, -1, 0, on_commit, serve);
	if (serve->server == NULL || serve->follow == NULL || serve->tick == NULL ||
		serve->commit == NULL || event_add(serve->tick, &first) != 0)
		serve_free(&serve);
	return serve;
}

void serve_configure(struct serve *serve, const struct settings *settings)
{
	peers_init(&serve->peers, settings->daemon_user);
}

void serve_drain(struct serve *serve)
{
	ipc_server_drain(serve->server);
	commit(serve);
	follow_answer_all(serve->follow);
}

void serve_free(struct serve **serve)
{
	if (*serve == NULL)
		return;
	/* Closing the connections still calls on_closed. */
	ipc_server_free(&(*serve)->server);
	follow_free(&(*serve)->follow);
	if ((*serve)->tick != NULL)
		event_free((*serve)->tick);
	if ((*serve)->commit != NULL)
		event_free((*serve)->commit);
	engine_reply_free(&(*serve)->reply);
	buf_free(&(*serve)->batch_text);
	free((*serve)->batch);
	free(*serve);
	*serve = NULL;
}
