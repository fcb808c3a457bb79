/*
 * A monitor's question is one of the store's, with a deadline that is shorter than a monitor's
 * patience. When the store is away, what we know ourselves is answered.
 */
#include "monitor.h"

#include "invitations.h"
#include "routes.h"
#include "site.h"
#include "verdict.h"

#include "base/endpoint.h"
#include "store/report.h"
#include "web/count.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEADLINE_MS 2000
#define TEXT_MAX    (1024 * 1024)

struct monitor {
	struct admin *admin;
	char *listen; /* "" : nowhere */
	int listener;
	struct web_server *server;
	const char *names[WEB_NAMES_MAX + 2];
	struct web_metrics counted;
	struct reporter *reporter;
};

/* One question. */
struct probe {
	struct admin *admin;
	struct web_request *request;
	struct ipc_async_call *call;
	void (*answer)(struct probe *probe, struct json_object *reports,
		const struct verdict *verdict);
};

static void look(void *context, struct json_object *findings)
{
	struct admin *admin = context;
	const struct daemon_generation *generation = daemon_generation(admin->web.daemon);
	const struct site *site = generation->derived;

	if (site->tls.certificate.not_after != 0)
		health_certificate(findings, &site->tls.certificate, time(NULL));
	daemon_generation_release(&generation);
}

static void answer_health(
	struct probe *probe, struct json_object *reports, const struct verdict *verdict)
{
	const char *accept = web_request_header(probe->request, "Accept");
	bool json = accept != NULL && strstr(accept, VERDICT_JSON) != NULL;
	struct buf out;

	(void)reports;
	buf_init(&out, TEXT_MAX);
	(json ? verdict_json : verdict_text)(verdict, &out);
	web_header(probe->request, "Vary", "Accept");
	web_answer(probe->request, verdict->state == HEALTH_FAIL ? 503 : 200,
		json ? VERDICT_JSON : VERDICT_TEXT, &out);
	buf_free(&out);
}

static int put_invitations(const struct admin *admin, struct json_object *sum)
{
	size_t counts[STATUS_COUNT];
	int result = 0;

	if (!invitations_ready(admin->invitations))
		return 0;
	view_counts(invitations_view(admin->invitations), time(NULL), counts);
	for (enum status status = 0; status < STATUS_COUNT; status++)
		result |= metrics_put(
			sum, METRIC_INVITATIONS, status_name(status), (int64_t)counts[status]);
	return result;
}

/* Without the store, what this program counts is all there is. */
static struct json_object *sum_up(const struct admin *admin, struct json_object *reports)
{
	struct json_object *sum = json_member(reports, "metrics");

	return sum != NULL ? json_object_get(sum)
			   : metrics_report(admin->monitor->counted.metrics);
}

static void answer_metrics(
	struct probe *probe, struct json_object *reports, const struct verdict *verdict)
{
	struct json_object *sum = sum_up(probe->admin, reports);
	struct buf out;

	buf_init(&out, TEXT_MAX);
	if (sum != NULL && verdict_metrics(verdict, sum) == 0 &&
		put_invitations(probe->admin, sum) == 0) {
		metrics_text(sum, &out);
		web_answer(probe->request, 200, METRICS_CONTENT_TYPE, &out);
	} else {
		web_answer(probe->request, 503, NULL, NULL);
	}
	buf_free(&out);
	json_object_put(sum);
}

static void finish(struct probe *probe, struct json_object *reports, const struct error *error)
{
	struct json_object *own = json_object_new_array();
	struct verdict *verdict = calloc(1, sizeof(*verdict));

	if (own != NULL && verdict != NULL) {
		look(probe->admin, own);
		verdict_find(reports, error, own, verdict);
		probe->answer(probe, reports, verdict);
	} else {
		web_answer(probe->request, 503, NULL, NULL);
	}
	json_object_put(own);
	free(verdict);
	free(probe);
}

static void on_reports(void *context, struct json_object *reply, const struct error *error)
{
	finish(context, reply, error);
}

static void cancelled(void *context)
{
	struct probe *probe = context;

	ipc_async_cancel(&probe->call);
	free(probe);
}

