/*
 * postinvite-policy: tells Postfix whether a client may send a Welcome mail, to whom and how
 * often, and the status of invitations by socketmap. It holds nothing of its own: who asks and
 * what the store says is all it decides from.
 */
#include "config.h"
#include "policy.h"

#include "base/endpoint.h"
#include "base/log.h"
#include "store/report.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static const struct service *const services[] = {&policy_service, &lookup_service};

#define SERVICES (sizeof(services) / sizeof(services[0]))

static int listen_on(struct policy *policy, size_t i, const char *endpoint, struct error *error)
{
	gid_t group = daemon_socket_group(policy->generation->settings);
	int fd = endpoint_listen(endpoint, 0660, group, error);

	if (fd < 0)
		return error_prefix(error, "%s", services[i]->name);
	daemon_own_socket(policy->daemon, policy->generation->settings, endpoint);
	policy->listens[i] = strdup(endpoint);
	if (server_listen(policy->server, services[i], fd) != 0 || policy->listens[i] == NULL)
		return error_memory(error);
	return 0;
}

static int open_sockets(struct policy *policy, struct error *error)
{
	const struct settings *settings = policy->generation->settings;
	const char *const endpoints[] = {settings->policy_listen, settings->lookup_listen};

	for (size_t i = 0; i < SERVICES; i++)
		if (listen_on(policy, i, endpoints[i], error) != 0)
			return -1;
	return 0;
}

/* With -s standard input may be anything, also a file, which epoll does not take. */
static struct event_base *base_new(bool any_descriptor)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config != NULL &&
		(!any_descriptor || event_config_require_features(config, EV_FEATURE_FDS) == 0))
		base = event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	return base;
}

static int prepare(struct daemon *daemon, struct error *error)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	if (policy == NULL)
		return error_memory(error);
	policy->daemon = daemon;
	daemon_set_data(daemon, policy);
	policy->generation = daemon_generation(daemon);
	policy->base = base_new(daemon_stream(daemon));
	if (policy->base != NULL)
		policy->server = server_new(policy->base, policy);
	if (policy->server == NULL)
		return error_memory(error);
	return daemon_stream(daemon) ? 0 : open_sockets(policy, error);
}

static void on_said(void *context)
{
	struct policy *policy = context;

	event_base_loopbreak(policy->base);
}

static void on_idle(void *context)
{
	struct policy *policy = context;

	if (policy->reporter != NULL)
		reporter_end(policy->reporter, on_said, policy);
	else
		event_base_loopbreak(policy->base);
}

static void remove_sockets(struct policy *policy)
{
	for (size_t i = 0; i < SERVICES && !policy->removed; i++)
		if (policy->listens[i] != NULL)
			endpoint_unlink(policy->listens[i]);
	policy->removed = true;
}

static void on_stop(struct daemon *daemon, void *context)
{
	struct policy *policy = context;

	daemon_stopping(daemon);
	remove_sockets(policy);
	server_when_idle(policy->server, on_idle);
	server_drain(policy->server);
}

static void on_reloaded(struct daemon *daemon, void *context)
{
	struct policy *policy = context;
	const struct settings *settings;

	daemon_generation_release(&policy->generation);
	policy->generation = daemon_generation(daemon);
	policy->complained = false;
	settings = policy->generation->settings;
	if (!daemon_stream(daemon) &&
		(strcmp(settings->policy_listen, policy->listens[0]) != 0 ||
			strcmp(settings->lookup_listen, policy->listens[1]) != 0))
		log_warning("reload: policy_listen and lookup_listen change at the next start "
			    "only");
	if (strcmp(settings->store_listen, policy->store_listen) != 0)
		log_warning("reload: store_listen changes at the next start only");
}

static void look(void *context, struct json_object *findings)
{
	struct policy *policy = context;

	(void)findings;
	metrics_set(policy->metrics, METRIC_POLICY_CONNECTIONS, (struct metric_at){0},
		(int64_t)server_clients(policy->server));
}

/* Returns 0 or -1, out of memory. */
static int start_reports(struct policy *policy)
{
	struct reporter_options options = {.base = policy->base,
		.store = policy->store,
		.program = "policy",
		.look = look,
		.context = policy};

	policy->metrics = metrics_new("policy", NULL);
	options.metrics = policy->metrics;
	if (policy->metrics != NULL)
		policy->reporter = reporter_new(&options);
	return policy->reporter != NULL ? 0 : -1;
}

static int start(struct daemon *daemon, struct policy *policy, struct error *error)
{
	static const int streams[] = {STDIN_FILENO, STDOUT_FILENO};

	policy->store_listen = strdup(policy->generation->settings->store_listen);
	if (policy->store_listen != NULL)
		policy->store = ipc_async_new(policy->base, policy->store_listen, "the store");
	if (policy->store == NULL ||
		daemon_watch_signals(daemon, policy->base, on_stop, on_reloaded, policy) != 0)
		return error_memory(error);
	if (!daemon_stream(daemon)) {
		if (start_reports(policy) != 0)
			return error_memory(error);
		daemon_ready(daemon);
		return 0;
	}
	server_when_idle(policy->server, on_idle);
	if (server_stream(policy->server, &policy_service, streams) != 0)
		return error_set(error, ERROR_TEMPORARY, "standard input cannot be read");
	return 0;
}

static int run(struct daemon *daemon)
{
	struct policy *policy = daemon_data(daemon);
	struct error error;

	if (start(daemon, policy, &error) != 0) {
		log_error("%s", error.text);
		return error_answer(error.kind)->exit_status;
	}
	event_base_dispatch(policy->base);
	return EX_OK;
}

static void cleanup(struct daemon *daemon)
{
	struct policy *policy = daemon_data(daemon);

	if (policy == NULL)
		return;
	server_free(&policy->server);
	reporter_free(&policy->reporter);
	metrics_free(&policy->metrics);
	ipc_async_free(&policy->store);
	daemon_unwatch_signals(daemon);
	if (policy->base != NULL)
		event_base_free(policy->base);
	remove_sockets(policy);
	for (size_t i = 0; i < SERVICES; i++)
		free(policy->listens[i]);
	free(policy->store_listen);
	daemon_generation_release(&policy->generation);
	free(policy);
}

int main(int argc, char **argv)
{
	static const struct daemon_program program = {
		.name = "postinvite-policy",
		.purpose = "tells Postfix who may send Welcome mail, to whom and how often",
		.has_stream = true,
		.check = config_new,
		.release = config_free,
		.prepare = prepare,
		.run = run,
		.cleanup = cleanup,
	};

	return daemon_main(&program, argc, argv);
}
