/*
 * postinvite-wizard: the customer's pages. One thread, one event loop: the HTTP server and the
 * two clients, of the store and of tokend, are events of it. It holds the link key and nothing
 * else worth stealing.
 *
 * A reload takes a new settings generation for requests from then on; TLS certificates are part
 * of it: a new server takes the listening socket over while the old one finishes its connections.
 */
#include "limits.h"
#include "monitor.h"
#include "routes.h"
#include "visit.h"

#include "base/endpoint.h"
#include "base/log.h"
#include "web/limit.h"
#include "web/server.h"

#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define LIMIT_KEYS 32768 /* clients and links remembered at once: 768 KB */

struct program {
	struct wizard wizard;
	int listener;			    /* ours; servers work on duplicates */
	char *listen;			    /* what it is bound to */
	bool tls;			    /* does the server speak it? */
	char *store_listen, *tokend_listen; /* whom we ask */
};

static int prepare(struct daemon *daemon, struct error *error)
{
	const struct daemon_generation *generation = daemon_generation(daemon);
	const struct settings *settings = generation->settings;
	struct program *program = calloc(1, sizeof(*program));

	if (program == NULL) {
		daemon_generation_release(&generation);
		return error_set(error, ERROR_TEMPORARY, "out of memory");
	}
	program->wizard.daemon = daemon;
	daemon_set_data(daemon, program);
	program->listen = strdup(settings->wizard_listen);
	program->listener = endpoint_listen(
		settings->wizard_listen, 0660, daemon_socket_group(settings), error);
	daemon_generation_release(&generation);
	return program->listener >= 0 ? 0 : error_prefix(error, "wizard_listen");
}

static int start_server(struct program *program, struct error *error)
{
	const struct daemon_generation *generation = daemon_generation(program->wizard.daemon);
	const struct site *site = generation->derived;
	struct web_server_options options = {
		.base = program->wizard.base,
		.listener = fcntl(program->listener, F_DUPFD_CLOEXEC, 0),
		.tls_cert = site->tls_cert.data,
		.tls_key = site->tls_key.data,
		.routes = wizard_routes,
		.admit = limits_admit,
		.problem = wizard_problem,
		.answered = monitor_answered,
		.context = &program->wizard,
	};
	struct web_server *server = web_server_new(&options, error);

	if (server != NULL) {
		program->wizard.server = server;
		program->tls = site->tls_cert.len > 0;
	}
	daemon_generation_release(&generation);
	return server != NULL ? 0 : -1;
}

static void replace_server(struct program *program)
{
	struct web_server *old = program->wizard.server;
	struct error error;

	if (start_server(program, &error) == 0)
		web_server_retire(&old);
	else
		log_error("reload: certificate and listener stay as they were: %s", error.text);
}

static void reloaded(struct daemon *daemon, void *context)
{
	struct program *program = context;
	const struct daemon_generation *generation = daemon_generation(daemon);
	const struct settings *settings = generation->settings;
	const struct site *site = generation->derived;

	if (strcmp(settings->wizard_listen, program->listen) != 0 ||
		strcmp(settings->store_listen, program->store_listen) != 0 ||
		strcmp(settings->tokend_listen, program->tokend_listen) != 0)
		log_warning("reload: wizard_listen, store_listen and tokend_listen change at the "
			    "next start only");
	if (program->tls || site->tls_cert.len > 0)
		replace_server(program);
	daemon_generation_release(&generation);
}

static void said(void *context)
{
	struct program *program = context;

	event_base_loopbreak(program->wizard.base);
}

static void drained(void *context)
{
	struct program *program = context;

	monitor_end(program->wizard.monitor, said, program);
}

static void stop(struct daemon *daemon, void *context)
{
	struct program *program = context;

	daemon_stopping(daemon);
	web_server_drain(program->wizard.server, drained, program);
}

static int start(struct program *program, struct error *error)
{
	struct wizard *wizard = &program->wizard;
	const struct daemon_generation *generation = daemon_generation(wizard->daemon);

	program->store_listen = strdup(generation->settings->store_listen);
	program->tokend_listen = strdup(generation->settings->tokend_listen);
	wizard->base = event_base_new();
	wizard->limit = limit_new(LIMIT_KEYS);
	if (program->listen != NULL && program->store_listen != NULL &&
		program->tokend_listen != NULL && wizard->base != NULL) {
		wizard->store = ipc_async_new(wizard->base, program->store_listen, "the store");
		wizard->tokend = ipc_async_new(wizard->base, program->tokend_listen, "tokend");
	}
	daemon_generation_release(&generation);
	if (wizard->store != NULL)
		wizard->monitor = monitor_new(wizard);
	if (wizard->monitor == NULL || wizard->tokend == NULL || wizard->limit == NULL ||
		daemon_watch_signals(wizard->daemon, wizard->base, stop, reloaded, program) !=
			0)
		return error_set(error, ERROR_TEMPORARY, "out of memory");
	return start_server(program, error);
}

static int run(struct daemon *daemon)
{
	struct program *program = daemon_data(daemon);
	struct error error;

	if (start(program, &error) != 0) {
		log_error("%s", error.text);
		return error_answer(error.kind)->exit_status;
	}
	daemon_ready(daemon);
	event_base_dispatch(program->wizard.base);
	return EX_OK;
}

static void cleanup(struct daemon *daemon)
{
	struct program *program = daemon_data(daemon);
	struct wizard *wizard = program != NULL ? &program->wizard : NULL;

	if (program == NULL)
		return;
	web_server_free(&wizard->server);
	limit_free(&wizard->limit);
	monitor_free(&wizard->monitor);
	ipc_async_free(&wizard->store);
	ipc_async_free(&wizard->tokend);
	daemon_unwatch_signals(daemon);
	if (wizard->base != NULL)
		event_base_free(wizard->base);
	if (program->listener >= 0) {
		close(program->listener);
		endpoint_unlink(program->listen);
	}
	free(program->listen);
	free(program->store_listen);
	free(program->tokend_listen);
	free(program);
}

int main(int argc, char **argv)
{
	static const struct daemon_program program = {
		.name = "postinvite-wizard",
		.purpose = "the customer's pages and Microsoft's callback",
		.check = site_new,
		.release = site_free,
		.prepare = prepare,
		.run = run,
		.cleanup = cleanup,
	};

	return daemon_main(&program, argc, argv);
}
