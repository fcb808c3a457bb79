/*
 * Each route is a chain of small steps, because each question to the store or to tokend is answered later: a step gets the
 * answer, and either asks the next question or ends the visit with a page. The link is
 * verified under the link key before anybody is asked anything.
 */
#include "routes.h"

#include "code.h"
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

#define LONG_POLL_S	   25
#define LONG_POLL_LIMIT_MS ((LONG_POLL_S + 5) * 1000)

/* An SVG may style itself, and nothing else, also for who opens its address. */
#define LOGO_POLICY "default-src 'none'; style-src 'unsafe-inline'; sandbox"

/* The beginning of every route with a link. NULL: answered already. */
static struct visit *visit_begin(void *context, struct web_request *request)
{
	struct visit *visit = visit_new(context, request);

	if (visit != NULL && visit_link(visit, web_request_parameter(request)) != 0)
		page_problem(&visit, 404, NULL);
	return visit;
}

/* The end of every chain that meets an error. */
static void visit_fail(struct visit *visit, const struct error *error)
{
	unsigned status = (unsigned)error_answer(error->kind)->http_status;

	if (status >= 500)
		log_warning("%s: invitation=%s error=%s",
			web_request_route(visit->request)->name,
			visit->id[0] != '\0' ? visit->id : "-", error->text);
	page_problem(&visit, status == 500 ? 503 : status, NULL);
}

static struct json_object *link_request(const struct visit *visit, const char *op)
{
	struct json_object *request = store_request(op);

	if (request != NULL)
		json_set_string(request, "link", visit->token);
	return request;
}

static struct json_object *event_request(const struct visit *visit, const char *type)
{
	return store_request_apply("link", visit->token, event_create(type, time(NULL)));
}

/* --- GET /i/TOKEN and /i/TOKEN/done: where the journey stands --- */

static void show(struct visit *visit, struct json_object *reply, const struct error *error)
{
	(void)reply;
	if (error != NULL)
		visit_fail(visit, error);
	else
		page_journey(&visit, 0, NULL);
}

static void link_seen(struct visit *visit, struct json_object *reply, const struct error *error)
{
	if (error != NULL && error->kind != ERROR_CONFLICT) {
		visit_fail(visit, error);
		return;
	}
	if (error == NULL)
		visit_keep_invitation(visit, reply);
	code_fetch(visit, show);
}

static void got_invitation(
	struct visit *visit, struct json_object *reply, const struct error *error)
{
	if (error != NULL) {
		visit_fail(visit, error);
		return;
	}
	visit_keep_invitation(visit, reply);
	if (json_member(visit->invitation, "link_seen_at") == NULL)
		visit_ask_store(
			visit, event_request(visit, "link_seen"), IPC_TIMEOUT_MS, link_seen);
	else
		code_fetch(visit, show);
}

static void get_journey(void *context, struct web_request *request)
{
	struct visit *visit = visit_begin(context, request);

	if (visit != NULL)
		visit_ask_store(
			visit, link_request(visit, "get"), IPC_TIMEOUT_MS, got_invitation);
}

/* A GET of what takes a POST: a reload, or a link that was copied too long. */
static void go_to_journey(void *context, struct web_request *request)
{
	struct visit *visit = visit_begin(context, request);
	char *path;

	if (visit == NULL)
		return;
	if (asprintf(&path, "%s/i/%s", visit->site->base_path, visit->token) < 0) {
		page_problem(&visit, 503, NULL);
		return;
	}
	visit_redirect(&visit, path);
	free(path);
}

/* --- GET /i/TOKEN/status --- */

static void show_status(
	struct visit *visit, struct json_object *reply, const struct error *error)
{
	(void)reply;
	if (error != NULL)
		visit_fail(visit, error);
	else
		page_status(&visit);
}

static void got_status(
	struct visit *visit, struct json_object *reply, const struct error *error)
{
	if (error != NULL) {
		visit_fail(visit, error);
		return;
	}
	visit_keep_invitation(visit, reply);
	code_fetch(visit, show_status);
}

