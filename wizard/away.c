/*
 * Where a browser is sent is said by tokend (Microsoft's pages) or by the settings (the
 * platform's), never by the request or the record. Until it comes back nothing has happened but
 * that the link was opened.
 */
#include "away.h"

#include "chain.h"
#include "page.h"
#include "platform.h"

#include "base/json.h"
#include "token/protocol.h"

#include <stdlib.h>
#include <string.h>

static void got_url(struct visit *visit, struct json_object *reply, const struct error *error)
{
	const char *url = json_string(reply, "url", "");
	struct error wrong = {ERROR_TEMPORARY, "tokend answered without a URL"};

	if (chain_refused(visit, error))
		return;
	if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
		chain_fail(visit, &wrong);
	else
		visit_redirect(&visit, url);
}

void post_code(void *context, struct web_request *request)
{
	struct visit *visit = chain_begin_post(context, request);

	if (visit != NULL)
		chain_press(visit, "sign_in", got_url);
}

void post_approve(void *context, struct web_request *request)
{
	struct visit *visit = chain_begin_post(context, request);

	if (visit != NULL)
		chain_press(visit, "approve", got_url);
}

void post_confirm(void *context, struct web_request *request)
{
	struct visit *visit = chain_begin_post(context, request);

	if (visit != NULL)
		visit_ask_microsoft(visit, token_request("confirm", visit->token), got_url);
}

static void leave(struct visit *visit, struct json_object *reply, const struct error *error)
{
	const struct settings *settings = visit->generation->settings;
	enum status status;
	char *link;

	if (!chain_opened(visit, reply, error))
		return;
	status = visit_status(visit);
	if (status == STATUS_REVOKED || status == STATUS_EXPIRED ||
		!platform_leads(settings, visit->invitation)) {
		page_journey(&visit, 0, NULL);
		return;
	}
	link = platform_link(settings, visit->invitation);
	if (link == NULL)
		page_problem(&visit, 503, NULL);
	else
		visit_redirect(&visit, link);
	free(link);
}

void post_go(void *context, struct web_request *request)
{
	struct visit *visit = chain_begin_post(context, request);

	if (visit != NULL)
		visit_ask_store(
			visit, chain_event(visit, "link_opened"), IPC_TIMEOUT_MS, leave);
}

/* The reason for a "failed" is on record, and the invitation's page says it, and what is next. */
static void came_back(struct visit *visit, struct json_object *reply, const struct error *error)
{
	const char *outcome = json_string(reply, "outcome", "");
	bool done = strcmp(outcome, "confirmed") == 0 || strcmp(outcome, "signed_in") == 0;
	struct fault used;

	fault_word(PAGE_SIGN_IN_USED, &used);
	if (error != NULL && error->kind == ERROR_NOT_FOUND)
		page_problem(&visit, 400, &used);
	else if (error != NULL)
		chain_fail(visit, error);
	else if (visit_link(visit, json_string(reply, "link", "")) != 0)
		page_problem(&visit, 404, NULL);
	else
		chain_go(visit, done ? "/done" : "");
}

void get_callback(void *context, struct web_request *request)
{
	static const char *const members[] = {
		"state", "code", "admin_consent", "tenant", "error", "error_description"};
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
