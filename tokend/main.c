/*
 * postinvite-tokend: everything that talks to Microsoft. One thread, one event loop: HTTPS out,
 * the socket that the wizard asks on, the connection to the store. It alone has the vault key.
 *
 * On a stop, requests under way get DRAIN_MS: an answer that is waited for may hold a token.
 * Nothing new is sent; what is not done is in the vault, and goes on at the next start.
 */
#include "config.h"
#include "flow.h"
#include "follow.h"
#include "monitor.h"
#include "notice.h"
#include "refresh.h"
#include "requests.h"
#include "reseal.h"
#include "store.h"
#include "webhook.h"

#include "base/clock.h"
#include "base/endpoint.h"
#include "base/log.h"
#include "mail/mime.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define DRAIN_MS 5000

static const struct http_limits http_limits = {
	.connect_ms = 5000, .total_ms = 10000, .requests = 128};
static const struct timeval drain_step = {0, 50000};
static const struct timeval sweep_step = {600, 0};
static const struct timeval checkpoint_step = {2, 0};

static void reloaded(struct daemon *daemon, void *context)
{
	struct tokend *tokend = context;
	const struct daemon_generation *old = tokend->generation;
	const struct config *config;
	struct error error;

	tokend->generation = daemon_generation(daemon);
	daemon_generation_release(&old);
	config = tokend->generation->derived;
	if (vault_set_keys(tokend->vault, config->vault_keys, &error) != 0)
		log_error("reload: the vault keys stay as they were: %s", error.text);
	else
		reseal_begin(tokend->reseal);
	if (strcmp(tokend->generation->settings->tokend_listen, tokend->listen) != 0 ||
		strcmp(tokend->generation->settings->store_listen, tokend->store_listen) != 0)
		log_warning(
			"reload: tokend_listen and store_listen change at the next start only");
}

static void said(void *context)
{
	struct tokend *tokend = context;

	event_base_loopbreak(tokend->base);
}

static void on_drain(evutil_socket_t unused, short what, void *context)
{
	struct tokend *tokend = context;

	(void)unused;
	(void)what;
	if ((http_pending(tokend->http) == 0 && TAILQ_EMPTY(&tokend->requests) &&
		    TAILQ_EMPTY(&tokend->events) && webhooks_pending(tokend) == 0 &&
		    notices_pending(tokend) == 0) ||
		clock_monotonic_ms() >= tokend->drain_until)
		monitor_end(tokend, said);
	else
		event_add(tokend->drain, &drain_step);
}

static void stop(struct daemon *daemon, void *context)
{
	struct tokend *tokend = context;

	if (tokend->stopping)
		return;
	tokend->stopping = true;
	daemon_stopping(daemon);
	ipc_server_drain(tokend->server);
	tokend->drain_until = clock_monotonic_ms() + DRAIN_MS;
	event_add(tokend->drain, &drain_step);
}

static void on_sweep(evutil_socket_t unused, short what, void *context)
{
	struct tokend *tokend = context;

	(void)unused;
	(void)what;
	redirect_sweep(tokend);
	access_sweep(tokend);
	notices_sweep(tokend);
	event_add(tokend->sweep, &sweep_step);
}

/* Bounds what a start after a crash has to recover. Files that need recovery get it by the next
 * start. */
static void on_checkpoint(evutil_socket_t unused, short what, void *context)
{
	struct tokend *tokend = context;
	struct error error;
	int result;

	(void)unused;
	(void)what;
	if (follow_save(tokend, &error) != 0)
		log_warning("follow_save reason=%s", error.text);
	result = vault_checkpoint(tokend->vault, &error);
	if (vault_fatal(tokend->vault)) {
		log_error("the vault needs recovery: ending, to be started again");
		_exit(EX_SOFTWARE);
	}
	if (result != 0)
		log_warning("vault_checkpoint reason=%s", error.text);
	event_add(tokend->checkpoint, &checkpoint_step);
}

static int open_vault(struct tokend *tokend, struct error *error)
{
	const struct config *config = tokend->generation->derived;

	tokend->vault = vault_open(
		tokend->generation->settings->vault_store, config->vault_keys, error);
	return tokend->vault != NULL ? 0 : error_prefix(error, "vault_store");
}