static void get_status(void *context, struct web_request *request)
{
	struct visit *visit = visit_begin(context, request);
	const char *since = web_request_query(request, "since");
	struct json_object *question;

	if (visit == NULL)
		return;
	if (since == NULL || since[0] == '\0' || strlen(since) > 18 ||
		since[strspn(since, "0123456789")] != '\0') {
		visit_ask_store(visit, link_request(visit, "get"), IPC_TIMEOUT_MS, got_status);
		return;
	}
	question = link_request(visit, "watch");
	if (question != NULL) {
		json_set_int(question, "revision", strtoll(since, NULL, 10));
		json_set_int(question, "timeout", LONG_POLL_S);
	}
	visit->idle = true;
	visit_ask_store(visit, question, LONG_POLL_LIMIT_MS, got_status);
}

/* --- POST --- */

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
		visit_fail(visit, error);
		return;
	}
	visit_keep_invitation(visit, reply);
	fault_word(PAGE_PRESS_AGAIN, &notice);
	page_journey(&visit, 403, &notice);
}

/* The beginning of every POST: a verified link and a form of ours. NULL: answered, or on its way. */
static struct visit *visit_begin_post(void *context, struct web_request *request)
{
	struct visit *visit = visit_begin(context, request);

	if (visit == NULL || csrf_good(visit))
		return visit;
	visit_ask_store(visit, link_request(visit, "get"), IPC_TIMEOUT_MS, show_press_again);
	return NULL;
}

/* After something that tokend has put on record: the page of the record as it is now. */
static void show_outcome(
	struct visit *visit, struct json_object *reply, const struct error *error)
{
	struct fault refusal;

	if (error != NULL) {
		visit_fail(visit, error);
		return;
	}
	visit_keep_invitation(visit, reply);
	page_refusal(visit, visit->refusal, &refusal);
	page_journey(&visit, 0, fault_said(&refusal) ? &refusal : NULL);
}

/* tokend's refusal is text for people. Returns true when the visit is over. */
static bool refused(struct visit *visit, const struct error *error)
{
	if (error == NULL)
		return false;
	if (error_answer(error->kind)->http_status == 503) {
		visit_fail(visit, error);
		return true;
	}
	log_info("%s: invitation=%s refused=%s", web_request_route(visit->request)->name,
		visit->id, error->text);
	snprintf(visit->refusal, sizeof(visit->refusal), "%s", error->text);
	visit_ask_store(visit, link_request(visit, "get"), IPC_TIMEOUT_MS, show_outcome);
	return true;
}

static void started(struct visit *visit, struct json_object *reply, const struct error *error)
{
	if (refused(visit, error))
		return;
	code_keep_started(visit, reply);
	visit_ask_store(visit, link_request(visit, "get"), IPC_TIMEOUT_MS, show_outcome);
}

static void opened(struct visit *visit, struct json_object *reply, const struct error *error)
{
	if (error != NULL && error->kind == ERROR_CONFLICT) {
		visit_ask_store(
			visit, link_request(visit, "get"), IPC_TIMEOUT_MS, show_outcome);
		return;
	}
	if (error != NULL) {
		visit_fail(visit, error);
		return;
	}
	visit_keep_invitation(visit, reply);
	if (step_of(visit_status(visit))->action == STEP_START)
		visit_ask_microsoft(visit, token_request("start", visit->token), started);
	else
		page_journey(&visit, 0, NULL);
}

static void post_start(void *context, struct web_request *request)
{
	struct visit *visit = visit_begin_post(context, request);

	if (visit != NULL)
		visit_ask_store(
			visit, event_request(visit, "link_opened"), IPC_TIMEOUT_MS, opened);
}

static void confirming(
	struct visit *visit, struct json_object *reply, const struct error *error)
{
	const char *url = json_string(reply, "url", "");
	struct error wrong = {ERROR_TEMPORARY, "tokend answered without a URL"};

	if (refused(visit, error))
		return;
	if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
		visit_fail(visit, &wrong);
	else
		visit_redirect(&visit, url);
}

