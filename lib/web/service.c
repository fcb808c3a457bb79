/*
 * Servers work on duplicates of the listening socket, so that one can be replaced by another while
 * connections wait to be accepted: none is refused. The addresses that were bound and asked at the
 * start are kept, since a reload may find others in the settings, which count at the next start.
 */
#include "web/service.h"

#include "base/endpoint.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int web_service_bind(struct web_service *service, const struct web_service_address *address,
	struct error *error)
{
	service->listen = strdup(address->value);
	service->listener = endpoint_listen(address->value, 0660, address->group, error);
	return service->listener >= 0 ? 0 : error_prefix(error, "%s", address->setting);
}

int web_service_open(struct web_service *service, struct error *error)
{
	const struct daemon_generation *generation = daemon_generation(service->daemon);

	service->store_listen = strdup(generation->settings->store_listen);
	service->tokend_listen = strdup(generation->settings->tokend_listen);
	daemon_generation_release(&generation);
	service->base = event_base_new();
	if (service->listen != NULL && service->store_listen != NULL &&
		service->tokend_listen != NULL && service->base != NULL) {
		service->store =
			ipc_async_new(service->base, service->store_listen, "the store");
		service->tokend =
			ipc_async_new(service->base, service->tokend_listen, "tokend");
	}
	if (service->store != NULL && service->tokend != NULL)
		return 0;
	return error_memory(error);
}

int web_service_serve(struct web_service *service, const struct web_server_options *options,
	struct error *error)
{
	struct web_server_options mine = *options;
	struct web_server *server;

	mine.base = service->base;
	mine.listener = fcntl(service->listener, F_DUPFD_CLOEXEC, 0);
	server = web_server_new(&mine, error);
	if (server == NULL)
		return -1;
	if (service->server != NULL)
		web_server_retire(&service->server);
	service->server = server;
	service->tls = options->tls_cert != NULL && *options->tls_cert != '\0';
	return 0;
}

bool web_service_stays(
	const struct web_service *service, const char *listen, const struct settings *settings)
{
	return strcmp(listen, service->listen) == 0 &&
	       strcmp(settings->store_listen, service->store_listen) == 0 &&
	       strcmp(settings->tokend_listen, service->tokend_listen) == 0;
}

void web_service_run(struct web_service *service)
{
	daemon_ready(service->daemon);
	event_base_dispatch(service->base);
}

void web_service_drain(
	struct web_service *service, void (*drained)(void *context), void *context)
{
	daemon_stopping(service->daemon);
	web_server_drain(service->server, drained, context);
}

void web_service_leave(struct web_service *service)
{
	event_base_loopbreak(service->base);
}

void web_service_silence(struct web_service *service)
{
	web_server_free(&service->server);
}

void web_service_close(struct web_service *service)
{
	ipc_async_free(&service->store);
	ipc_async_free(&service->tokend);
	daemon_unwatch_signals(service->daemon);
	if (service->base != NULL)
		event_base_free(service->base);
	if (service->listener >= 0 && service->listen != NULL) {
		close(service->listener);
		endpoint_unlink(service->listen);
	}
	free(service->listen);
	free(service->store_listen);
	free(service->tokend_listen);
}
