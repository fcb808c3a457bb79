/*
 * postinvite-admin: the operator's pages. One thread, one event loop: the HTTP server and the two
 * clients, of the store and of tokend, are events of it. It holds no key.
 *
 * A reload takes a new settings generation for requests from then on; TLS certificates are part of
 * it: a new server takes the listening socket over while the old one finishes its connections.
 */
#include "admin.h"
#include "invitations.h"
#include "live.h"
#include "monitor.h"
#include "routes.h"
#include "site.h"

#include "base/endpoint.h"
#include "base/log.h"
#include "web/server.h"

#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define KEY_LEN 32

struct program {
	struct admin admin;
	int listener;			    /* ours; servers work on duplicates */
	char *listen;			    /* what it is bound to */
	char *store_listen, *tokend_listen; /* whom we ask */
};

/* Not socket_group's: whoever opens this socket may act as an operator. */
static int prepare(struct daemon *daemon, struct error *error)
{
	const struct daemon_generation *generation = daemon_generation(daemon);
	struct program *program = calloc(1, sizeof(*program));

	if (program == NULL) {
		daemon_generation_release(&generation);
		return error_set(error, ERROR_TEMPORARY, "out of memory");
	}
	program->admin.daemon = daemon;
	daemon_set_data(daemon, program);
	program->listen = strdup(generation->settings->admin_listen);
	program->listener = endpoint_listen(generation->settings->admin_listen, 0660,
		daemon_own_group(daemon, generation->settings), error);
	if (program->listener >= 0)
		program->admin.monitor =
			monitor_new(&program->admin, generation->settings, error);
	else
		error_prefix(error, "admin_listen");
	daemon_generation_release(&generation);
	return program->admin.monitor != NULL ? 0 : -1;
}

static int start_server(struct program *program, struct error *error)
{
	const struct daemon_generation *generation = daemon_generation(program->admin.daemon);
	const struct site *site = generation->derived;
	struct web_server_options options = {
		.base = program->admin.base,
		.listener = fcntl(program->listener, F_DUPFD_CLOEXEC, 0),
		.tls_cert = site->tls_cert.data,
		.tls_key = site->tls_key.data,
		.tls_client_ca = site->tls_ca.data,
		.routes = admin_routes,
		.problem = admin_problem,
		.answered = monitor_answered,
		.context = &program->admin,
	};
	struct web_server *server = web_server_new(&options, error);

	if (server != NULL)
		program->admin.server = server;
	daemon_generation_release(&generation);
	return server != NULL ? 0 : -1;
}

/* Also without new certificates: a connection that is kept open ends, and with it what it was let in by. */
static void replace_server(struct program *program)
{
	struct web_server *old = program->admin.server;
	struct error error;

	if (start_server(program, &error) == 0)
		web_server_retire(&old);
	else
		log_error("reload: certificates and listener stay as they were: %s", error.text);
}

static void reloaded(struct daemon *daemon, void *context)
{
	struct program *program = context;
	const struct daemon_generation *generation = daemon_generation(daemon);
	const struct settings *settings = generation->settings;

	if (strcmp(settings->admin_listen, program->listen) != 0 ||
		strcmp(settings->store_listen, program->store_listen) != 0 ||
		strcmp(settings->tokend_listen, program->tokend_listen) != 0 ||
		!monitor_listens(program->admin.monitor, settings))
		log_warning("reload: admin_listen, metrics_listen, store_listen and "
			    "tokend_listen change at the next start only");
	replace_server(program);
	daemon_generation_release(&generation);
}

static void said(void *context)
{
	struct program *program = context;

	event_base_loopbreak(program->admin.base);
}

static void drained(void *context)
{
	struct program *program = context;

	monitor_end(program->admin.monitor, said, program);
}

static void stop(struct daemon *daemon, void *context)
{
	struct program *program = context;

	daemon_stopping(daemon);
	web_server_drain(program->admin.server, drained, program);
}

static int start(struct program *program, struct error *error)
{
	struct admin *admin = &program->admin;
	const struct daemon_generation *generation = daemon_generation(admin->daemon);

	program->store_listen = strdup(generation->settings->store_listen);
	program->tokend_listen = strdup(generation->settings->tokend_listen);
	daemon_generation_release(&generation);
	admin->base = event_base_new();
	admin->key = secret_random(KEY_LEN);
	if (program->listen != NULL && program->store_listen != NULL &&
		program->tokend_listen != NULL && admin->base != NULL) {
		admin->store = ipc_async_new(admin->base, program->store_listen, "the store");
		admin->tokend = ipc_async_new(admin->base, program->tokend_listen, "tokend");
	}
	if (admin->store != NULL)
		admin->live = live_new(admin);
	if (admin->live != NULL)
		admin->invitations = invitations_new(admin, live_changed, admin->live);
	if (admin->invitations == NULL || admin->tokend == NULL || admin->key == NULL ||
		daemon_watch_signals(admin->daemon, admin->base, stop, reloaded, program) != 0)
		return error_set(error, ERROR_TEMPORARY, "out of memory or of randomness");
	return monitor_start(admin->monitor, error) != 0 ? -1 : start_server(program, error);
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
	event_base_dispatch(program->admin.base);
	return EX_OK;
}

static void cleanup(struct daemon *daemon)
{
	struct program *program = daemon_data(daemon);
	struct admin *admin = program != NULL ? &program->admin : NULL;

	if (program == NULL)
		return;
	web_server_free(&admin->server);
	monitor_free(&admin->monitor);
	live_free(&admin->live);
	invitations_free(&admin->invitations);
	ipc_async_free(&admin->store);
	ipc_async_free(&admin->tokend);
	daemon_unwatch_signals(daemon);
	if (admin->base != NULL)
		event_base_free(admin->base);
	if (program->listener >= 0) {
		close(program->listener);
		endpoint_unlink(program->listen);
	}
	secret_free(&admin->key);
	free(program->listen);
	free(program->store_listen);
	free(program->tokend_listen);
	free(program);
}

int main(int argc, char **argv)
{
	static const struct daemon_program program = {
		.name = "postinvite-admin",
		.purpose = "the operator's pages",
		.check = site_new,
		.release = site_free,
		.prepare = prepare,
		.run = run,
		.cleanup = cleanup,
	};

	return daemon_main(&program, argc, argv);
}
