/*
 * What a visit has is freed when it ends: with its answer, or when the server cancels it.
 */
#include "visit.h"

#include "invitations.h"
#include "page.h"

#include "base/log.h"
#include "store/protocol.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void cancelled(void *context)
{
	struct visit *visit = context;

	visit_end(&visit);
}

static struct visit *visit_new(struct admin *admin, struct web_request *request)
{
	struct visit *visit = calloc(1, sizeof(*visit));

	if (visit == NULL) {
		web_answer(request, 503, NULL, NULL);
		return NULL;
	}
	visit->admin = admin;
	visit->request = request;
	visit->ask = (struct web_ask){.visit = visit, .request = request, .cancel = cancelled};
	visit->generation = daemon_generation(admin->web.daemon);
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

	web_ask_end(&v->ask);
	if (v->own_free != NULL)
		v->own_free(v->own);
	json_object_put(v->invitation);
	json_object_put(v->rows);
	daemon_generation_release(&v->generation);
	free(v);
	*visit = NULL;
}

void visit_ask_store(struct visit *visit, struct json_object *request, visit_next_fn *next)
{
	web_ask(&visit->ask, visit->admin->web.store, request, IPC_TIMEOUT_MS, next);
}

void visit_ask_tokend(
	struct visit *visit, struct json_object *request, int timeout_ms, visit_next_fn *next)
{
	web_ask_slow(&visit->ask, visit->admin->web.tokend, request, timeout_ms, next);
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
