/*
 * postinvite-wizard: the customer's pages, on web/service.h. It holds the link key and nothing
 * else worth stealing.
 *
 * A reload takes a new settings generation for requests from then on; TLS certificates are part
 * of it.
 */
#include "limits.h"
#include "monitor.h"
#include "routes.h"
#include "visit.h"

#include "base/log.h"
#include "web/limit.h"

#include <stdlib.h>
#include <sysexits.h>

#define LIMIT_KEYS 32768 /* clients and links remembered at once: 768 KB */

static int prepare(struct daemon *daemon, struct error *error)
{
	const struct daemon_generation *generation = daemon_generation(daemon);
	const struct settings *settings = generation->settings;
	const struct web_service_address address = {
		"wizard_listen", settings->wizard_listen, daemon_socket_group(settings)};
	struct wizard *wizard = calloc(1, sizeof(*wizard));
	int result = -1;

	error_memory(error);
	if (wizard != NULL) {
		wizard->web.daemon = daemon;
		daemon_set_data(daemon, wizard);
		result = web_service_bind(&wizard->web, &address, error);
		if (result == 0)
			daemon_own_socket(daemon, settings, address.value);
	}
	daemon_generation_release(&generation);
	return result;
}

static int serve(struct wizard *wizard, struct error *error)
{
	const struct daemon_generation *generation = daemon_generation(wizard->web.daemon);
	const struct site *site = generation->derived;
	const struct web_server_options options = {
		.tls_cert = site->tls.cert.data,
		.tls_key = site->tls.key.data,
		.routes = wizard_routes,
		.admit = limits_admit,
		.connections = limits_connections,
		.problem = wizard_problem,
		.answered = monitor_answered,
		.context = wizard,
	};
	int result = web_service_serve(&wizard->web, &options, error);

	daemon_generation_release(&generation);
	return result;
}

static void reloaded(struct daemon *daemon, void *context)
{
	struct wizard *wizard = context;
	const struct daemon_generation *generation = daemon_generation(daemon);
	const struct settings *settings = generation->settings;
	const struct site *site = generation->derived;
	struct error error;

	if (!web_service_stays(&wizard->web, settings->wizard_listen, settings))
		log_warning(
			"reload: wizard_listen, store_listen and tokend_listen change at the "
			"next start only");
	if ((wizard->web.tls || site->tls.cert.len > 0) && serve(wizard, &error) != 0)
		log_error("reload: certificate and listener stay as they were: %s", error.text);
	daemon_generation_release(&generation);
}

static void said(void *context)
{
	struct wizard *wizard = context;

	web_service_leave(&wizard->web);
}

static void drained(void *context)
{
	struct wizard *wizard = context;

	monitor_end(wizard->monitor, said, wizard);
}

static void stop(struct daemon *daemon, void *context)
{
	struct wizard *wizard = context;

	(void)daemon;
	web_service_drain(&wizard->web, drained, wizard);
}

static int start(struct wizard *wizard, struct error *error)
{
	if (web_service_open(&wizard->web, error) != 0)
		return -1;
	wizard->limit = limit_new(LIMIT_KEYS);
	wizard->monitor = monitor_new(wizard);
	if (wizard->monitor == NULL || wizard->limit == NULL ||
		daemon_watch_signals(
			wizard->web.daemon, wizard->web.base, stop, reloaded, wizard) != 0)
		return error_memory(error);
	return serve(wizard, error);
}

static int run(struct daemon *daemon)
{
	struct wizard *wizard = daemon_data(daemon);
	struct error error;

	if (start(wizard, &error) != 0) {
		log_error("%s", error.text);
		return error_answer(error.kind)->exit_status;
	}
	web_service_run(&wizard->web);
	return EX_OK;
}

static void cleanup(struct daemon *daemon)
{
	struct wizard *wizard = daemon_data(daemon);

	if (wizard == NULL)
		return;
	web_service_silence(&wizard->web);
	limit_free(&wizard->limit);
	monitor_free(&wizard->monitor);
	web_service_close(&wizard->web);
	free(wizard);
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
