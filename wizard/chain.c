/*
 * Each route is a chain of small steps, because each question to the store or to tokend is
 * answered later: a step gets the answer, and either asks the next question or ends the visit with
 * a page. The link is verified under the link key before anybody is asked anything.
 */
#include "chain.h"

#include "page.h"
#include "step.h"

#include "base/json.h"
#include "base/log.h"
#include "invite/event.h"
#include "store/protocol.h"
#include "token/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct visit *chain_begin(void *context, struct web_request *request)
{
	struct visit *visit = visit_new(context, request);

	if (visit != NULL && visit_link(visit, web_request_parameter(request)) != 0)
		page_problem(&visit, 404, NULL);
	return visit;
}

void chain_fail(struct visit *visit, const struct error *error)
{
	unsigned status = (unsigned)error_answer(error->kind)->http_status;

	if (status >= 500)
		log_warning("%s: invitation=%s error=%s",
			web_request_route(visit->request)->name,
			visit->id[0] != '\0' ? visit->id : "-", error->text);
	page_problem(&visit, status == 500 ? 503 : status, NULL);
}

struct json_object *chain_get(const struct visit *visit)
{
	struct json_object *request = store_request("get");

	if (request != NULL)
		json_set_string(request, "link", visit->token);
	return request;
}

struct json_object *chain_event(const struct visit *visit, const char *type)
{
	return store_request_apply("link", visit->token, event_create(type, time(NULL)));
}

void chain_go(struct visit *visit, const char *suffix)
{
	char *path;

	if (asprintf(&path, "%s/i/%s%s", visit->site->base_path, visit->token, suffix) < 0) {
		page_problem(&visit, 503, NULL);
		return;
	}
	visit_redirect(&visit, path);
	free(path);
}

/* Where nothing is left to do, the page says why by itself. */
static void show_now(struct visit *visit, struct json_object *reply, const struct error *error)
{
	struct fault refusal;
	bool ended;

	if (error != NULL) {
		chain_fail(visit, error);
		return;
	}
	visit_keep_invitation(visit, reply);
	page_refusal(visit, visit->refusal, &refusal);
	ended = step_of(visit_status(visit))->action == STEP_NOTHING;
	page_journey(&visit, 0, fault_said(&refusal) && !ended ? &refusal : NULL);
}

void chain_show(struct visit *visit)
{
	visit_ask_store(visit, chain_get(visit), IPC_TIMEOUT_MS, show_now);
}

bool chain_refused(struct visit *visit, const struct error *error)
{
	if (error == NULL)
		return false;
	if (error_answer(error->kind)->http_status == 503) {
		chain_fail(visit, error);
		return true;
	}
	log_info("%s: invitation=%s refused=%s", web_request_route(visit->request)->name,
		visit->id, error->text);
	snprintf(visit->refusal, sizeof(visit->refusal), "%s", error->text);
	chain_show(visit);
	return true;
}

static bool csrf_good(const struct visit *visit)
{
	const char *nonce = web_request_cookie(visit->request, CSRF_COOKIE);

	return nonce != NULL && site_mark_check(visit->site, CSRF_PURPOSE, nonce,
					web_request_field(visit->request, "csrf"));
}

static void show_press_again(
	struct visit *visit, struct json_object *reply, const struct error *error)
{
	struct fault notice;

	if (error != NULL) {
		chain_fail(visit, error);
		return;
	}
	visit_keep_invitation(visit, reply);
	fault_word(PAGE_PRESS_AGAIN, &notice);
	page_journey(&visit, 403, &notice);
}

struct visit *chain_begin_post(void *context, struct web_request *request)
{
	struct visit *visit = chain_begin(context, request);

	if (visit == NULL || csrf_good(visit))
		return visit;
	visit_ask_store(visit, chain_get(visit), IPC_TIMEOUT_MS, show_press_again);
	return NULL;
}

static void ask_tokend(struct visit *visit)
{
	const char *hint = web_request_field(visit->request, "login_hint");
	struct json_object *question = token_request(visit->op, visit->token);

	if (question != NULL && hint != NULL && hint[0] != '\0')
		json_set_string(question, "login_hint", hint);
	visit_ask_microsoft(visit, question, visit->after_open);
}

static bool hint_good(const struct visit *visit)
{
	const char *hint = web_request_field(visit->request, "login_hint");

	return hint == NULL || hint[0] == '\0' || login_hint_valid(hint);
}

bool chain_opened(struct visit *visit, struct json_object *reply, const struct error *error)
{
	if (error == NULL)
		visit_keep_invitation(visit, reply);
	else if (error->kind == ERROR_CONFLICT)
		chain_show(visit);
	else
		chain_fail(visit, error);
	return error == NULL;
}

static void opened(struct visit *visit, struct json_object *reply, const struct error *error)
{
	struct fault notice;

	if (!chain_opened(visit, reply, error))
		return;
	if (step_of(visit_status(visit))->action != STEP_START)
		page_journey(&visit, 0, NULL);
	else if (hint_good(visit))
		ask_tokend(visit);
	else {
		fault_word(PAGE_BAD_HINT, &notice);
		page_journey(&visit, 400, &notice);
	}
}

void chain_press(struct visit *visit, const char *op, visit_next_fn *next)
{
	visit->op = op;
	visit->after_open = next;
	visit_ask_store(visit, chain_event(visit, "link_opened"), IPC_TIMEOUT_MS, opened);
}
