/*
 * tokend keeps them; here they are listed, and told once more when an operator says so.
 */
#include "undelivered.h"

#include "action.h"
#include "page.h"

#include "base/json.h"
#include "token/protocol.h"

#include <string.h>

static void put_letter(
	const struct visit *visit, struct values *values, struct json_object *letter)
{
	static const struct time_names happened = {"at", "at_exact", "at_ago"};
	static const struct time_names given_up = {
		"given_up_at", "given_up_at_exact", "given_up_at_ago"};

	values_text(values, "letter", json_string(letter, "id", ""));
	values_text(values, "id", json_string(letter, "invitation", ""));
	values_text(values, "text", json_string(letter, "type", ""));
	values_text(values, "reason", json_string(letter, "reason", ""));
	page_time(visit, values, &happened, json_string(letter, "event_at", NULL));
	page_time(visit, values, &given_up, json_string(letter, "given_up_at", NULL));
}

static void show(struct visit *visit, struct json_object *reply, const struct error *error)
{
	const char *done = web_request_query(visit->request, "done");
	struct json_object *letters = json_member(reply, "dead_letters");
	struct values *values;

	if (error != NULL) {
		page_error(&visit, error);
		return;
	}
	values = values_new();
	if (values != NULL) {
		size_t n = json_object_array_length(letters);

		values_word(values, "heading", "undelivered_heading");
		if (done != NULL && strcmp(done, "retry") == 0)
			values_word(values, "notice", "done_retry");
		for (size_t i = 0; i < n; i++)
			put_letter(visit, values_row(values, "letters"),
				json_object_array_get_idx(letters, i));
		values_flag(values, "letters_any", n > 0);
		if (json_flag(reply, "more", false) && n > 0)
			values_text(values, "next",
				json_string(
					json_object_array_get_idx(letters, n - 1), "id", ""));
		values_flag(
			values, "webhook", visit->generation->settings->webhook_url[0] != '\0');
		page_csrf(visit, values);
	}
	page_answer(&visit, 200, "admin_undelivered.html", &values);
}

void get_undelivered(void *context, struct web_request *request)
{
	struct visit *visit = visit_begin(context, request, ROLE_VIEW);
	struct json_object *question = token_request("dead_letters", NULL);

	if (visit == NULL) {
		json_object_put(question);
		return;
	}
	if (question != NULL)
		json_set_string(question, "after", web_request_query(request, "after"));
	visit_ask_tokend(visit, question, IPC_TIMEOUT_MS, show);
}

static void told(struct visit *visit, struct json_object *reply, const struct error *error)
{
	(void)reply;
	if (error != NULL)
		page_error(&visit, error);
	else
		visit_redirect(&visit, "/undelivered?done=retry");
}

/* To tell one twice is what the receiver has to expect anyway: it needs no change id. */
void post_undelivered(void *context, struct web_request *request)
{
	struct visit *visit = visit_begin(context, request, ROLE_OPERATE);
	const char *letter = web_request_field(request, "letter");
	struct json_object *question;

	if (visit == NULL)
		return;
	if (letter == NULL || !page_csrf_good(visit)) {
		page_problem(&visit, 403, "press_again", NULL);
		return;
	}
	question = token_request("dead_letters", NULL);
	if (question != NULL)
		json_set_string(question, "retry", letter);
	visit_ask_tokend(visit, question, IPC_TIMEOUT_MS, told);
}