static int make_parts(struct tokend *tokend, struct error *error)
{
	const struct settings *settings = tokend->generation->settings;

	tokend->base = event_base_new();
	tokend->listen = strdup(settings->tokend_listen);
	tokend->store_listen = strdup(settings->store_listen);
	if (tokend->base == NULL || tokend->listen == NULL || tokend->store_listen == NULL)
		return error_memory(error);
	tokend->http = http_new(tokend->base, &http_limits, error);
	if (tokend->http == NULL)
		return -1;
	tokend->authority = authority_new(tokend->base, tokend->http);
	tokend->store = ipc_async_new(tokend->base, tokend->store_listen, "the store");
	tokend->drain = evtimer_new(tokend->base, on_drain, tokend);
	tokend->sweep = evtimer_new(tokend->base, on_sweep, tokend);
	tokend->checkpoint = evtimer_new(tokend->base, on_checkpoint, tokend);
	tokend->reseal = reseal_new(tokend);
	if (tokend->reseal == NULL || tokend->authority == NULL || tokend->store == NULL ||
		tokend->drain == NULL || tokend->sweep == NULL || tokend->checkpoint == NULL ||
		monitor_start(tokend) != 0 ||
		daemon_watch_signals(tokend->daemon, tokend->base, stop, reloaded, tokend) != 0)
		return error_memory(error);
	return 0;
}

/* Who may ask is decided by the peer's uid, not by the socket's mode. */
static int open_socket(struct tokend *tokend, struct error *error)
{
	int listener = endpoint_listen(tokend->listen, 0666, (gid_t)-1, error);

	if (listener < 0)
		return error_prefix(error, "tokend_listen");
	if (requests_serve(tokend, listener) == 0)
		return 0;
	endpoint_unlink(tokend->listen);
	return error_memory(error);
}

/* The vault's lock comes first, the socket last: who can connect is answered. */
static int start(struct tokend *tokend, struct error *error)
{
	if (make_parts(tokend, error) != 0 || open_vault(tokend, error) != 0)
		return -1;
	if (resume_begin(tokend) != 0)
		return error_memory(error);
	if (webhooks_start(tokend, error) != 0 || notices_start(tokend, error) != 0 ||
		follow_start(tokend, error) != 0 || open_socket(tokend, error) != 0)
		return -1;
	on_sweep(-1, 0, tokend);
	event_add(tokend->checkpoint, &checkpoint_step);
	reseal_begin(tokend->reseal);
	return 0;
}

static struct tokend *tokend_new(struct daemon *daemon)
{
	struct tokend *tokend = calloc(1, sizeof(*tokend));

	if (tokend == NULL)
		return NULL;
	tokend->daemon = daemon;
	tokend->generation = daemon_generation(daemon);
	TAILQ_INIT(&tokend->requests);
	TAILQ_INIT(&tokend->events);
	return tokend;
}

static int run(struct daemon *daemon)
{
	struct tokend *tokend = tokend_new(daemon);
	struct error error;

	if (tokend == NULL) {
		log_error("out of memory");
		return EX_OSERR;
	}
	daemon_set_data(daemon, tokend);
	if (start(tokend, &error) != 0) {
		log_error("%s", error.text);
		return error_answer(error.kind)->exit_status;
	}
	daemon_ready(daemon);
	event_base_dispatch(tokend->base);
	return EX_OK;
}

static void free_events(struct tokend *tokend)
{
	struct store_event *event;

	while ((event = TAILQ_FIRST(&tokend->events)) != NULL)
		store_event_cancel(&event);
}

static void cleanup(struct daemon *daemon)
{
	struct tokend *tokend = daemon_data(daemon);
	struct error error;

	if (tokend == NULL)
		return;
	if (tokend->webhooks != NULL && tokend->notices != NULL &&
		follow_save(tokend, &error) != 0)
		log_warning("follow_save reason=%s", error.text);
	webhooks_free(tokend);
	notices_free(tokend);
	flows_free(tokend);
	refreshes_free(tokend);
	requests_free(tokend);
	resume_free(tokend);
	access_free(tokend);
	reseal_free(&tokend->reseal);
	free_events(tokend);
	if (tokend->server != NULL)
		endpoint_unlink(tokend->listen);
	ipc_server_free(&tokend->server);
	monitor_free(tokend);
	ipc_async_free(&tokend->store);
	authority_free(&tokend->authority);
	http_free(&tokend->http);
	vault_free(&tokend->vault);
	daemon_unwatch_signals(daemon);
	if (tokend->drain != NULL)
		event_free(tokend->drain);
	if (tokend->sweep != NULL)
		event_free(tokend->sweep);
	if (tokend->checkpoint != NULL)
		event_free(tokend->checkpoint);
	if (tokend->base != NULL)
		event_base_free(tokend->base);
	daemon_generation_release(&tokend->generation);
	free(tokend->listen);
	free(tokend->store_listen);
	free(tokend);
}

int main(int argc, char **argv)
{
	static const struct daemon_program program = {
		.name = "postinvite-tokend",
		.purpose = "signs customers in at Microsoft, verifies and keeps their tokens",
		.check = config_new,
		.release = config_free,
		.run = run,
		.cleanup = cleanup,
	};

	mail_init();
	return daemon_main(&program, argc, argv);
}
