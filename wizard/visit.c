/*
 * What a visit has is freed when it ends: with its answer, or when the server cancels it.
 */
#include "visit.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

/* Above what tokend gives a slow Entra, below what the server gives an answer. */
#define MICROSOFT_TIMEOUT_MS 30000

static void visit_free(struct visit **visit)
{
	struct visit *v = *visit;

	web_ask_end(&v->ask);
	json_object_put(v->invitation);
	json_object_put(v->code);
	daemon_generation_release(&v->generation);
	free(v);
	*visit = NULL;
}

static void cancelled(void *context)
{
	struct visit *visit = context;

	visit_free(&visit);
}

struct visit *visit_new(struct wizard *wizard, struct web_request *request)
{
	struct visit *visit = calloc(1, sizeof(*visit));

	if (visit == NULL) {
		web_answer(request, 503, NULL, NULL);
		return NULL;
	}
	visit->wizard = wizard;
	visit->request = request;
	visit->ask = (struct web_ask){.visit = visit, .request = request, .cancel = cancelled};
	visit->generation = daemon_generation(wizard->web.daemon);
	visit->site = visit->generation->derived;
	visit->policy = visit->site->policy;
	visit->catalog =
		words_choose(visit->site->words, web_request_header(request, "Accept-Language"),
			visit->generation->settings->default_language);
	return visit;
}

int visit_link(struct visit *visit, const char *token)
{
	struct error error;

	if (strlen(token) != LINK_TOKEN_LEN ||
		link_token_verify(visit->site->keys, token, visit->id, &error) != 0)
		return -1;
	memcpy(visit->token, token, sizeof(visit->token));
	return 0;
}

void visit_ask_store(
	struct visit *visit, struct json_object *request, int timeout_ms, visit_next_fn *next)
{
	web_ask(&visit->ask, visit->wizard->web.store, request, timeout_ms, next);
}

void visit_ask_tokend(struct visit *visit, struct json_object *request, visit_next_fn *next)
{
	web_ask(&visit->ask, visit->wizard->web.tokend, request, IPC_TIMEOUT_MS, next);
}

void visit_ask_microsoft(struct visit *visit, struct json_object *request, visit_next_fn *next)
{
	web_ask_slow(
		&visit->ask, visit->wizard->web.tokend, request, MICROSOFT_TIMEOUT_MS, next);
}

void visit_keep_invitation(struct visit *visit, struct json_object *reply)
{
	struct json_object *invitation = json_member(reply, "invitation");

	json_object_get(invitation);
	json_object_put(visit->invitation);
	visit->invitation = invitation;
}

enum status visit_status(const struct visit *visit)
{
	return record_status(visit->invitation, time(NULL));
}

/* No path and no value of the request: a link is a secret until it expires. */
static void log_visit(const struct visit *visit, unsigned status)
{
	const struct web_route *route = web_request_route(visit->request);
	bool routine = (route == NULL || strcmp(route->method, "GET") == 0) && status < 500;

	log_line(routine ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "%s: invitation=%s answer=%u",
		route != NULL ? route->name : "-", visit->id[0] != '\0' ? visit->id : "-",
		status);
}

void visit_answer(struct visit **visit, unsigned status, const char *type, struct buf *body)
{
	struct web_request *request = (*visit)->request;

	log_visit(*visit, status);
	web_header(request, "Content-Security-Policy", (*visit)->policy);
	visit_free(visit);
	web_answer(request, status, type, body);
}

void visit_redirect(struct visit **visit, const char *location)
{
	struct web_request *request = (*visit)->request;

	log_visit(*visit, 303);
	web_header(request, "Content-Security-Policy", (*visit)->policy);
	visit_free(visit);
	web_redirect(request, location);
}
