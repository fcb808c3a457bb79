/*
 * The table of routes, and those that show something. What sends the browser elsewhere is in
 * away.c.
 */
#include "routes.h"

#include "away.h"
#include "chain.h"
#include "code.h"
#include "page.h"

#include "base/json.h"
#include "store/protocol.h"

#include <stdlib.h>
#include <string.h>

#define LONG_POLL_S	   25
#define LONG_POLL_LIMIT_MS ((LONG_POLL_S + 5) * 1000)

/* An SVG may style itself, and nothing else, also for who opens its address. */
#define LOGO_POLICY "default-src 'none'; style-src 'unsafe-inline'; sandbox"

/* GET /i/TOKEN and /i/TOKEN/done: where the journey stands. */

static void show(struct visit *visit, struct json_object *reply, const struct error *error)
{
	(void)reply;
	if (error != NULL)
		chain_fail(visit, error);
	else
		page_journey(&visit, 0, NULL);
}

static void link_seen(struct visit *visit, struct json_object *reply, const struct error *error)
{
	if (error != NULL && error->kind != ERROR_CONFLICT) {
		chain_fail(visit, error);
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
		chain_fail(visit, error);
		return;
	}
	visit_keep_invitation(visit, reply);
	if (json_member(visit->invitation, "link_seen_at") == NULL)
		visit_ask_store(
			visit, chain_event(visit, "link_seen"), IPC_TIMEOUT_MS, link_seen);
	else
		code_fetch(visit, show);
}

static void get_journey(void *context, struct web_request *request)
{
	struct visit *visit = chain_begin(context, request);

	if (visit != NULL)
		visit_ask_store(visit, chain_get(visit), IPC_TIMEOUT_MS, got_invitation);
}

/* A GET of what takes a POST: a reload, or a link that was copied too long. */
static void go_to_journey(void *context, struct web_request *request)
{
	struct visit *visit = chain_begin(context, request);

	if (visit != NULL)
		chain_go(visit, "");
}

static void show_status(
	struct visit *visit, struct json_object *reply, const struct error *error)
{
	(void)reply;
	if (error != NULL)
		chain_fail(visit, error);
	else
		page_status(&visit);
}

static void got_status(
	struct visit *visit, struct json_object *reply, const struct error *error)
{
	if (error != NULL) {
		chain_fail(visit, error);
		return;
	}
	visit_keep_invitation(visit, reply);
	code_fetch(visit, show_status);
}

static void get_status(void *context, struct web_request *request)
{
	struct visit *visit = chain_begin(context, request);
	const char *since = web_request_query(request, "since");
	struct json_object *question;

	if (visit == NULL)
		return;
	if (since == NULL || since[0] == '\0' || strlen(since) > 18 ||
		since[strspn(since, "0123456789")] != '\0') {
		visit_ask_store(visit, chain_get(visit), IPC_TIMEOUT_MS, got_status);
		return;
	}
	question = store_request("watch");
	if (question != NULL) {
		json_set_string(question, "link", visit->token);
		json_set_int(question, "revision", strtoll(since, NULL, 10));
		json_set_int(question, "timeout", LONG_POLL_S);
	}
	visit->ask.idle = true;
	visit_ask_store(visit, question, LONG_POLL_LIMIT_MS, got_status);
}

static void started(struct visit *visit, struct json_object *reply, const struct error *error)
{
	if (chain_refused(visit, error))
		return;
	code_keep_started(visit, reply);
	chain_show(visit);
}

static void post_start(void *context, struct web_request *request)
{
	struct visit *visit = chain_begin_post(context, request);

	if (visit != NULL)
		chain_press(visit, "start", started);
}

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
	{"code", "POST", "/i/*/code", post_code},
	{"code", "GET", "/i/*/code", go_to_journey},
	{"approve", "POST", "/i/*/approve", post_approve},
	{"approve", "GET", "/i/*/approve", go_to_journey},
	{"go", "POST", "/i/*/go", post_go},
	{"go", "GET", "/i/*/go", go_to_journey},
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

	if (visit == NULL)
		return;
	/* With a link of ours the page leads back to it. */
	visit_link(visit, web_request_parameter(request));
	page_problem(&visit, status, NULL);
}