static void post_confirm(void *context, struct web_request *request)
{
	struct visit *visit = visit_begin_post(context, request);

	if (visit != NULL)
		visit_ask_microsoft(visit, token_request("confirm", visit->token), confirming);
}

/* --- GET /callback: what Microsoft sends the browser back with --- */

static void came_back(struct visit *visit, struct json_object *reply, const struct error *error)
{
	const char *text = json_string(reply, "text", "");
	struct fault fault;
	char *path;

	if (error != NULL && error->kind == ERROR_NOT_FOUND) {
		fault_word(PAGE_SIGN_IN_USED, &fault);
		page_problem(&visit, 400, &fault);
		return;
	}
	if (error != NULL) {
		visit_fail(visit, error);
		return;
	}
	if (visit_link(visit, json_string(reply, "link", "")) != 0) {
		page_problem(&visit, 404, NULL);
		return;
	}
	if (strcmp(json_string(reply, "outcome", ""), "confirmed") != 0) {
		fault_refusal(visit->catalog, json_string(reply, "code", NULL), text, &fault);
		page_problem(&visit, 400, fault_said(&fault) ? &fault : NULL);
		return;
	}
	if (asprintf(&path, "%s/i/%s/done", visit->site->base_path, visit->token) < 0) {
		page_problem(&visit, 503, NULL);
		return;
	}
	visit_redirect(&visit, path);
	free(path);
}

static void get_callback(void *context, struct web_request *request)
{
	static const char *const members[] = {"state", "code", "error", "error_description"};
	struct visit *visit = visit_new(context, request);
	struct json_object *question;

	if (visit == NULL)
		return;
	if (web_request_query(request, "state") == NULL) {
		page_problem(&visit, 400, NULL);
		return;
	}
	question = token_request("callback", NULL);
	for (size_t i = 0; question != NULL && i < sizeof(members) / sizeof(members[0]); i++)
		json_set_string(question, members[i], web_request_query(request, members[i]));
	visit_ask_microsoft(visit, question, came_back);
}

/* --- style, script and logo --- */

static void answer_static(struct visit *visit, const struct buf *file, const char *type)
{
	struct buf body;

	buf_init(&body, file->max);
	buf_append(&body, file->data, file->len);
	web_header(visit->request, "Cache-Control", "public, max-age=300");
	visit_answer(&visit, 200, type, &body);
	buf_free(&body);
}

static void get_style(void *context, struct web_request *request)
{
	struct visit *visit = visit_new(context, request);

	if (visit != NULL)
		answer_static(visit, &visit->site->style, "text/css; charset=utf-8");
}

static void get_script(void *context, struct web_request *request)
{
	struct visit *visit = visit_new(context, request);

	if (visit != NULL)
		answer_static(visit, &visit->site->script, "text/javascript; charset=utf-8");
}

static void get_logo(void *context, struct web_request *request)
{
	struct visit *visit = visit_new(context, request);

	if (visit == NULL)
		return;
	if (visit->site->logo.len == 0) {
		page_problem(&visit, 404, NULL);
		return;
	}
	visit->policy = LOGO_POLICY;
	answer_static(visit, &visit->site->logo, visit->site->logo_type);
}

const struct web_route wizard_routes[] = {
	{"journey", "GET", "/i/*", get_journey},
	{"start", "POST", "/i/*/start", post_start},
	{"start", "GET", "/i/*/start", go_to_journey},
	{"status", "GET", "/i/*/status", get_status},
	{"confirm", "POST", "/i/*/confirm", post_confirm},
	{"confirm", "GET", "/i/*/confirm", go_to_journey},
	{"done", "GET", "/i/*/done", get_journey},
	{"callback", "GET", "/callback", get_callback},
	{"style", "GET", "/static/style.css", get_style},
	{"script", "GET", "/static/wizard.js", get_script},
	{"logo", "GET", "/static/logo", get_logo},
	{NULL, NULL, NULL, NULL},
};

void wizard_problem(void *context, struct web_request *request, unsigned status)
{
	struct visit *visit = visit_new(context, request);

	if (visit != NULL)
		page_problem(&visit, status, NULL);
}
