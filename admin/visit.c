/*
 * A visit waits for one answer at a time. While it waits the request is deferred, and the server may cancel
 * it; after that nobody calls `next` any more.
 */
#include "visit.h"

#include "invitations.h"
#include "page.h"

#include "base/log.h"
#include "store/protocol.h"
#include "token/protocol.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct visit *visit_new(struct admin *admin, struct web_request *request)
{
	struct visit *visit = calloc(1, sizeof(*visit));

	if (visit == NULL) {
		web_answer(request, 503, NULL, NULL);
		return NULL;
	}
	visit->admin = admin;
	visit->request = request;
	visit->generation = daemon_generation(admin->daemon);
	visit->site = visit->generation->derived;
	visit->catalog =
		words_choose(visit->site->words, web_request_header(request, "Accept-Language"),
			visit->generation->settings->default_language);
	visit->now = time(NULL);
	visit->version = view_version(invitations_view(admin->invitations));
	access_find(visit->generation->settings, request, &visit->visitor);
	return visit;
}

struct visit *visit_begin(void *admin, struct web_request *request, enum role needed)
{
	struct visit *visit = visit_new(admin, request);

	if (visit == NULL || visit->visitor.role >= needed)
		return visit;
	if (visit->visitor.role == ROLE_NONE)
		page_problem(&visit, 403, visit->visitor.why, visit->visitor.detail);
	else
		page_problem(&visit, 403, "access_view_only", visit->visitor.name);
	return NULL;
}

void visit_end(struct visit **visit)
{
	struct visit *v = *visit;

	if (v->call != NULL)
		ipc_async_cancel(&v->call);
	if (v->own_free != NULL)
		v->own_free(v->own);
	json_object_put(v->invitation);
	json_object_put(v->question);
	json_object_put(v->rows);
	daemon_generation_release(&v->generation);
	free(v);
	*visit = NULL;
}

static void cancelled(void *context)
{
	struct visit *visit = context;

	visit_end(&visit);
}

static void answered(void *context, struct json_object *reply, const struct error *error)
{
	struct visit *visit = context;

	visit->call = NULL;
	visit->next(visit, reply, error);
}

static void ask(struct visit *visit, struct ipc_async *whom, struct json_object *request,
	int timeout_ms)
{
	struct error error = {ERROR_TEMPORARY, "out of memory"};

	if (request != NULL)
		visit->call = ipc_async_call(whom, request, timeout_ms, answered, visit);
	json_object_put(request);
	if (visit->call != NULL)
		web_request_defer(visit->request, false, cancelled, visit);
	else
		visit->next(visit, NULL, &error);
}

void visit_ask_store(struct visit *visit, struct json_object *request, visit_next_fn *next)
{
	visit->next = next;
	ask(visit, visit->admin->store, request, IPC_TIMEOUT_MS);
}

static void pinged(struct visit *visit, struct json_object *reply, const struct error *error)
{
	struct json_object *question = visit->question;

	(void)reply;
	visit->question = NULL;
	visit->next = visit->after_ping;
	if (error == NULL) {
		ask(visit, visit->admin->tokend, question, visit->question_ms);
		return;
	}
	json_object_put(question);
	visit->next(visit, NULL, error);
}

void visit_ask_tokend(
	struct visit *visit, struct json_object *request, int timeout_ms, visit_next_fn *next)
{
	visit->question = request;
	visit->question_ms = timeout_ms;
	visit->after_ping = next;
	visit->next = pinged;
	ask(visit, visit->admin->tokend, token_request("ping", NULL), IPC_TIMEOUT_MS);
}

void visit_ask_invitation(struct visit *visit, visit_next_fn *next)
{
	struct json_object *request = store_request("get");

	if (request != NULL)
		json_set_string(request, "id", web_request_parameter(visit->request));
	visit_ask_store(visit, request, next);
}

void visit_keep_invitation(struct visit *visit, struct json_object *reply)
{
	struct json_object *invitation = json_member(reply, "invitation");

	json_object_get(invitation);
	json_object_put(visit->invitation);
	visit->invitation = invitation;
}

/* No path and no query: what operators look for may be a customer's name. */
static void log_visit(const struct visit *visit, unsigned status)
{
	const struct web_route *route = web_request_route(visit->request);
	bool routine = (route == NULL || strcmp(route->method, "GET") == 0) && status < 500 &&
		       status != 403;

	log_line(routine ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "%s: operator=%s answer=%u",
		route != NULL ? route->name : "-",
		visit->visitor.name[0] != '\0' ? visit->visitor.name : "-", status);
}

void visit_answer(struct visit **visit, unsigned status, const char *type, struct buf *body)
{
	struct web_request *request = (*visit)->request;

	log_visit(*visit, status);
	visit_end(visit);
	web_answer(request, status, type, body);
}

void visit_pieces(struct visit *visit, const char *type, web_more_fn *more)
{
	log_visit(visit, 200);
	web_answer_pieces(visit->request, type, more, cancelled, visit);
}

void visit_redirect(struct visit **visit, const char *location)
{
	struct web_request *request = (*visit)->request;

	log_visit(*visit, 303);
	visit_end(visit);
	web_redirect(request, location);
}