static void ask(struct admin *admin, struct web_request *request,
	void (*answer)(struct probe *, struct json_object *, const struct verdict *))
{
	const struct error no_memory = {ERROR_TEMPORARY, "out of memory"};
	struct json_object *question = store_request("reports");
	struct probe *probe = calloc(1, sizeof(*probe));

	if (probe == NULL) {
		json_object_put(question);
		web_answer(request, 503, NULL, NULL);
		return;
	}
	*probe = (struct probe){.admin = admin, .request = request, .answer = answer};
	if (question != NULL)
		probe->call = ipc_async_call(
			admin->web.store, question, DEADLINE_MS, on_reports, probe);
	json_object_put(question);
	if (probe->call != NULL)
		web_request_defer(request, false, cancelled, probe);
	else
		finish(probe, NULL, &no_memory);
}

void get_health(void *context, struct web_request *request)
{
	ask(context, request, answer_health);
}

void get_metrics(void *context, struct web_request *request)
{
	ask(context, request, answer_metrics);
}

static const struct web_route routes[] = {
	{"healthz", "GET", "/healthz", get_health, .head = true},
	{"metrics", "GET", "/metrics", get_metrics, .head = true},
	{0},
};

static void problem(void *context, struct web_request *request, unsigned status)
{
	struct buf out;

	(void)context;
	buf_init(&out, 128);
	buf_string(&out, "only GET /healthz and GET /metrics are answered here\n");
	web_answer(request, status, VERDICT_TEXT, &out);
	buf_free(&out);
}

static int start_server(struct monitor *monitor, struct error *error)
{
	const struct web_server_options options = {.base = monitor->admin->web.base,
		.listener = monitor->listener,
		.routes = routes,
		.problem = problem,
		.answered = monitor_answered,
		.context = monitor->admin};

	if (monitor->listener < 0)
		return 0;
	monitor->listener = -1;
	monitor->server = web_server_new(&options, error);
	return monitor->server != NULL ? 0 : error_prefix(error, "metrics_listen");
}

struct monitor *monitor_new(
	struct admin *admin, const struct settings *settings, struct error *error)
{
	struct monitor *monitor = calloc(1, sizeof(*monitor));

	error_memory(error);
	if (monitor == NULL)
		return NULL;
	monitor->admin = admin;
	monitor->listener = -1;
	monitor->listen = strdup(settings->metrics_listen);
	if (monitor->listen != NULL && monitor->listen[0] == '\0')
		return monitor;
	if (monitor->listen != NULL)
		monitor->listener = endpoint_listen(monitor->listen, 0660,
			daemon_own_group(admin->web.daemon, settings), error);
	if (monitor->listener >= 0) {
		daemon_own_socket(admin->web.daemon, settings, monitor->listen);
		return monitor;
	}
	error_prefix(error, "metrics_listen");
	monitor_free(&monitor);
	return NULL;
}

int monitor_start(struct monitor *monitor, struct error *error)
{
	struct reporter_options options = {.base = monitor->admin->web.base,
		.store = monitor->admin->web.store,
		.program = "admin",
		.look = look,
		.context = monitor->admin};

	web_names(admin_routes, monitor->names);
	options.metrics = metrics_new("admin", monitor->names);
	monitor->counted = (struct web_metrics){
		options.metrics, monitor->names, METRIC_ADMIN_REQUESTS, METRIC_ADMIN_SECONDS};
	if (options.metrics != NULL)
		monitor->reporter = reporter_new(&options);
	if (monitor->reporter == NULL)
		return error_memory(error);
	return start_server(monitor, error);
}

void monitor_free(struct monitor **monitor)
{
	struct monitor *m = *monitor;

	if (m == NULL)
		return;
	if (m->server != NULL || m->listener >= 0)
		endpoint_unlink(m->listen);
	web_server_free(&m->server);
	if (m->listener >= 0)
		close(m->listener);
	reporter_free(&m->reporter);
	metrics_free(&m->counted.metrics);
	free(m->listen);
	free(m);
	*monitor = NULL;
}

bool monitor_listens(const struct monitor *monitor, const struct settings *settings)
{
	return strcmp(monitor->listen, settings->metrics_listen) == 0;
}

void monitor_answered(void *context, const struct web_answered *answered)
{
	const struct admin *admin = context;

	web_count(&admin->monitor->counted, answered);
}

void monitor_end(struct monitor *monitor, void (*said)(void *context), void *context)
{
	reporter_end(monitor->reporter, said, context);
}
