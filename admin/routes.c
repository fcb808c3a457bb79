/*
 * The table of routes, and the two files that are for everybody.
 */
#include "routes.h"

#include "action.h"
#include "authentication.h"
#include "detail.h"
#include "export.h"
#include "list.h"
#include "live.h"
#include "monitor.h"
#include "new.h"
#include "overview.h"
#include "page.h"
#include "undelivered.h"

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
	struct visit *visit = visit_begin(context, request, ROLE_NONE);

	if (visit != NULL)
		answer_static(visit, &visit->site->style, "text/css; charset=utf-8");
}

static void get_script(void *context, struct web_request *request)
{
	struct visit *visit = visit_begin(context, request, ROLE_NONE);

	if (visit != NULL)
		answer_static(visit, &visit->site->script, "text/javascript; charset=utf-8");
}

const struct web_route admin_routes[] = {
	{"list", "GET", "/", get_list},
	{"csv", "GET", "/export.csv", get_csv},
	{"json", "GET", "/export.jsonl", get_json},
	{"invitation", "GET", "/invitations/*", get_invitation},
	{"resend", "GET", "/invitations/*/resend", get_action},
	{"resend", "POST", "/invitations/*/resend", post_action},
	{"extend", "GET", "/invitations/*/extend", get_action},
	{"extend", "POST", "/invitations/*/extend", post_action},
	{"validate", "GET", "/invitations/*/validate", get_action},
	{"validate", "POST", "/invitations/*/validate", post_action},
	{"revoke", "GET", "/invitations/*/revoke", get_action},
	{"revoke", "POST", "/invitations/*/revoke", post_action},
	{"new", "GET", "/new", get_new},
	{"new", "POST", "/new", post_new},
	{"undelivered", "GET", "/undelivered", get_undelivered},
	{"undelivered", "POST", "/undelivered", post_undelivered},
	{"overview", "GET", "/overview", get_overview},
	{"authentication", "GET", "/authentication", get_authentication},
	{"live", "GET", "/live", get_live},
	{"healthz", "GET", "/healthz", get_health, .head = true},
	{"metrics", "GET", "/metrics", get_metrics, .head = true},
	{"style", "GET", "/static/admin.css", get_style},
	{"script", "GET", "/static/admin.js", get_script},
	{0},
};

void admin_problem(void *context, struct web_request *request, unsigned status)
{
	struct visit *visit = visit_begin(context, request, ROLE_NONE);

	if (visit != NULL)
		page_problem(&visit, status, NULL, NULL);
}
