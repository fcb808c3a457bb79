/*
 * postinvite-admin: the operator's pages, on web/service.h. It holds no key.
 *
 * A reload takes a new settings generation for requests from then on; TLS certificates are part
 * of it.
 */
#include "admin.h"
#include "invitations.h"
#include "live.h"
#include "monitor.h"
#include "routes.h"
#include "site.h"

#include "base/log.h"

#include <stdlib.h>
#include <sysexits.h>

#define KEY_LEN 32

/* Not socket_group's: whoever opens this socket may act as an operator. */
static int prepare(struct daemon *daemon, struct error *error)
{
	const struct daemon_generation *generation = daemon_generation(daemon);
	const struct settings *settings = generation->settings;
	const struct web_service_address address = {
		"admin_listen", settings->admin_listen, daemon_own_group(daemon, settings)};
	struct admin *admin = calloc(1, sizeof(*admin));

	error_memory(error);
	if (admin != NULL) {
		admin->web.daemon = daemon;
		daemon_set_data(daemon, admin);
		if (web_service_bind(&admin->web, &address, error) == 0) {
			daemon_own_socket(daemon, settings, address.value);
			admin->monitor = monitor_new(admin, settings, error);
		}
	}
	daemon_generation_release(&generation);
	return admin != NULL && admin->monitor != NULL ? 0 : -1;
}

static int serve(struct admin *admin, struct error *error)
{
	const struct daemon_generation *generation = daemon_generation(admin->web.daemon);
	const struct site *site = generation->derived;
	const struct web_server_options options = {
		.tls_cert = site->tls.cert.data,
		.tls_key = site->tls.key.data,
		.tls_client_ca = site->tls.client_ca.data,
		.routes = admin_routes,
		.problem = admin_problem,
		.answered = monitor_answered,
		.context = admin,
	};
	int result = web_service_serve(&admin->web, &options, error);

	daemon_generation_release(&generation);
	return result;
}

/* A new server also without new certificates: a connection that is kept open ends, and with it
 * what it was let in by. */
static void reloaded(struct daemon *daemon, void *context)
{
	struct admin *admin = context;
	const struct daemon_generation *generation = daemon_generation(daemon);
	const struct settings *settings = generation->settings;
	struct error error;

	if (!web_service_stays(&admin->web, settings->admin_listen, settings) ||
		!monitor_listens(admin->monitor, settings))
		log_warning("reload: admin_listen, metrics_listen, store_listen and "
			    "tokend_listen change at the next start only");
	if (serve(admin, &error) != 0)
		log_error(
			"reload: certificates and listener stay as they were: %s", error.text);
	daemon_generation_release(&generation);
}

static void said(void *context)
{
	struct admin *admin = context;

	web_service_leave(&admin->web);
}

static void drained(void *context)
{
	struct admin *admin = context;

	monitor_end(admin->monitor, said, admin);
}

static void stop(struct daemon *daemon, void *context)
{
	struct admin *admin = context;

	(void)daemon;
	web_service_drain(&admin->web, drained, admin);
}

static int start(struct admin *admin, struct error *error)
{
	if (web_service_open(&admin->web, error) != 0)
		return -1;
	admin->key = secret_random(KEY_LEN);
	admin->live = live_new(admin);
	if (admin->live != NULL)
		admin->invitations = invitations_new(admin, live_changed, admin->live);
	if (admin->invitations == NULL || admin->key == NULL ||
		daemon_watch_signals(
			admin->web.daemon, admin->web.base, stop, reloaded, admin) != 0)
		return error_set(error, ERROR_TEMPORARY, "out of memory or of randomness");
	return monitor_start(admin->monitor, error) != 0 ? -1 : serve(admin, error);
}

static int run(struct daemon *daemon)
{
	struct admin *admin = daemon_data(daemon);
	struct error error;

	if (start(admin, &error) != 0) {
		log_error("%s", error.text);
		return error_answer(error.kind)->exit_status;
	}
	web_service_run(&admin->web);
	return EX_OK;
}

static void cleanup(struct daemon *daemon)
{
	struct admin *admin = daemon_data(daemon);

	if (admin == NULL)
		return;
	web_service_silence(&admin->web);
	monitor_free(&admin->monitor);
	live_free(&admin->live);
	invitations_free(&admin->invitations);
	web_service_close(&admin->web);
	secret_free(&admin->key);
	free(admin);
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
